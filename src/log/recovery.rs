//! Opening a log: lock, look at the journal, open or rebuild the store, bring it up to the journal.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::finding::{Done, Finding, OpenError, Recovery, Where, io};
use super::handle::{Options, SMALLEST_SEGMENT};
use super::journal::{
    Catalog, Item, SEGMENT_HEADER, SegmentHeader, Spares, Start, Stored, Writer, erase_at, prepare,
    zero,
};
use super::mend::{Mender, store_heads};
use super::pour::{PourError, Span, pour};
use super::progress::Progress;
use super::record::{View, encode_header};
use super::store::{APPLIED, Generations, Mark, MarkFile, Opened, Shelf, ShelfError, number};
use super::store_thread::Keeper;
use super::survey::{Damage, Survey, survey};
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
    let generations = Generations::new(dir.join("store"), options.cache_bytes);
    for dir in [&journal_dir, generations.dir()] {
        fs::create_dir_all(dir).map_err(io("create", dir))?;
    }
    let lock = lock(dir)?;
    let mut recovery = Recovery::default();
    let mark_path = dir.join("store.mark");
    let (mark_file, mark) =
        MarkFile::open(&*options.disk, &mark_path).map_err(io("open", &mark_path))?;
    let mut store = open_store(&generations, mark, &mut recovery)?;
    let catalog = Arc::new(Catalog::new(Arc::clone(&options.disk), journal_dir.clone()));
    let from = match (care, &store.usable) {
        (Care::Usual, Some(mark)) => mark.segment,
        _ => 0,
    };
    let (start, late, id) = open_journal(&catalog, &store, from, care, options, &mut recovery)
        .map_err(io("mend", &journal_dir))?;
    let size = options.segment_bytes.max(SMALLEST_SEGMENT);
    let mut writer = Spares::start(Arc::clone(&options.disk), journal_dir.clone(), id, size)
        .and_then(|spares| Writer::new(Arc::clone(&catalog), spares, start))
        .map_err(io("write to", &journal_dir))?;
    write_back(&mut writer, late, size).map_err(io("write to", &journal_dir))?;
    let (group, segment) = writer.at();
    let mut keeper = Keeper {
        generation: generations.current().unwrap_or(0),
        generations,
        mark_file,
        mark_every: options.mark_every,
        rebuild_after: options.rebuild_after,
        group,
        segment,
    };
    if care == Care::Thorough {
        store.usable = None;
    }
    let shelf = fill_store(store, &mut keeper, &catalog, &mut recovery)?;
    for finding in &recovery.findings {
        tracing::warn!("{finding}");
    }
    Ok(OpenedLog { shelf, catalog, writer, keeper: Some(keeper), lock, recovery })
}

/// What became of opening the store.
struct FoundStore {
    /// It answers: records can be taken from it to mend the journal.
    source: Option<Arc<dyn Shelf>>,
    /// It is not behind its mark, which is this: it can be used as it is.
    usable: Option<Mark>,
    /// The newest group it claims to hold.
    applied: u64,
    /// The newest group that was surely in the journal once.
    marked: u64,
}

fn open_store(
    generations: &Generations,
    mark: Option<Mark>,
    recovery: &mut Recovery,
) -> Result<FoundStore, OpenError> {
    let mut found = FoundStore {
        source: None,
        usable: None,
        applied: 0,
        marked: mark.map_or(0, |mark| mark.group),
    };
    let mut note = |path, what: String| {
        recovery.findings.push(Finding::new(Where::Store(path), what, Done::SetAside));
    };
    let opened = generations.open_current().map_err(io("open", generations.dir()))?;
    let (generation, shelf) = match opened {
        Opened::None => {
            if found.marked > 0 {
                note(generations.dir().to_path_buf(), "the store is missing".to_owned());
            }
            return Ok(found);
        }
        Opened::No(generation, error) => {
            note(generations.path(generation), error.to_string());
            return Ok(found);
        }
        Opened::Yes(generation, shelf, moved) => {
            for name in moved {
                let path = generations.path(generation).join(name);
                note(path, "it kept the store from opening".to_owned());
            }
            (generation, shelf)
        }
    };
    let path = generations.path(generation);
    match number(&shelf, APPLIED) {
        Ok(applied) => found.applied = applied.unwrap_or(0),
        Err(error) => {
            note(path, error.to_string());
            return Ok(found);
        }
    }
    let none = Mark { generation, ..Mark::default() };
    let mark = mark.filter(|mark| mark.generation == generation).unwrap_or(none);
    if found.applied >= mark.group {
        found.usable = Some(mark);
    } else {
        let what = format!(
            "the store went back to group {} although group {} was synced",
            found.applied, mark.group
        );
        note(path, what);
    }
    found.source = Some(Arc::new(shelf));
    Ok(found)
}

