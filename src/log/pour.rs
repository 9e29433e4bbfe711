//! Pouring the journal into a store: replay at boot, and every rebuild.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use wardroom_protocol::ids::LogName;

use super::journal::{Catalog, Footer, GroupAt, Scan, read_all, scan};
use super::record::{Rest, View};
use super::store::{Batch, Shelf, ShelfError, chunk, end_of, entry_key, log_of, log_prefix};
use crate::entry;

/// What is poured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Groups above this one …
    pub(super) after: u64,
    /// … up to this one.
    pub(super) upto: u64,
    /// Up to this group the store claims to hold everything: only what differs is written.
    pub(super) claimed: u64,
}

/// Groups are put in together up to this many bytes: fewer, larger batches cost sled less.
const BATCH_BYTES: usize = 512 * 1024;
/// Entries that are looked at together.
const PIECE: usize = 512;

/// Why it stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum PourError {
    /// The store.
    #[error(transparent)]
    Store(#[from] ShelfError),
    /// It was told to.
    #[error("it was stopped")]
    Stopped,
    /// The journal.
    #[error("the journal could not be read: {0}")]
    Journal(#[from] io::Error),
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Poured {
    /// Records that the store lacked.
    pub(super) records: u64,
    /// The journal is damaged in what was read of it: another store may hold more.
    pub(super) damaged: bool,
}

/// Pours groups into a store. Syncs never: the caller does.
///
/// Words that the journal holds no longer whole are taken from the store itself, or from `other`.
/// Stops before the next group once `stop` is set, with an error.
pub(super) fn pour(
    shelf: &dyn Shelf,
    catalog: &Catalog,
    span: Span,
    other: Option<&dyn Shelf>,
    stop: &AtomicBool,
) -> Result<Poured, PourError> {
    let mut poured = Poured::default();
    if span.after >= span.upto {
        return Ok(poured);
    }
    let mut before = 0;
    let mut order = Order::default();
    let mut batch = Batch::new(shelf);
    let mut records = 0;
    for number in catalog.segments() {
        let file = catalog.open(number)?.file;
        let footer = Footer::read(&*file)?;
        if let Some(footer) = &footer
            && footer.last_group <= span.after
        {
            before = footer.last_group;
            order.pass(footer);
            continue;
        }
        let bytes = read_all(&*file)?;
        let limit = footer.as_ref().and_then(|footer| usize::try_from(footer.groups_end).ok());
        let found = scan(&bytes, limit.unwrap_or(bytes.len()), before);
        poured.damaged |= is_damaged(&found, before, footer.as_ref(), span.upto);
        for group in &found.groups {
            if group.number > span.upto {
                break;
            }
            let is_asked = group.last_number() > span.after;
            if stop.load(Ordering::Acquire) {
                return Err(PourError::Stopped);
            }
            for record in &group.records {
                let Ok(view) = View::read(&bytes[record.offset..record.offset + record.len]) else {
                    continue;
                };
                order.take(&view.header.log, view.header.position.seq, is_asked);
                if !is_asked {
                    continue;
                }
                let event = entry::event(&view.header).ok().flatten();
                let bytes = whole_of(&view, shelf, other)?;
                batch.stage(&view.header, bytes, event.as_ref())?;
                records += 1;
            }
            before = group.last_number();
            if batch.bytes() >= BATCH_BYTES {
                let full = std::mem::replace(&mut batch, Batch::new(shelf));
                poured.records += put(full, before, span.claimed, std::mem::take(&mut records))?;
            }
        }
        before = found.groups.last().map_or(before, GroupAt::last_number);
    }
    poured.damaged |= before < span.upto;
    poured.records += put(batch, span.upto, span.claimed, records)?;
    for log in order.late {
        stage_again(shelf, &log)?;
    }
    Ok(poured)
}

/// Whether groups up to one are missing in a segment: between those that are good, before the first of them
/// (which is to follow the group `before`), or, of a closed segment, behind the last. Those above may be being
/// written.
fn is_damaged(found: &Scan, before: u64, footer: Option<&Footer>, upto: u64) -> bool {
    let bad = found.bad.iter().any(|bad| bad.before < upto);
    let mut last = before;
    for group in &found.groups {
        if group.number != last + 1 && last < upto {
            return true;
        }
        last = group.last_number();
    }
    bad || footer.is_some_and(|footer| footer.last_group != last && last < upto)
}

/// Puts a batch that ends with this group; returns how many records that changed.
fn put(mut batch: Batch<'_>, group: u64, claimed: u64, records: u64) -> Result<u64, ShelfError> {
    if group <= claimed && batch.drop_equal()? == 0 {
        return Ok(0);
    }
    batch.commit(Some(group.max(claimed)))?;
    Ok(records)
}

/// Which entries stand behind later ones of their log: written back by a mend, long after those that edit,
/// hide or erase them.
#[derive(Default)]
struct Order {
    /// The newest entry of each log so far.
    heads: HashMap<LogName, u64>,
    late: BTreeSet<LogName>,
}

impl Order {
    /// A whole segment that is not poured.
    fn pass(&mut self, footer: &Footer) {
        for (log, extent) in &footer.logs {
            self.take(log, extent.last, false);
        }
    }

    fn take(&mut self, log: &LogName, seq: u64, poured: bool) {
        match self.heads.get_mut(log) {
            Some(head) if seq < *head && poured => {
                self.late.insert(log.clone());
            }
            Some(head) => *head = seq.max(*head),
            None => {
                self.heads.insert(log.clone(), seq);
            }
        }
    }
}

/// Puts what another store holds of entries and this one lacks into this one; returns how many there were.
pub(super) fn supplement(shelf: &dyn Shelf, other: &dyn Shelf) -> Result<u64, ShelfError> {
    let mut lacked = 0;
    let mut logs = BTreeSet::new();
    let mut from = vec![b'e'];
    loop {
        let found = chunk(other, &from, b"f", false, PIECE, BATCH_BYTES)?;
        let Some((last, _)) = found.last() else {
            break;
        };
        from = [&last[..], &[0]].concat();
        let mut batch = Batch::new(shelf);
        for (key, bytes) in found {
            let lacks = shelf.get(&key)?.is_none();
            if lacks && View::read(&bytes).is_ok_and(|view| view.rest != Rest::Damaged) {
                logs.extend(log_of(&key));
                batch.put(key, bytes.to_vec());
                lacked += 1;
            }
        }
        batch.commit(None)?;
    }
    for log in logs {
        stage_again(shelf, &log)?;
    }
    Ok(lacked)
}

/// Stages all entries of a log once more, in their order: its rows are folded from all of them.
pub(super) fn stage_again(shelf: &dyn Shelf, log: &LogName) -> Result<(), ShelfError> {
    let prefix = log_prefix(log);
    let (mut from, end) = (prefix.clone(), end_of(&prefix));
    loop {
        let found = chunk(shelf, &from, &end, false, PIECE, BATCH_BYTES)?;
        let Some((last, _)) = found.last() else {
            return Ok(());
        };
        from = [&last[..], &[0]].concat();
        let mut batch = Batch::new(shelf);
        for (_, bytes) in found {
            if let Ok(view) = View::read(&bytes) {
                let event = entry::event(&view.header).ok().flatten();
                batch.stage(&view.header, bytes.to_vec(), event.as_ref())?;
            }
        }
        batch.commit(None)?;
    }
}

/// The record's bytes. Where the journal's words are gone and a store's are not, that store's: if
/// that is lawful, the redaction that follows erases them there as well. Where they are damaged, an erased copy
/// as well: they may be being erased.
fn whole_of(
    view: &View<'_>,
    shelf: &dyn Shelf,
    other: Option<&dyn Shelf>,
) -> Result<Vec<u8>, ShelfError> {
    let mut bytes = view.bytes.to_vec();
    if matches!(view.rest, Rest::None | Rest::Whole) {
        return Ok(bytes);
    }
    let key = entry_key(&view.header.log, view.header.position.seq);
    let here = shelf.get(&key)?;
    // One that does not answer has nothing to give.
    let there = other.and_then(|other| other.get(&key).ok().flatten());
    for held in here.into_iter().chain(there) {
        match View::read(&held) {
            Ok(copy) if copy.hash != view.hash => {}
            Ok(copy) if copy.rest == Rest::Whole => return Ok(held.to_vec()),
            Ok(copy) if copy.rest == Rest::Zeros => bytes = held.to_vec(),
            _ => {}
        }
    }
    Ok(bytes)
}
