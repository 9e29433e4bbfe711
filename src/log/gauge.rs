//! How the log feels: a few atomics, asked before every ordering.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::telemetry::metric;

use super::disk::Disk;
use super::options::Options;

/// The free space is looked at again after so many bytes, however short the time: a busy node fills much of a
/// disk between two looks by the clock.
pub(super) const LOOK_BYTES: u64 = 1024 * 1024;
/// Bytes that the store comes to write for each byte that waits for it, about: copies of what lies beside it.
const STORE_WRITES: u64 = 2;

/// Whether new entries may be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Yes.
    Ready,
    /// Not now: the store lags behind the journal, the journal's queue is nearly full, or what stands
    /// first in it has waited too long for its sync.
    Lagging,
    /// Not now: the disk is nearly full. What is there is served; writing goes on by itself once
    /// there is room.
    Full,
    /// Not in this process: the journal or the store failed, or the log is closed.
    Failed,
}

/// What failed for good: this process keeps nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A group could not be written or synced. It is not tried again: after a failed sync nobody
    /// knows what is on the platter.
    #[error("the journal could not be written")]
    Journal,
    /// The store could not be synced, or not made anew from the journal.
    #[error("the store could not be kept")]
    Store,
}

/// See the module.
pub(super) struct Gauge {
    born: Instant,
    journal_failed: AtomicBool,
    store_failed: AtomicBool,
    failure: watch::Sender<Option<Failure>>,
    closed: AtomicBool,
    /// The disk has less free than it must.
    full: AtomicBool,
    min_free_bytes: u64,
    /// Bytes that the journal wrote since the free space was looked at.
    unlooked: AtomicU64,
    /// Entries checked in the background, and rounds through all of them.
    scrubbed: AtomicU64,
    rounds: AtomicU64,
    /// Bytes and records that wait for the journal.
    queued: AtomicU64,
    records: AtomicU64,
    /// Bytes that are in the journal and wait for the store.
    behind: AtomicU64,
    /// When the oldest of these was appended: milliseconds since `born` and one; 0 for none.
    oldest: AtomicU64,
    /// The same for the oldest of the group that the journal has in hand.
    unsynced: AtomicU64,
    queue_bytes: u64,
    queue_records: u64,
    lag_bytes: u64,
    lag_age: Duration,
}

impl Gauge {
    pub(super) fn new(options: &Options, queue_records: usize) -> Self {
        Self {
            born: Instant::now(),
            journal_failed: AtomicBool::new(false),
            store_failed: AtomicBool::new(false),
            failure: watch::Sender::new(None),
            closed: AtomicBool::new(false),
            full: AtomicBool::new(false),
            min_free_bytes: options.min_free_bytes,
            unlooked: AtomicU64::new(0),
            scrubbed: AtomicU64::new(0),
            rounds: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            records: AtomicU64::new(0),
            behind: AtomicU64::new(0),
            oldest: AtomicU64::new(0),
            unsynced: AtomicU64::new(0),
            queue_bytes: options.queue_bytes,
            queue_records: queue_records as u64,
            lag_bytes: options.lag_bytes,
            lag_age: options.lag_age,
        }
    }

    pub(super) fn health(&self) -> Health {
        if [&self.journal_failed, &self.store_failed, &self.closed]
            .iter()
            .any(|flag| flag.load(Ordering::Acquire))
        {
            return Health::Failed;
        }
        if self.full.load(Ordering::Acquire) {
            return Health::Full;
        }
        // Room is left for what others order between this question and their append.
        if self.queued.load(Ordering::Acquire) >= self.queue_bytes / 2
            || self.records.load(Ordering::Acquire) >= self.queue_records / 2
            || self.behind.load(Ordering::Acquire) >= self.lag_bytes
            || self.age() >= self.lag_age
            || self.unsynced_for() >= self.lag_age
        {
            return Health::Lagging;
        }
        Health::Ready
    }

    /// What must stay free of the disk.
    pub(super) fn min_free_bytes(&self) -> u64 {
        self.min_free_bytes
    }

    /// The disk had less free than it must when it was looked at last.
    pub(super) fn is_full(&self) -> bool {
        self.full.load(Ordering::Acquire)
    }

    /// The journal wrote so much: now and then it looks at what the disk has free. It must be who writes
    /// that looks, since any other thread may get no turn.
    pub(super) fn wrote(&self, bytes: u64, disk: &dyn Disk, dir: &Path) {
        if self.unlooked.fetch_add(bytes, Ordering::AcqRel) + bytes >= LOOK_BYTES {
            self.look_at_space(disk, dir);
        }
    }

