//! The in-memory twin: for `serve --ephemeral` and for models.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use parking_lot::RwLock;

use super::block::stem;
use super::puts::Puts;
use super::shelf::{Shelf, ShelfError, Visitor};

/// The keys of one stem, without it.
type OfStem = BTreeMap<Vec<u8>, Bytes>;

/// Lives and dies with the process. Keys lie by [stem], so that a busy log's are found among its own.
#[derive(Default)]
pub(in crate::log) struct MemoryShelf(RwLock<BTreeMap<Vec<u8>, OfStem>>);

impl Shelf for MemoryShelf {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ShelfError> {
        let stem = stem(key);
        let map = self.0.read();
        Ok(map.get(stem).and_then(|keys| keys.get(&key[stem.len()..])).cloned())
    }

    fn visit(
        &self,
        from: &[u8],
        to: &[u8],
        backward: bool,
        visitor: Visitor<'_>,
    ) -> Result<(), ShelfError> {
        if from >= to {
            return Ok(());
        }
        let map = self.0.read();
        let mut whole = Vec::new();
        let mut show_stem = |(stem, keys): (&Vec<u8>, &OfStem)| {
            whole.clear();
            whole.extend_from_slice(stem);
            let mut show = |(suffix, value): (&Vec<u8>, &Bytes)| {
                whole.truncate(stem.len());
                whole.extend_from_slice(suffix);
                visitor(&whole, value)
            };
            let begin = from.strip_prefix(&stem[..]).map_or(Bound::Unbounded, Bound::Included);
            let end = to.strip_prefix(&stem[..]).map_or(Bound::Unbounded, Bound::Excluded);
            let mut range = keys.range::<[u8], _>((begin, end));
            if backward {
                range.rev().try_for_each(&mut show)
            } else {
                range.try_for_each(&mut show)
            }
        };
        // A stem that `to` begins with may hold keys below it.
        let (first, last) = (Bound::Included(stem(from)), Bound::Excluded(to));
        let mut stems = map.range::<[u8], _>((first, last));
        let _ = if backward {
            stems.rev().try_for_each(&mut show_stem)
        } else {
            stems.try_for_each(&mut show_stem)
        };
        Ok(())
    }

    fn apply(&self, puts: Puts) -> Result<(), ShelfError> {
        let mut map = self.0.write();
        for (stem, pairs) in puts.into_stems() {
            let len = stem.len();
            map.entry(stem).or_default().extend(
                pairs.into_iter().map(|(mut key, value)| (key.split_off(len), value.into())),
            );
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), ShelfError> {
        Ok(())
    }

    fn tidy(&self) -> Result<(), ShelfError> {
        Ok(())
    }
}
