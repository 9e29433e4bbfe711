//! Opening a log: lock, look at the journal, open or rebuild the store, bring it up to the journal.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use wardroom_protocol::ids::LogName;

use super::disk::Disk;
use super::finding::{Done, Finding, OpenError, Recovery, Where, io};
use super::handle::{Options, SMALLEST_SEGMENT};
use super::journal::{
    Catalog, Footer, SEGMENT_HEADER, SegmentHeader, Spares, Start, Writer, erase_at, list,
    open_segment, places_of, prepare, read_all, scan, zero,
};
use super::pour::{PourError, Span, pour};
use super::record::View;
use super::store::{APPLIED, Generations, Mark, MarkFile, Opened, Shelf, ShelfError, number};
use super::store_thread::Keeper;
use crate::domain::Event;
use crate::entry;

/// A log ready to start.
pub(super) struct OpenedLog {
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) catalog: Arc<Catalog>,
    pub(super) writer: Writer,
    pub(super) keeper: Option<Keeper>,
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

/// What the journal says.
struct Journal {
    start: Start,
    id: [u8; 16],
    /// Words to erase: redactions among the groups looked at.
    erasures: BTreeSet<(LogName, u64)>,
}

pub(super) fn open(dir: &Path, options: &Options) -> Result<OpenedLog, OpenError> {
    let journal_dir = dir.join("journal");
    let generations = Generations::new(dir.join("store"), options.cache_bytes);
    for dir in [&journal_dir, generations.dir()] {
        fs::create_dir_all(dir).map_err(io("create", dir))?;
    }
    let lock = lock(dir)?;
    let disk = &options.disk;
    let mut recovery = Recovery::default();
    let mark_path = dir.join("store.mark");
    let (mark_file, mark) = MarkFile::open(&**disk, &mark_path).map_err(io("open", &mark_path))?;
    let store = open_store(&generations, mark, &mut recovery)?;
    let catalog = Arc::new(Catalog::new(Arc::clone(disk), journal_dir.clone()));
    let from = store.as_ref().map_or(0, |store| store.mark.segment);
    let journal = read_journal(&**disk, &catalog, from, options, &mut recovery)
        .map_err(io("read", &journal_dir))?;
    for (log, seq) in &journal.erasures {
        let place = catalog.locate(log, *seq).map_err(io("read", &journal_dir))?;
        if let Some(place) = place {
            erase_at(&catalog, place).map_err(io("erase words in", &journal_dir))?;
        }
    }
    let last = journal.start.last_group;
    let mut keeper = Keeper {
        generation: store.as_ref().map_or(0, |store| store.mark.generation),
        generations,
        mark_file,
        mark_every: options.mark_every,
        rebuild_after: options.rebuild_after,
        group: last,
        segment: journal.start.segment.number,
    };
    let shelf = fill_store(store, &mut keeper, &catalog, last, &mut recovery)?;
    let spares = Spares::start(
        Arc::clone(disk),
        journal_dir.clone(),
        journal.id,
        options.segment_bytes.max(SMALLEST_SEGMENT),
    );
    let writer = spares
        .and_then(|spares| Writer::new(Arc::clone(&catalog), spares, journal.start))
        .map_err(io("write to", &journal_dir))?;
    for finding in &recovery.findings {
        tracing::warn!("{finding}");
    }
    Ok(OpenedLog { shelf, catalog, writer, keeper: Some(keeper), lock, recovery })
}

/// A store that opened and is not behind its mark.
struct OpenStore {
    shelf: Arc<dyn Shelf>,
    mark: Mark,
    applied: u64,
}

fn open_store(
    generations: &Generations,
    mark: Option<Mark>,
    recovery: &mut Recovery,
) -> Result<Option<OpenStore>, OpenError> {
    let dir = generations.dir();
    let opened = generations.open_current().map_err(io("open", dir))?;
    let (generation, shelf) = match opened {
        Opened::None => return Ok(None),
        Opened::No(generation, error) => {
            recovery.findings.push(Finding::new(
                Where::Store(generations.path(generation)),
                format!("the store does not open ({})", error.why),
                Done::SetAside,
            ));
            return Ok(None);
        }
        Opened::Yes(generation, shelf, moved) => {
            for name in moved {
                recovery.findings.push(Finding::new(
                    Where::Store(generations.path(generation).join(name)),
                    "it kept the store from opening",
                    Done::SetAside,
                ));
            }
            (generation, shelf)
        }
    };
    let applied = number(&shelf, APPLIED);
    let mark = mark
        .filter(|mark| mark.generation == generation)
        .unwrap_or(Mark { generation, ..Mark::default() });
    match applied {
        Ok(applied) if applied.unwrap_or(0) >= mark.group => {
            Ok(Some(OpenStore { shelf: Arc::new(shelf), mark, applied: applied.unwrap_or(0) }))
        }
        rolled_back => {
            let what = match rolled_back {
                Ok(applied) => format!(
                    "the store went back to group {} although group {} was synced",
                    applied.unwrap_or(0),
                    mark.group
                ),
                Err(error) => error.to_string(),
            };
            let place = Where::Store(generations.path(generation));
            recovery.findings.push(Finding::new(place, what, Done::SetAside));
            Ok(None)
        }
    }
}

