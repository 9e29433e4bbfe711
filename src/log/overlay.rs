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

    /// Begins a reading of a log: to be called before the store is asked.
    pub(super) fn watch<'a>(&'a self, log: &'a LogName) -> Watch<'a> {
        Watch { overlay: self, log, before: self.of(log) }
    }

    fn of(&self, log: &LogName) -> BTreeSet<u64> {
        if self.count.load(Ordering::Acquire) == 0 {
            return BTreeSet::new();
        }
        self.erased.read().get(log).cloned().unwrap_or_default()
    }

    fn holds(&self, log: &LogName, seq: u64) -> bool {
        self.count.load(Ordering::Acquire) > 0
            && self.erased.read().get(log).is_some_and(|seqs| seqs.contains(&seq))
    }
}

/// What is being erased in a log while it is read. An erasure is put in before it is revealed and taken out
/// after the store has it. So of bytes that were copied out of the store, those that an erasure revealed
/// before the reading began has made untrue were named before the copying, or are now.
pub(super) struct Watch<'a> {
    overlay: &'a Overlay,
    pub(super) log: &'a LogName,
    before: BTreeSet<u64>,
}

impl Watch<'_> {
    /// Whether the words of this entry are erased, whatever the store had.
    pub(super) fn erases(&self, seq: u64) -> bool {
        self.before.contains(&seq) || self.overlay.holds(self.log, seq)
    }
}

#[cfg(test)]
mod tests;
