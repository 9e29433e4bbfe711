//! The store thread: feeds the store with synced groups, syncs and marks it, mends what readers
//! found, rebuilds it. The only one that writes to the store.

mod rebuild;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::oneshot;

use super::build::Build;
use super::gauge::LOOK_BYTES;
use super::handle::{Alive, Shared};
use super::journal::Item;
use super::record;
use super::store::{Batch, Generations, Mark, MarkFile, Shelf, ShelfError, Staged, entry_key};

/// How often it looks around when nothing comes.
const TICK: Duration = Duration::from_millis(500);
/// How long it sleeps at most while it gathers.
const DOZE: Duration = Duration::from_millis(20);
/// After this part of the time that it may gather for, without anything new, nothing more is waited for.
const QUIET: u32 = 4;
/// What it takes from its queue before it looks around.
const PIECE: usize = 1024;
/// Groups are put in together up to this many bytes: with more of each log at once, the engine has less
/// to do for each entry. Meanwhile the tails keep them.
const GATHER_BYTES: u64 = 4 * 1024 * 1024;

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
    /// Put in what was gathered, without waiting for more.
    PutIn(oneshot::Sender<()>),
    /// Build a fresh generation.
    Rebuild(oneshot::Sender<bool>),
    /// Store what came before, sync, end.
    Close,
}

/// What keeps the store on disk.
pub(super) struct Keeper {
    pub(super) generations: Generations,
    pub(super) generation: u32,
    pub(super) mark_file: MarkFile,
    pub(super) mark_every: Duration,
    pub(super) gather: Duration,
    pub(super) rebuild_after: Duration,
    /// Whether it was in use when its process ended, and then how soon it is to be made anew.
    pub(super) doubt: Option<Duration>,
    /// A replay changed it since its last sync.
    pub(super) replayed: bool,
    /// Up to here the store holds everything.
    pub(super) group: u64,
    pub(super) segment: u32,
}

struct StoreThread {
    shared: Arc<Shared>,
    keeper: Keeper,
    /// Groups that are to be put in together, and since when the first of them waits.
    gathered: Vec<Fed>,
    gathered_bytes: u64,
    gathering: Option<Instant>,
    /// When the latest of them came.
    latest: Instant,
    /// Since when there is something to sync.
    dirty: Option<Instant>,
    /// When it is to be made anew because its process ended while it was in use.
    doubted: Option<SystemTime>,
    /// When it is to be made anew: for that, or because words in old pages must be gone.
    rebuild_at: Option<SystemTime>,
    building: Option<Build>,
    /// When the free space was looked at.
    looked: Instant,
    /// Bytes applied since then.
    unlooked: u64,
}

impl Drop for StoreThread {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!("the store thread panicked; the log takes nothing more");
            self.shared.gauge.give_up_store();
        }
    }
}