/// Looks at the journal, mends it, and says where writing goes on; with records to write back that
/// found no room in their place, and the journal's id.
fn open_journal(
    catalog: &Catalog,
    store: &FoundStore,
    from: u32,
    care: Care,
    options: &Options,
    recovery: &mut Recovery,
) -> std::io::Result<(Start, Vec<Stored>, [u8; 16])> {
    let disk = &*options.disk;
    let mut found = survey(disk, catalog.dir(), from)?;
    let id = found.journal.unwrap_or_else(fresh_id);
    let stored = store.applied.max(store.marked);
    let mut damage = found.damage();
    if let Some((range, last)) = found.torn(stored)
        && let Some(open) = found.open()
    {
        let segment = &open.segment;
        if stored > last {
            // The store holds groups that are not here: this end was whole once.
            damage.push(Damage {
                segment: segment.number,
                range,
                before: last,
                behind: stored + 1,
            });
        } else {
            zero(&*segment.file, range.start as u64, range.end as u64)?;
            segment.file.sync()?;
            recovery.findings.push(Finding::new(
                Where::File(segment.path.clone(), range.start as u64),
                "an unfinished write",
                Done::TornEndDropped,
            ));
            found = survey(disk, catalog.dir(), from)?;
        }
    }
    let lost = stored > found.last_group() || !found.absent.is_empty();
    let mends = lost || !damage.is_empty() || care == Care::Thorough;
    load(catalog, &found);
    let mut mender = Mender { catalog, source: store.source.as_ref(), recovery };
    for number in &found.absent {
        let path = catalog.dir().join(format!("{number:08}.seg"));
        mender.note(Where::File(path, 0), "the segment is missing", Done::Named);
    }
    let mut changed = mender.headers(&found, id)?;
    let suspects = found.segments.iter().any(|this| !this.suspects.is_empty());
    if suspects {
        mender.words(&found)?;
    }
    let mut late = Vec::new();
    if mends {
        late = mender.groups(&found, &damage)?;
        changed = true;
    }
    changed |= mender.footers(&found, &damage)?;
    if changed {
        found = survey(disk, catalog.dir(), from)?;
        load(catalog, &found);
    }
    if mends || suspects {
        mender.holes(&late)?;
    }
    // Words that a crash kept from being overwritten.
    for (log, seq) in &found.erasures {
        if let Some(place) = catalog.locate(log, *seq)? {
            erase_at(catalog, place)?;
        }
    }
    recovery.tail_lost = store.marked > found.last_group() && store.applied < store.marked;
    let start = start(catalog, &found, stored, id, options)?;
    Ok((start, late, id))
}

fn load(catalog: &Catalog, survey: &Survey) {
    for this in &survey.segments {
        let number = this.segment.number;
        match (&this.places, &this.footer) {
            (None, Some(footer)) => catalog.put_closed(number, footer.clone()),
            (places, _) => catalog.put_open(number, places.clone().unwrap_or_default()),
        }
    }
}

/// A catalog of what a survey found, for looking only.
pub(super) fn catalog_of(survey: &Survey, dir: &Path) -> Catalog {
    let catalog = Catalog::new(Arc::new(super::disk::RealDisk), dir.to_path_buf());
    load(&catalog, survey);
    catalog
}

