//! How a log is kept: every size and time of it, with its default.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::disk::{Disk, RealDisk};

/// Smallest segment: it must hold the largest record with everything around it.
pub(super) const SMALLEST_SEGMENT: u64 = 256 * 1024;

/// How a log is kept.
#[derive(Clone)]
pub struct Options {
    /// Bytes of a journal segment; at least 256 KiB. Default 64 MiB.
    pub segment_bytes: u64,
    /// Bytes that sled may cache. Default 64 MiB.
    pub cache_bytes: u64,
    /// After words were erased, the store is rebuilt within this time, since sled keeps old pages.
    /// Default 24 hours.
    pub rebuild_after: Duration,
    /// A store that was in use when its process ended is made anew this long after the start: whether
    /// its engine lost something without a word cannot be seen. Default 1 minute.
    pub doubt: Duration,
    /// The store is synced and marked this long after it changed, at the latest. Default 30 s.
    pub mark_every: Duration,
    /// Entries wait this long at most for others that go into the store with them, and a quarter of it
    /// when none comes; the longer, the less each costs. Safe they are before, in the journal.
    /// Default 1 s.
    pub gather: Duration,
    /// Bytes of records that may wait for the journal. When full, `append` refuses. Default 32 MiB.
    pub queue_bytes: u64,
    /// Bytes that the store may lag before [`Health::Lagging`]. Default 64 MiB.
    pub lag_bytes: u64,
    /// Time that the store may lag before [`Health::Lagging`]. Default 5 s.
    pub lag_age: Duration,
    /// A folder, on another disk perhaps, that closed segments are moved to. Default: none, they stay.
    pub archive: Option<PathBuf>,
    /// With an archive: this many closed segments stay. Default 4.
    pub keep_segments: usize,
    /// Entries of the store that are checked in a second; 0 for none. Default 200.
    pub scrub_entries: usize,
    /// How often the caretaker has its turn. Default 1 s.
    pub care_every: Duration,
    /// While the disk has fewer free bytes, the log is [`Health::Full`]. Default 256 MiB.
    pub min_free_bytes: u64,
    /// The file calls of the journal; another one only in tests.
    pub disk: Arc<dyn Disk>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            cache_bytes: 64 * 1024 * 1024,
            rebuild_after: Duration::from_hours(24),
            doubt: Duration::from_mins(1),
            mark_every: Duration::from_secs(30),
            gather: Duration::from_secs(1),
            queue_bytes: 32 * 1024 * 1024,
            lag_bytes: 64 * 1024 * 1024,
            lag_age: Duration::from_secs(5),
            archive: None,
            keep_segments: 4,
            scrub_entries: 200,
            care_every: Duration::from_secs(1),
            min_free_bytes: 256 * 1024 * 1024,
            disk: Arc::new(RealDisk),
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("segment_bytes", &self.segment_bytes)
            .field("cache_bytes", &self.cache_bytes)
            .field("rebuild_after", &self.rebuild_after)
            .finish_non_exhaustive()
    }
}