pub(super) fn start(
    shared: Arc<Shared>,
    keeper: Keeper,
    feed: Receiver<Feed>,
    alive: Alive,
) -> io::Result<()> {
    let doubt = keeper.doubt;
    let dirty = keeper.replayed.then(Instant::now);
    let mut this = StoreThread {
        shared,
        keeper,
        gathered: Vec::new(),
        gathered_bytes: 0,
        gathering: None,
        latest: Instant::now(),
        dirty,
        doubted: doubt.map(|doubt| SystemTime::now() + doubt),
        rebuild_at: None,
        building: None,
        looked: Instant::now(),
        unlooked: 0,
    };
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
        let mut open = true;
        while open {
            if let Some(left) = self.gathers_for() {
                // Whoever feeds a sleeper need not wake it.
                thread::sleep(left.min(DOZE));
            } else {
                match feed.recv_timeout(TICK) {
                    Ok(fed) => open = self.take(fed),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => open = false,
                }
            }
            for fed in feed.try_iter().take(PIECE) {
                open &= self.take(fed);
            }
            if self.gathers_for().is_some_and(|left| left.is_zero()) {
                self.put_in();
            }
            self.look_around();
        }
        self.put_in();
        if let Some(build) = self.building.take() {
            build.cancel();
            self.adopt(build);
        }
        self.mend();
        self.mark();
        if self.shared.wounds.take_sick() {
            // The next start builds it.
            self.distrust();
        }
    }

    /// How long more may come and go in together with what waits; `None` if nothing does.
    fn gathers_for(&self) -> Option<Duration> {
        let (longest, since) = (self.keeper.gather, self.gathering?);
        let left = longest.saturating_sub(since.elapsed());
        Some(left.min((longest / QUIET).saturating_sub(self.latest.elapsed())))
    }

    fn shelf(&self) -> Arc<dyn Shelf> {
        Arc::clone(&self.shared.shelf.read())
    }

    /// Does what it is told; `false` if that is to end.
    fn take(&mut self, feed: Feed) -> bool {
        match feed {
            Feed::Group(fed) => self.gather(*fed),
            Feed::PutIn(answer) => {
                self.put_in();
                // Whoever asked may have waited long enough.
                let _ = answer.send(());
            }
            Feed::Rebuild(answer) => {
                self.put_in();
                self.build(Some(answer));
            }
            Feed::Close => return false,
        }
        true
    }

    fn gather(&mut self, fed: Fed) {
        if fed.closed_before {
            self.put_in();
            self.mark();
        }
        if self.gathered.is_empty()
            && let Some(item) = fed.items.first()
        {
            self.shared.gauge.storing(item.queued);
        }
        self.latest = Instant::now();
        self.gathering.get_or_insert(self.latest);
        self.gathered_bytes += fed.bytes;
        self.gathered.push(fed);
        if self.gathered_bytes >= GATHER_BYTES || self.keeper.gather.is_zero() {
            self.put_in();
        }
    }

    /// Puts what was gathered into the store.
    fn put_in(&mut self) {
        self.gathering = None;
        let groups = std::mem::take(&mut self.gathered);
        let bytes = std::mem::take(&mut self.gathered_bytes);
        let Some(last) = groups.last() else {
            return;
        };
        self.keeper.group = last.group;
        self.keeper.segment = last.segment;
        if !self.shared.gauge.store_failed()
            && let Err(error) = self.apply(&groups, bytes)
        {
            tracing::error!(%error, "the store failed and is rebuilt from the journal");
            // Nothing new is ordered until it stands again.
            self.shared.gauge.fail_store();
            self.distrust();
            // A build under way began before this; it is as good as a new one.
            if self.building.is_none() {
                self.build(None);
            }
            if let Some(build) = self.building.take() {
                self.adopt(build);
            }
            if self.shared.gauge.store_failed() {
                self.shared.gauge.give_up_store();
            }
        }
        if !self.shared.gauge.store_failed() {
            for item in groups.iter().flat_map(|fed| &fed.items) {
                item.progress.raise_stored(item.seq());
                let erased = item.event.as_ref().and_then(crate::domain::Event::erases);
                if let Some(seq) = erased {
                    self.shared.overlay.remove(&item.record.header.log, seq);
                }
            }
        }
        self.shared.gauge.leave_store(bytes);
    }

    fn apply(&mut self, groups: &[Fed], bytes: u64) -> Result<(), ShelfError> {
        let shelf = self.shelf();
        let mut batch = Batch::new(&*shelf);
        let mut erased = false;
        for item in groups.iter().flat_map(|fed| &fed.items) {
            let mut bytes = Vec::with_capacity(item.len());
            record::put(&mut bytes, &item.record, &item.header);
            let staged = batch.stage(&item.record.header, bytes, item.event.as_ref())?;
            erased |= matches!(staged, Staged::Erased(_));
        }
        batch.commit(groups.last().map(|fed| fed.group))?;
        self.shared.disk.point("after_sled");
        self.dirty.get_or_insert_with(Instant::now);
        self.unlooked += bytes;
        if erased {
            self.plan_rebuild();
        }
        Ok(())
    }

    fn look_around(&mut self) {
        self.mend();
        let keeper = &self.keeper;
        // A busy node fills much of a disk between two ticks.
        if self.looked.elapsed() >= TICK || self.unlooked >= LOOK_BYTES {
            self.looked = Instant::now();
            self.unlooked = 0;
            self.shared.gauge.look_at_space(&*self.shared.disk, keeper.generations.dir());
            if let Some(build) = &self.building
                && self.shared.gauge.is_full()
            {
                // It can wait; who writes cannot.
                build.cancel();
            }
            // One that failed is being made anew, or given up.
            if !self.shared.gauge.store_failed() && self.shelf().tidy().is_err() {
                self.shared.wounds.store_is_sick();
            }
        }
        if self.dirty.is_some_and(|since| since.elapsed() >= keeper.mark_every) {
            self.mark();
        }
        let due = self.rebuild_at.is_some_and(|at| SystemTime::now() >= at);
        let sick = self.shared.wounds.take_sick();
        if sick {
            self.distrust();
        }
        if (due || sick) && self.building.is_none() {
            self.build(None);
        }
        if let Some(build) = self.building.take_if(|build| build.is_finished()) {
            self.adopt(build);
        }
    }

    /// Syncs the store and notes how far it surely is.
    fn mark(&mut self) {
        let shelf = self.shelf();
        let keeper = &mut self.keeper;
        if self.dirty.is_none() || self.shared.gauge.store_failed() {
            return;
        }
        if let Err(error) = shelf.sync() {
            // The old mark stands: a replay brings back whatever did not reach the platter.
            tracing::error!(%error, "the store could not be synced");
            self.shared.gauge.give_up_store();
            return;
        }
        let mark =
            Mark { group: keeper.group, segment: keeper.segment, generation: keeper.generation };
        if let Err(error) = keeper.mark_file.write(mark) {
            // A disk that fails here is not trusted with more.
            tracing::error!(%error, "store.mark could not be written; the next start replays more");
            self.shared.gauge.give_up_store();
            return;
        }
        self.dirty = None;
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
}
