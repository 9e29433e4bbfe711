//! The store's part of opening: open it if it can be trusted, else make it anew from the journal.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::super::finding::{Done, Finding, OpenError, Recovery, Where, io};
use super::super::journal::Catalog;
use super::super::mend::store_heads;
use super::super::pour::{PourError, Span, pour};
use super::super::store::{APPLIED, Generations, Left, Mark, Opened, Shelf, ShelfError, number};
use super::super::store_thread::Keeper;

/// What became of opening the store.
pub(super) struct FoundStore {
    /// It answers: records can be taken from it to mend the journal.
    pub(super) source: Option<Arc<dyn Shelf>>,
    /// It is not behind its mark, which is this: it can be used as it is.
    pub(super) usable: Option<Mark>,
    /// Its process ended while it was in use.
    pub(super) in_use: bool,
    /// It cannot be opened because an attempt before left it open: what it holds is out of reach.
    pub(super) is_held: bool,
    /// The newest group it claims to hold.
    pub(super) applied: u64,
    /// The newest group that was surely in the journal once.
    pub(super) marked: u64,
}

pub(super) fn open_store(
    generations: &Generations,
    mark: Option<Mark>,
    recovery: &mut Recovery,
) -> Result<FoundStore, OpenError> {
    let mut found = FoundStore {
        source: None,
        usable: None,
        in_use: false,
        is_held: false,
        applied: 0,
        marked: mark.map_or(0, |mark| mark.group),
    };
    let mut note = |path, what: String| {
        recovery.findings.push(Finding::new(Where::Store(path), what, Done::SetAside));
    };
    let opened = generations.open_current().map_err(io("open", generations.dir()))?;
    let (generation, shelf, left) = match opened {
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
        Opened::Yes { generation, shelf, moved, left } => {
            for (name, why) in moved {
                note(generations.path(generation).join(name), why);
            }
            (generation, shelf, left)
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
    found.in_use = left == Left::InUse;
    if let Left::Broken(why) = left {
        note(path, format!("{why}; it is made anew from the journal"));
    } else if found.applied >= mark.group {
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

/// Brings the store up to the journal, or makes it anew. `None`: one that looked right lacks something. It is
/// not trusted any more, and as the journal was not looked at whole for its sake, opening begins again.
pub(super) fn fill_store(
    store: FoundStore,
    keeper: &mut Keeper,
    catalog: &Catalog,
    journal_is_whole: bool,
    recovery: &mut Recovery,
) -> Result<Option<Arc<dyn Shelf>>, OpenError> {
    let path = keeper.generations.dir().to_path_buf();
    let store_failed = |source: ShelfError| OpenError::Store { path: path.clone(), source };
    let failed = |error: PourError| match error {
        PourError::Store(source) => store_failed(source),
        PourError::Journal(source) => io("read", catalog.dir())(source),
        PourError::Stopped => io("read", catalog.dir())(std::io::Error::other(error)),
    };
    let never = AtomicBool::new(false);
    let generation = keeper.generation;
    if let (Some(mark), Some(shelf)) = (store.usable, &store.source) {
        let span = Span { after: mark.group, upto: keeper.group, claimed: store.applied };
        let what = match pour(&**shelf, catalog, span, None, &never) {
            Ok(poured) => {
                let heads = catalog.heads();
                let held = store_heads(&**shelf, &heads);
                let short = heads.iter().find(|(log, head)| held.get(log) < Some(head));
                match short {
                    None => {
                        recovery.replayed = poured.records;
                        return Ok(store.source);
                    }
                    Some((log, head)) => format!("the store lacks entry {head} of {log}"),
                }
            }
            Err(PourError::Store(error)) => error.to_string(),
            Err(error) => return Err(failed(error)),
        };
        let place = Where::Store(keeper.generations.path(generation));
        recovery.findings.push(Finding::new(place, what, Done::SetAside));
        keeper.generations.distrust(generation).map_err(io("write to", &path))?;
        return Ok(None);
    }
    let replaces = keeper.generations.current().is_some();
    if journal_is_whole && replaces && keeper.generations.has_room(0).is_err() {
        // There is room for one of them, and all of it stands in the journal.
        drop(store.source);
        keeper.generations.abandon(generation);
        keeper.generations.can_begin().map_err(io("make a store in", &path))?;
    }
    let generation = keeper.generations.next().map_err(io("list", &path))?;
    let shelf = keeper.generations.begin(generation).map_err(store_failed)?;
    let span = Span { after: 0, upto: keeper.group, claimed: 0 };
    let poured = pour(&shelf, catalog, span, None, &never).map_err(failed)?;
    shelf.sync().map_err(store_failed)?;
    keeper.generations.point_at(generation).map_err(io("write to", &path))?;
    keeper.generation = generation;
    let mark = Mark { group: keeper.group, segment: keeper.segment, generation };
    keeper.mark_file.write(mark).map_err(io("mark", &path))?;
    recovery.replayed = poured.records;
    recovery.rebuilt = keeper.group > 0;
    Ok(Some(Arc::new(shelf)))
}