/// Where writing goes on: in the open segment, or in a fresh one.
fn start(
    catalog: &Catalog,
    survey: &Survey,
    stored: u64,
    id: [u8; 16],
    options: &Options,
) -> std::io::Result<Start> {
    let last_group = survey.last_group();
    let lost = stored.saturating_sub(last_group);
    if let Some(open) = survey.open()
        && let Some(scan) = &open.scan
    {
        return Ok(Start {
            segment: open.segment.clone(),
            end: scan.end as u64,
            last_group,
            first_group: open.first_group.unwrap_or(last_group + 1),
            lost,
        });
    }
    let header = SegmentHeader {
        number: survey.segments.last().map_or(1, |last| last.segment.number + 1),
        journal: id,
        size: options.segment_bytes.max(SMALLEST_SEGMENT),
    };
    // A spare made ahead may stand there; it is made anew rather than trusted.
    let segment = prepare(&*options.disk, catalog.dir(), header)?;
    catalog.put_open(header.number, super::journal::Places::new());
    Ok(Start { segment, end: SEGMENT_HEADER as u64, last_group, first_group: last_group + 1, lost })
}

/// Appends records that the store had and the journal did not.
fn write_back(writer: &mut Writer, late: Vec<Stored>, segment_bytes: u64) -> std::io::Result<()> {
    let most = usize::try_from(segment_bytes / 4).unwrap_or(usize::MAX);
    let mut items = Vec::new();
    let mut bytes = 0;
    for stored in late {
        let Ok(view) = View::read(&stored.bytes) else {
            continue;
        };
        let Some(record) = view.record(view.rest == super::record::Rest::Zeros) else {
            continue;
        };
        bytes += stored.bytes.len();
        items.push(Item {
            header: encode_header(&record.header),
            event: entry::event(&record.header).ok().flatten(),
            record: Arc::new(record),
            progress: Progress::new(0),
            queued: Instant::now(),
        });
        if bytes > most {
            writer.write(&mut items)?;
            items.clear();
            bytes = 0;
        }
    }
    if !items.is_empty() {
        writer.write(&mut items)?;
    }
    Ok(())
}

fn fresh_id() -> [u8; 16] {
    let mut id = [0; 16];
    getrandom::fill(&mut id).expect("the operating system gives random bytes");
    id
}

/// Brings the store up to the journal, or makes it anew.
fn fill_store(
    store: FoundStore,
    keeper: &mut Keeper,
    catalog: &Catalog,
    recovery: &mut Recovery,
) -> Result<Arc<dyn Shelf>, OpenError> {
    let path = keeper.generations.dir().to_path_buf();
    let store_failed = |source: ShelfError| OpenError::Store { path: path.clone(), source };
    let failed = |error: PourError| match error {
        PourError::Store(source) => store_failed(source),
        PourError::Journal(source) => io("read", catalog.dir())(source),
    };
    if let (Some(mark), Some(shelf)) = (store.usable, store.source) {
        let span = Span { after: mark.group, upto: keeper.group, claimed: store.applied };
        let what = match pour(&*shelf, catalog, span) {
            Ok(poured) => {
                let heads = catalog.heads();
                let held = store_heads(&*shelf, &heads);
                let short = heads.iter().find(|(log, head)| held.get(log) < Some(head));
                match short {
                    None => {
                        recovery.replayed = poured.records;
                        return Ok(shelf);
                    }
                    Some((log, head)) => format!("the store lacks entry {head} of {log}"),
                }
            }
            Err(PourError::Store(error)) => error.to_string(),
            Err(error) => return Err(failed(error)),
        };
        let place = Where::Store(keeper.generations.path(keeper.generation));
        recovery.findings.push(Finding::new(place, what, Done::SetAside));
    }
    let generation = keeper.generations.next().map_err(io("list", &path))?;
    let shelf = keeper.generations.open(generation).map_err(store_failed)?;
    let span = Span { after: 0, upto: keeper.group, claimed: 0 };
    let poured = pour(&shelf, catalog, span).map_err(failed)?;
    shelf.sync().map_err(store_failed)?;
    keeper.generations.point_at(generation).map_err(io("write to", &path))?;
    keeper.generation = generation;
    let mark = Mark { group: keeper.group, segment: keeper.segment, generation };
    keeper.mark_file.write(mark).map_err(io("mark", &path))?;
    recovery.replayed = poured.records;
    recovery.rebuilt = keeper.group > 0;
    Ok(Arc::new(shelf))
}
