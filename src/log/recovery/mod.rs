//! Opening a log: lock, look at the journal, open or rebuild the store, bring it up to the journal.

mod journal;
mod store;

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::Arc;

pub(super) use journal::catalog_of;
use journal::{open_journal, write_back};
use store::{fill_store, open_store};

use super::finding::{OpenError, Recovery, io};
use super::floors::FloorFile;
use super::journal::{Catalog, Spares, Writer};
use super::options::{Options, SMALLEST_SEGMENT};
use super::store::{Generations, MarkFile, Shelf};
use super::store_thread::Keeper;

/// A log ready to start.
pub(super) struct OpenedLog {
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) catalog: Arc<Catalog>,
    pub(super) writer: Writer,
    pub(super) keeper: Keeper,
    pub(super) lock: File,
    pub(super) recovery: Recovery,
}

/// Takes the directory's lock.
pub(super) fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join("LOCK");
    let file = File::create(&path).map_err(io("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(dir.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(io("lock", &path)(error)),
    }
}

/// How closely the journal is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// What the store may lack, and whatever turns out damaged.
    Usual,
    /// Everything; and the store is built anew.
    Thorough,
}

pub(super) fn open(dir: &Path, options: &Options, care: Care) -> Result<OpenedLog, OpenError> {
    let journal_dir = dir.join("journal");
    let generations = Generations::new(dir.join("store"), options.cache_bytes, &options.disk);
    for dir in [&journal_dir, generations.dir()] {
        fs::create_dir_all(dir).map_err(io("create", dir))?;
    }
    let lock = lock(dir)?;
    let mut recovery = Recovery::default();
    let mut trusted = true;
    let opened = loop {
        if let Some(opened) = attempt(dir, &generations, options, care, trusted, &mut recovery)? {
            break opened;
        }
        trusted = false;
    };
    let (shelf, catalog, writer, keeper) = opened;
    // What the old ones held is in the new one; their pages may hold words that were erased since.
    let lost = recovery.tail_lost || !recovery.holes.is_empty();
    if recovery.rebuilt && care == Care::Usual && !lost {
        for old in keeper.generations.others().map_err(io("list", keeper.generations.dir()))? {
            fs::remove_dir_all(&old).map_err(io("remove", &old))?;
        }
    }
    for finding in &recovery.findings {
        tracing::warn!("{finding}");
    }
    Ok(OpenedLog { shelf, catalog, writer, keeper, lock, recovery })
}

/// `None`: see [`fill_store`]. Once more then, and the store is not `trusted`.
#[expect(clippy::type_complexity, reason = "the parts of an opened log, taken apart at once")]
fn attempt(
    dir: &Path,
    generations: &Generations,
    options: &Options,
    care: Care,
    trusted: bool,
    recovery: &mut Recovery,
) -> Result<Option<(Arc<dyn Shelf>, Arc<Catalog>, Writer, Keeper)>, OpenError> {
    let journal_dir = dir.join("journal");
    let mut floor = FloorFile::open(&options.disk, dir, recovery);
    let mark_path = dir.join("store.mark");
    let (mark_file, mark) =
        MarkFile::open(&*options.disk, &mark_path).map_err(io("open", &mark_path))?;
    generations.remove_unfinished().map_err(io("tidy", generations.dir()))?;
    // What an interrupted `verify` left: it holds what the store held then.
    let looking = generations.looking();
    if looking.is_dir() {
        fs::remove_dir_all(&looking).map_err(io("remove", &looking))?;
    }
    let mut store = open_store(generations, mark, recovery)?;
    if !trusted {
        store.usable = None;
        store.is_held = store.source.is_none();
    }
    let catalog = Arc::new(Catalog::new(Arc::clone(&options.disk), journal_dir.clone()));
    let from = match (care, &store.usable) {
        (Care::Usual, Some(mark)) => mark.segment,
        _ => 0,
    };
    let found = open_journal(&catalog, &store, from, care, options, &mut floor, recovery)
        .map_err(io("mend", &journal_dir))?;
    let size = options.segment_bytes.max(SMALLEST_SEGMENT);
    let mut writer = Spares::start(Arc::clone(&options.disk), journal_dir.clone(), found.id, size)
        .and_then(|spares| Writer::new(Arc::clone(&catalog), spares, found.start))
        .map_err(io("write to", &journal_dir))?;
    write_back(&mut writer, found.late, &found.erasures, size)
        .map_err(io("write to", &journal_dir))?;
    // Before the store is brought up to this and its mark lowered: that mark may be all that shows a loss.
    floor.settle(recovery, &catalog).map_err(io("write", floor.path()))?;
    let (group, segment) = writer.at();
    let mut keeper = Keeper {
        generation: generations.current().unwrap_or(0),
        generations: generations.clone(),
        mark_file,
        mark_every: options.mark_every,
        gather: options.gather,
        rebuild_after: options.rebuild_after,
        doubt: store.in_use.then_some(options.doubt),
        replayed: false,
        group,
        segment,
    };
    if care == Care::Thorough {
        store.usable = None;
    }
    let Some(shelf) = fill_store(store, &mut keeper, &catalog, found.whole, recovery)? else {
        return Ok(None);
    };
    keeper.replayed = recovery.replayed > 0;
    if recovery.rebuilt {
        keeper.doubt = None;
    }
    Ok(Some((shelf, catalog, writer, keeper)))
}
