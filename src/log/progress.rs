//! How far a log is safe: one [`Progress`] per log, raised by the journal thread and the store
//! thread, awaited by the log's pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// The marks of one log.
#[derive(Debug)]
pub struct Progress {
    synced: AtomicU64,
    stored: AtomicU64,
    failed: AtomicBool,
    /// Wakes the log's pass. One waiter, so one permit is enough; a watch channel costs several times
    /// as much for each entry.
    risen: Notify,
}

impl Progress {
    /// The marks of a log whose newest entry has this seq; all of it is safe and stored.
    #[must_use]
    pub fn new(head: u64) -> Arc<Self> {
        Arc::new(Self {
            synced: AtomicU64::new(head),
            stored: AtomicU64::new(head),
            failed: AtomicBool::new(false),
            risen: Notify::new(),
        })
    }

    /// Everything up to this seq is on the platter, and words that it erases are overwritten there.
    #[must_use]
    pub fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    /// Returns once [`Self::synced`] has risen since the last call, the journal has failed (ask
    /// [`Self::failed`]), or somebody [poked](Self::poke). For one waiter: the log's pass.
    pub async fn risen(&self) {
        self.risen.notified().await;
    }

    /// Has whoever waits look around.
    pub fn poke(&self) {
        self.risen.notify_one();
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

    pub(crate) fn raise_synced(&self, seq: u64) {
        if self.synced.fetch_max(seq, Ordering::AcqRel) < seq {
            self.poke();
        }
    }

    pub(crate) fn raise_stored(&self, seq: u64) {
        self.stored.fetch_max(seq, Ordering::AcqRel);
    }

    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Release);
        // Wakes whoever waits for a seq that will not come.
        self.poke();
    }
}
