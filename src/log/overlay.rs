//! Entries whose words are erased in the journal and not yet in the store: readers ask here first.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;
use wardroom_protocol::ids::LogName;

/// See the module. Small: it holds only what the store thread has in its queue.
#[derive(Default)]
pub(super) struct Overlay {
    erased: RwLock<HashMap<LogName, BTreeSet<u64>>>,
    count: AtomicUsize,
}

impl Overlay {
    pub(super) fn add(&self, log: &LogName, seq: u64) {
        if self.erased.write().entry(log.clone()).or_default().insert(seq) {
            self.count.fetch_add(1, Ordering::Release);
        }
    }

    pub(super) fn remove(&self, log: &LogName, seq: u64) {
        let mut erased = self.erased.write();
        if let Some(seqs) = erased.get_mut(log)
            && seqs.remove(&seq)
        {
            self.count.fetch_sub(1, Ordering::Release);
            if seqs.is_empty() {
                erased.remove(log);
            }
        }
    }

    pub(super) fn holds(&self, log: &LogName, seq: u64) -> bool {
        self.count.load(Ordering::Acquire) > 0
            && self.erased.read().get(log).is_some_and(|seqs| seqs.contains(&seq))
    }
}
