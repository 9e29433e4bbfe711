//! The store thread: feeds the store with synced groups, syncs and marks it, mends what readers
//! found, rebuilds it. The only one that writes to the store.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;

use super::handle::{Alive, Shared};
use super::journal::Item;
use super::pour::{PourError, Span, pour};
use super::record;
use super::store::{
    Batch, ERASED_SINCE, Generations, Mark, MarkFile, Shelf, ShelfError, Staged, entry_key, number,
};

/// How often it looks around when nothing comes.
const TICK: Duration = Duration::from_millis(500);
/// The store is marked after this many bytes, so that a replay stays short.
const MARK_BYTES: u64 = 16 * 1024 * 1024;

/// One synced group.
pub(super) struct Fed {
    pub(super) group: u64,
    pub(super) segment: u32,
    /// A segment was closed before it.
    pub(super) closed_before: bool,
    pub(super) bytes: u64,
    pub(super) items: Vec<Item>,
}

/// What the thread is told.
pub(super) enum Feed {
    /// Store this.
    Group(Box<Fed>),
    /// Build a fresh generation.
    Rebuild(oneshot::Sender<bool>),
    /// Store what came before, sync, end.
    Close,
}

/// What keeps the store on disk; a store in memory has none.
pub(super) struct Keeper {
    pub(super) generations: Generations,
    pub(super) generation: u32,
    pub(super) mark_file: MarkFile,
    pub(super) mark_every: Duration,
    pub(super) rebuild_after: Duration,
    /// Up to here the store holds everything.
    pub(super) group: u64,
    pub(super) segment: u32,
}

struct StoreThread {
    shared: Arc<Shared>,
    keeper: Option<Keeper>,
    /// Since when there is something to sync, and how much.
    dirty: Option<Instant>,
    dirty_bytes: u64,
    /// When the words in old pages must be gone.
    rebuild_at: Option<SystemTime>,
}

pub(super) fn start(
    shared: Arc<Shared>,
    keeper: Option<Keeper>,
    feed: Receiver<Feed>,
    alive: Alive,
) -> io::Result<()> {
    let mut this = StoreThread { shared, keeper, dirty: None, dirty_bytes: 0, rebuild_at: None };
    thread::Builder::new().name("store".to_owned()).spawn(move || {
        this.run(&feed);
        drop(this);
        drop(alive);
    })?;
    Ok(())
}