    /// Measures what the disk has free, less what the store is still to write. Once it was too little, an
    /// eighth more is asked for, so that the answer does not flicker.
    pub(super) fn look_at_space(&self, disk: &dyn Disk, dir: &Path) {
        self.unlooked.store(0, Ordering::Release);
        // A disk that does not say how full it is will say so when it is written to.
        let Ok(free) = disk.free(dir) else {
            return;
        };
        metrics::gauge!(metric::DISK_FREE).set(amount(free));
        let owed = self.behind.load(Ordering::Acquire).saturating_mul(STORE_WRITES);
        let least = self.min_free_bytes;
        let before = self.full.load(Ordering::Acquire);
        let wanted = if before { least.saturating_add(least / 8) } else { least };
        let full = least > 0 && free < wanted.saturating_add(owed);
        // The store's thread looks as well, and only one of the two tells.
        let before = self.full.swap(full, Ordering::AcqRel);
        if full && !before {
            tracing::error!(
                free,
                least,
                owed,
                "the disk is nearly full: nothing new is taken until there is room (log.min_free_mib)"
            );
        } else if before && !full {
            tracing::info!(free, "the disk has room again: writing goes on");
        }
    }

    pub(super) fn count_scrubbed(&self, entries: usize, round: bool) {
        metrics::counter!(metric::SCRUBBED).increment(entries as u64);
        self.scrubbed.fetch_add(entries as u64, Ordering::AcqRel);
        self.rounds.fetch_add(u64::from(round), Ordering::AcqRel);
    }

    pub(super) fn scrubbed(&self) -> (u64, u64) {
        (self.scrubbed.load(Ordering::Acquire), self.rounds.load(Ordering::Acquire))
    }

    fn since(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.born).as_millis()).unwrap_or(u64::MAX)
    }

    /// How long the oldest entry has waited for the store.
    pub(super) fn age(&self) -> Duration {
        self.age_of(&self.oldest)
    }

    /// How long the oldest entry has waited for its sync, or keeps others waiting for theirs.
    pub(super) fn unsynced_for(&self) -> Duration {
        self.age_of(&self.unsynced)
    }

    fn age_of(&self, mark: &AtomicU64) -> Duration {
        match mark.load(Ordering::Acquire) {
            0 => Duration::ZERO,
            at => Duration::from_millis(self.since(Instant::now()).saturating_sub(at - 1)),
        }
    }

    /// The journal takes a group in hand, whose oldest record was appended then.
    pub(super) fn begin_group(&self, queued: Instant) {
        self.unsynced.store(self.since(queued) + 1, Ordering::Release);
    }

    /// It is synced and the store's thread has it, or it failed.
    pub(super) fn end_group(&self) {
        self.unsynced.store(0, Ordering::Release);
    }

    /// Takes room in the journal's queue; `false` if there is none.
    pub(super) fn enter_queue(&self, bytes: u64) -> bool {
        let before = self.queued.fetch_add(bytes, Ordering::AcqRel);
        let records = self.records.fetch_add(1, Ordering::AcqRel);
        let fits = before + bytes <= self.queue_bytes && records < self.queue_records;
        if !fits {
            self.leave_queue(1, bytes);
        }
        fits
    }

    pub(super) fn leave_queue(&self, records: usize, bytes: u64) {
        self.records.fetch_sub(records as u64, Ordering::AcqRel);
        self.queued.fetch_sub(bytes, Ordering::AcqRel);
    }

    pub(super) fn enter_store(&self, bytes: u64, queued: Instant) {
        metrics::gauge!(metric::STORE_LAG).increment(amount(bytes));
        if self.behind.fetch_add(bytes, Ordering::AcqRel) == 0 {
            self.oldest.store(self.since(queued) + 1, Ordering::Release);
        }
    }

    /// The store thread begins with what was appended then.
    pub(super) fn storing(&self, queued: Instant) {
        self.oldest.store(self.since(queued) + 1, Ordering::Release);
    }

    pub(super) fn leave_store(&self, bytes: u64) {
        metrics::gauge!(metric::STORE_LAG).decrement(amount(bytes));
        if self.behind.fetch_sub(bytes, Ordering::AcqRel) == bytes {
            self.oldest.store(0, Ordering::Release);
        }
    }

    pub(super) fn fail_journal(&self) {
        self.give_up(Failure::Journal);
        self.journal_failed.store(true, Ordering::Release);
    }

    /// Told once; the first one stands.
    fn give_up(&self, failure: Failure) {
        self.failure.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert(failure);
            first
        });
    }

    pub(super) fn failure(&self) -> watch::Receiver<Option<Failure>> {
        self.failure.subscribe()
    }

    pub(super) fn journal_failed(&self) -> bool {
        self.journal_failed.load(Ordering::Acquire)
    }

    /// The store has failed; it may be made anew.
    pub(super) fn fail_store(&self) {
        self.store_failed.store(true, Ordering::Release);
    }

    /// The store has failed and stays so.
    pub(super) fn give_up_store(&self) {
        self.give_up(Failure::Store);
        self.fail_store();
    }

    /// The store was made anew, unless it was given up before.
    pub(super) fn restore_store(&self) {
        let given_up = self.failure.borrow().is_some();
        self.store_failed.store(given_up, Ordering::Release);
    }

    pub(super) fn store_failed(&self) -> bool {
        self.store_failed.load(Ordering::Acquire)
    }

    /// `true` the first time.
    pub(super) fn close(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

/// Bytes as a gauge takes them; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a gauge of bytes needs no more than 53 bits")]
fn amount(bytes: u64) -> f64 {
    bytes as f64
}
