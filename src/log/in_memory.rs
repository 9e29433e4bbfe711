//! A log in memory: nothing is synced, so what is handed over is safe at once, on the caller's task.
//!
//! The threads of a log on disk would add three changes of thread to each entry and keep nothing safer.
//! Two callers never hand over entries of one log at once: a log has one actor.

use std::sync::Arc;

use super::handle::Shared;
use super::journal::Item;
use super::record;
use super::store::{Batch, ShelfError};
use crate::entry;
use crate::telemetry::metric;

impl Shared {
    /// Keeps entries and raises the marks of their logs.
    pub(super) fn keep_in_memory(&self, mut items: Vec<Item>) {
        let bytes = items.iter().map(Item::len).sum::<usize>() as u64;
        self.gauge.leave_queue(items.len(), bytes);
        if let Err(error) = self.put_in_memory(&mut items) {
            tracing::error!(%error, "the log in memory failed; it takes nothing more");
            self.gauge.fail_journal();
            for item in &items {
                item.progress.fail();
            }
            return;
        }
        metrics::counter!(metric::ENTRIES).increment(items.len() as u64);
        for item in &items {
            item.progress.raise_stored(item.seq());
        }
        // One wake for each log, with all of its entries there.
        for (at, item) in items.iter().enumerate() {
            let next = items.get(at + 1);
            if next.is_none_or(|next| !Arc::ptr_eq(&next.progress, &item.progress)) {
                item.progress.raise_synced(item.seq());
            }
        }
    }

    fn put_in_memory(&self, items: &mut [Item]) -> Result<(), ShelfError> {
        let shelf = Arc::clone(&self.shelf.read());
        let mut batch = Batch::new(&*shelf);
        for item in items {
            if item.event.is_none() {
                item.event = entry::event(&item.record.header).ok().flatten();
            }
            let mut bytes = Vec::with_capacity(item.len());
            record::put(&mut bytes, &item.record, &item.header);
            batch.stage(&item.record.header, bytes, item.event.as_ref())?;
        }
        batch.commit(None)
    }
}