fn read_journal(
    disk: &dyn Disk,
    catalog: &Catalog,
    from: u32,
    options: &Options,
    recovery: &mut Recovery,
) -> std::io::Result<Journal> {
    let dir = catalog.dir();
    let numbers = list(disk, dir)?;
    let mut id = None;
    let mut erasures = BTreeSet::new();
    let mut last_group = 0;
    let mut start: Option<Start> = None;
    for number in numbers {
        let segment = open_segment(disk, dir, number)?;
        let footer = Footer::read(&*segment.file)?;
        let closed = footer.is_some();
        if let Some(footer) = footer
            && number < from
        {
            last_group = footer.last_group;
            catalog.put_closed(number, footer);
            continue;
        }
        let bytes = read_all(&*segment.file)?;
        let limit = footer_end(&segment, bytes.len())?;
        let found = scan(&bytes, limit, last_group);
        id = id.or(found.header.map(|header| header.journal));
        if found.groups.is_empty() && !closed && start.as_ref().is_some_and(|start| start.end > 0) {
            // A spare behind the open segment.
            continue;
        }
        let first_group = found.groups.first().map_or(last_group + 1, |group| group.number);
        for record in found.groups.iter().flat_map(|group| &group.records) {
            if let Ok(view) = View::read(&bytes[record.offset..record.offset + record.len])
                && let Ok(Some(event)) = entry::event(&view.header)
                && let Some(seq) = Event::erases(&event)
            {
                erasures.insert((view.header.log.clone(), seq));
            }
        }
        last_group = found.groups.last().map_or(last_group, |group| group.last_number());
        if closed {
            if let Some(footer) = Footer::read(&*segment.file)? {
                catalog.put_closed(number, footer);
            }
            continue;
        }
        if let Some(tail) = &found.tail {
            zero(&*segment.file, tail.start as u64, tail.end as u64)?;
            segment.file.sync()?;
            recovery.findings.push(Finding::new(
                Where::File(segment.path.clone(), tail.start as u64),
                "an unfinished write",
                Done::TornEndDropped,
            ));
        }
        catalog.put_open(number, places_of(&bytes, &found.groups));
        start = Some(Start { segment, end: found.end as u64, last_group, first_group });
    }
    let id = match id {
        Some(id) => id,
        None => fresh_id(),
    };
    let start = match start {
        Some(start) => start,
        None => {
            let number = catalog.segments().last().map_or(1, |last| last + 1);
            let header = SegmentHeader {
                number,
                journal: id,
                size: options.segment_bytes.max(SMALLEST_SEGMENT),
            };
            Start {
                segment: prepare(disk, dir, header)?,
                end: SEGMENT_HEADER as u64,
                last_group,
                first_group: last_group + 1,
            }
        }
    };
    Ok(Journal { start, id, erasures })
}

fn footer_end(segment: &super::journal::Segment, len: usize) -> std::io::Result<usize> {
    let footer = Footer::read(&*segment.file)?;
    Ok(footer.and_then(|footer| usize::try_from(footer.groups_end).ok()).unwrap_or(len))
}

fn fresh_id() -> [u8; 16] {
    let mut id = [0; 16];
    getrandom::fill(&mut id).expect("the operating system gives random bytes");
    id
}

/// Brings the store up to the journal, or makes it anew.
fn fill_store(
    store: Option<OpenStore>,
    keeper: &mut Keeper,
    catalog: &Catalog,
    last: u64,
    recovery: &mut Recovery,
) -> Result<Arc<dyn Shelf>, OpenError> {
    let path = keeper.generations.dir().to_path_buf();
    let failed = |error: PourError| match error {
        PourError::Store(source) => OpenError::Store { path: path.clone(), source },
        PourError::Journal(source) => io("read", catalog.dir())(source),
    };
    let store_failed = |source: ShelfError| OpenError::Store { path: path.clone(), source };
    if let Some(store) = store {
        let span = Span { after: store.mark.group, upto: last, claimed: store.applied };
        match pour(&*store.shelf, catalog, span) {
            Ok(poured) => {
                recovery.replayed = poured.records;
                return Ok(store.shelf);
            }
            Err(PourError::Journal(error)) => return Err(failed(PourError::Journal(error))),
            Err(PourError::Store(error)) => recovery.findings.push(Finding::new(
                Where::Store(keeper.generations.path(keeper.generation)),
                error.to_string(),
                Done::SetAside,
            )),
        }
    }
    let generation = keeper.generations.next().map_err(io("list", &path))?;
    let shelf = keeper.generations.open(generation).map_err(store_failed)?;
    let span = Span { after: 0, upto: last, claimed: 0 };
    let poured = pour(&shelf, catalog, span).map_err(failed)?;
    shelf.sync().map_err(store_failed)?;
    keeper.generations.point_at(generation).map_err(io("write to", &path))?;
    keeper.generation = generation;
    let mark = Mark { group: last, segment: keeper.segment, generation };
    keeper.mark_file.write(mark).map_err(io("mark", &path))?;
    recovery.replayed = poured.records;
    recovery.rebuilt = last > 0;
    Ok(Arc::new(shelf))
}