impl StoreThread {
    fn run(&mut self, feed: &Receiver<Feed>) {
        self.plan_rebuild();
        loop {
            match feed.recv_timeout(TICK) {
                Ok(Feed::Group(fed)) => self.group(&fed),
                Ok(Feed::Rebuild(answer)) => {
                    let done = self.keeper.is_some() && self.rebuild();
                    let _ = answer.send(done);
                }
                Ok(Feed::Close) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.look_around();
        }
        self.mend();
        self.mark();
    }

    fn shelf(&self) -> Arc<dyn Shelf> {
        Arc::clone(&self.shared.shelf.read())
    }

    fn group(&mut self, fed: &Fed) {
        let gauge = &self.shared.gauge;
        if let Some(item) = fed.items.first() {
            gauge.storing(item.queued);
        }
        if fed.closed_before {
            self.mark();
        }
        if let Some(keeper) = &mut self.keeper {
            keeper.group = fed.group;
            keeper.segment = fed.segment;
        }
        if !self.shared.gauge.store_failed()
            && let Err(error) = self.apply(fed)
        {
            tracing::error!(%error, "the store failed and is rebuilt from the journal");
            // Nothing new is ordered until it stands again.
            self.shared.gauge.fail_store(true);
            let healed = self.rebuild();
            self.shared.gauge.fail_store(!healed);
        }
        if !self.shared.gauge.store_failed() {
            for item in &fed.items {
                item.progress.raise_stored(item.seq());
                let erased = item.event.as_ref().and_then(crate::domain::Event::erases);
                if let Some(seq) = erased {
                    self.shared.overlay.remove(&item.record.header.log, seq);
                }
            }
        }
        self.shared.gauge.leave_store(fed.bytes);
        if self.dirty_bytes >= MARK_BYTES {
            self.mark();
        }
    }

    fn apply(&mut self, fed: &Fed) -> Result<(), ShelfError> {
        let shelf = self.shelf();
        let mut batch = Batch::new(&*shelf);
        let mut erased = false;
        for item in &fed.items {
            let mut bytes = Vec::with_capacity(item.len());
            record::put(&mut bytes, &item.record, &item.header);
            let staged = batch.stage(&item.record.header, bytes, item.event.as_ref())?;
            erased |= matches!(staged, Staged::Erased(_));
        }
        batch.commit(Some(fed.group))?;
        self.shared.disk.point("after_sled");
        self.dirty.get_or_insert_with(Instant::now);
        self.dirty_bytes += fed.bytes;
        if erased {
            self.plan_rebuild();
        }
        Ok(())
    }

    fn look_around(&mut self) {
        self.mend();
        let Some(keeper) = &self.keeper else {
            return;
        };
        if self.dirty.is_some_and(|since| since.elapsed() >= keeper.mark_every) {
            self.mark();
        }
        let due = self.rebuild_at.is_some_and(|at| SystemTime::now() >= at);
        if due || self.shared.wounds.take_sick() {
            self.rebuild();
        }
    }

    /// Syncs the store and notes how far it surely is.
    fn mark(&mut self) {
        let shelf = self.shelf();
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        if self.dirty.is_none() || self.shared.gauge.store_failed() {
            return;
        }
        if let Err(error) = shelf.sync() {
            // The old mark stands: a replay brings back whatever did not reach the platter.
            tracing::error!(%error, "the store could not be synced");
            self.shared.gauge.fail_store(true);
            return;
        }
        let mark =
            Mark { group: keeper.group, segment: keeper.segment, generation: keeper.generation };
        if let Err(error) = keeper.mark_file.write(mark) {
            tracing::error!(%error, "store.mark could not be written; the next start replays more");
            return;
        }
        self.dirty = None;
        self.dirty_bytes = 0;
    }

    /// Rewrites entries that readers found damaged, from the journal.
    fn mend(&mut self) {
        let Some(catalog) = &self.shared.catalog else {
            return;
        };
        let entries = self.shared.wounds.take_entries();
        if entries.is_empty() {
            return;
        }
        let shelf = self.shelf();
        let mut batch = Batch::new(&*shelf);
        for (log, seq) in entries {
            let bytes = match catalog.locate(&log, seq) {
                Ok(Some(place)) => catalog.read(place).ok().flatten(),
                _ => None,
            };
            if let Some(bytes) = bytes {
                tracing::warn!(%log, seq, "an entry was damaged in the store; mended from the journal");
                batch.put(entry_key(&log, seq), bytes);
            }
        }
        if let Err(error) = batch.commit(None) {
            tracing::error!(%error, "the store could not be mended; it is rebuilt from the journal");
            self.shared.wounds.store_is_sick();
        } else {
            self.dirty.get_or_insert_with(Instant::now);
        }
    }

    fn plan_rebuild(&mut self) {
        let Some(keeper) = &self.keeper else {
            return;
        };
        if let Ok(since) = number(&*self.shelf(), ERASED_SINCE) {
            self.rebuild_at =
                since.map(|since| UNIX_EPOCH + Duration::from_secs(since) + keeper.rebuild_after);
        }
    }

    /// Builds a fresh generation from the journal and goes over to it. Readers use the old one until
    /// then.
    fn rebuild(&mut self) -> bool {
        match self.try_rebuild() {
            Ok(()) => {
                self.plan_rebuild();
                true
            }
            Err(error) => {
                tracing::error!(%error, "the store could not be rebuilt; it is tried again");
                // Not at once again: a full disk stays full for a while.
                self.rebuild_at = Some(SystemTime::now() + Duration::from_mins(1));
                false
            }
        }
    }

    fn try_rebuild(&mut self) -> Result<(), PourError> {
        let (Some(keeper), Some(catalog)) = (&mut self.keeper, &self.shared.catalog) else {
            return Ok(());
        };
        let generation = keeper.generations.next()?;
        let fresh = keeper.generations.open(generation)?;
        let span = Span { after: 0, upto: keeper.group, claimed: 0 };
        pour(&fresh, catalog, span)?;
        fresh.sync()?;
        keeper.generations.point_at(generation)?;
        let old = std::mem::replace(&mut *self.shared.shelf.write(), Arc::new(fresh));
        let old_path = keeper.generations.path(keeper.generation);
        keeper.generation = generation;
        self.dirty = Some(Instant::now());
        self.mark();
        drop(old);
        std::fs::remove_dir_all(old_path)?;
        Ok(())
    }
}
