//! The in-memory twin: for `serve --ephemeral` and for models.

use std::collections::BTreeMap;

use bytes::Bytes;
use parking_lot::RwLock;

use super::shelf::{Shelf, ShelfError, Visitor};

/// Lives and dies with the process.
#[derive(Default)]
pub(in crate::log) struct MemoryShelf(RwLock<BTreeMap<Vec<u8>, Bytes>>);

impl Shelf for MemoryShelf {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ShelfError> {
        Ok(self.0.read().get(key).cloned())
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
        let range = map.range(from.to_vec()..to.to_vec());
        let mut show = |(key, value): (&Vec<u8>, &Bytes)| visitor(key, value);
        let _ = if backward {
            range.rev().try_for_each(&mut show)
        } else {
            range.into_iter().try_for_each(&mut show)
        };
        Ok(())
    }

    fn apply(&self, puts: BTreeMap<Vec<u8>, Vec<u8>>) -> Result<(), ShelfError> {
        let puts = puts.into_iter().map(|(key, value)| (key, value.into()));
        self.0.write().extend(puts);
        Ok(())
    }

    fn sync(&self) -> Result<(), ShelfError> {
        Ok(())
    }
}
