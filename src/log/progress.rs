//! How far a log is safe: one [`Progress`] per log, raised by the journal thread and the store
//! thread, watched by the log's actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::watch;

/// The marks of one log.
#[derive(Debug)]
pub struct Progress {
    synced: watch::Sender<u64>,
    /// The same, for the many who only look: a watch takes a lock to be read.
    seen: AtomicU64,
    stored: AtomicU64,
    failed: AtomicBool,
}

impl Progress {
    /// The marks of a log whose newest entry has this seq; all of it is safe and stored.
    #[must_use]
    pub fn new(head: u64) -> Arc<Self> {
        Arc::new(Self {
            synced: watch::Sender::new(head),
            seen: AtomicU64::new(head),
            stored: AtomicU64::new(head),
            failed: AtomicBool::new(false),
        })
    }

    /// Everything up to this seq is on the platter, and words that it erases are overwritten there.
    #[must_use]
    pub fn synced(&self) -> u64 {
        self.seen.load(Ordering::Acquire)
    }

    /// Follows [`Self::synced`]. Wakes once more when the journal fails: ask [`Self::failed`].
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.synced.subscribe()
    }

    /// The store holds everything up to this seq: a [`super::Reader`] finds it.
    #[must_use]
    pub fn stored(&self) -> u64 {
        self.stored.load(Ordering::Acquire)
    }

    /// The journal failed: `synced` will not rise again in this process.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(super) fn raise_synced(&self, seq: u64) {
        // Before the watch wakes anybody, so that whoever wakes sees it.
        self.seen.fetch_max(seq, Ordering::AcqRel);
        self.synced.send_if_modified(|synced| {
            let higher = seq > *synced;
            *synced = seq.max(*synced);
            higher
        });
    }

    pub(super) fn raise_stored(&self, seq: u64) {
        self.stored.fetch_max(seq, Ordering::AcqRel);
    }

    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
        // Wakes whoever waits for a seq that will not come.
        self.synced.send_modify(|_| {});
    }
}
