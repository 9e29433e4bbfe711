//! Erasures in a segment that is being copied elsewhere. Whoever erases waits for no copy: it is done in the
//! segment and noted here, and whoever copies does it again in the copy, before the segment's name stands for
//! that.

use std::io;
use std::ops::Range;

use super::super::disk::DiskFile;
use super::catalog::Catalog;
use super::segment::{SegmentName, zero};

/// What was overwritten in a segment since its copy was begun, and not yet in the copy. At most once each of
/// its records.
pub(in crate::log) struct Erasures {
    segment: SegmentName,
    ranges: Vec<Range<u64>>,
}

impl Erasures {
    /// Notes bytes that are about to be overwritten.
    pub(super) fn note(&mut self, segment: SegmentName, range: Range<u64>) {
        if segment == self.segment {
            self.ranges.push(range);
        }
    }
}

/// A copy under way. One at a time; dropping it ends it.
pub(in crate::log) struct Copying<'a>(&'a Catalog);

impl<'a> Copying<'a> {
    /// From now on erasures in this segment are noted.
    pub(in crate::log) fn begin(catalog: &'a Catalog, segment: SegmentName) -> Self {
        *catalog.hold_still() = Some(Erasures { segment, ranges: Vec::new() });
        Self(catalog)
    }

    /// Does in the copy what was erased since this was last called, and syncs it. Says whether there was any.
    pub(in crate::log) fn erase_again(&self, copy: &dyn DiskFile) -> io::Result<bool> {
        let noted = |erasures: &mut Erasures| std::mem::take(&mut erasures.ranges);
        let ranges = self.0.hold_still().as_mut().map(noted).unwrap_or_default();
        for range in &ranges {
            zero(copy, range.start, range.end)?;
        }
        if !ranges.is_empty() {
            copy.sync()?;
        }
        Ok(!ranges.is_empty())
    }

    /// Has the copy take the segment's place, while nobody erases: `false`, and nothing was done, if the copy
    /// lacks an erasure.
    pub(in crate::log) fn replace(
        &self,
        link: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<bool> {
        let still = self.0.hold_still();
        if still.as_ref().is_some_and(|erasures| !erasures.ranges.is_empty()) {
            return Ok(false);
        }
        link()?;
        Ok(true)
    }
}

impl Drop for Copying<'_> {
    fn drop(&mut self) {
        *self.0.hold_still() = None;
    }
}
