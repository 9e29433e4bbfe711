//! Pouring the journal into a store: replay at boot, and every rebuild.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use wardroom_protocol::ids::LogName;

use super::journal::{Catalog, Footer, read_all, scan};
use super::record::{Rest, View};
use super::store::{Batch, Shelf, ShelfError, entry_key};
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

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Poured {
    /// Records that the store lacked.
    pub(super) records: u64,
    /// Damage was passed over: the journal alone is not everything.
    pub(super) damaged: bool,
}

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

/// Pours groups into a store. Sleeps never, syncs never: the caller does.
///
/// Stops before the next group once `stop` is set, with an error.
pub(super) fn pour(
    shelf: &dyn Shelf,
    catalog: &Catalog,
    span: Span,
    stop: &AtomicBool,
) -> Result<Poured, PourError> {
    let mut poured = Poured::default();
    let mut before = 0;
    let mut heads: HashMap<LogName, u64> = HashMap::new();
    let mut late = BTreeSet::new();
    for number in catalog.segments() {
        let file = catalog.open(number)?.file;
        let footer = Footer::read(&*file)?;
        if let Some(footer) = &footer
            && footer.last_group <= span.after
        {
            before = footer.last_group;
            continue;
        }
        if before >= span.upto {
            break;
        }
        let bytes = read_all(&*file)?;
        let limit = footer.and_then(|footer| usize::try_from(footer.groups_end).ok());
        let found = scan(&bytes, limit.unwrap_or(bytes.len()), before);
        poured.damaged |= !found.bad.is_empty();
        for group in &found.groups {
            before = group.last_number();
            if stop.load(Ordering::Acquire) {
                return Err(PourError::Stopped);
            }
            if before <= span.after || group.number > span.upto {
                continue;
            }
            let mut batch = Batch::new(shelf);
            for record in &group.records {
                poured.damaged |= record.rest == Rest::Damaged;
                let Ok(view) = View::read(&bytes[record.offset..record.offset + record.len]) else {
                    continue;
                };
                let event = entry::event(&view.header).ok().flatten();
                let bytes = whole_of(shelf, &view)?;
                let log = &view.header.log;
                let seq = view.header.position.seq;
                let head = heads.entry(log.clone()).or_insert(0);
                if seq < *head {
                    late.insert(log.clone());
                }
                *head = seq.max(*head);
                batch.stage(&view.header, bytes, event.as_ref())?;
            }
            if before <= span.claimed && batch.drop_equal()? == 0 {
                continue;
            }
            poured.records += group.records.len() as u64;
            batch.commit(Some(before.max(span.claimed)))?;
        }
    }
    for log in late {
        redact_again(shelf, catalog, &log)?;
    }
    Ok(poured)
}

/// Stages a log's redactions once more: an entry that recovery wrote back late stands behind the
/// one that erases it.
fn redact_again(shelf: &dyn Shelf, catalog: &Catalog, log: &LogName) -> Result<(), PourError> {
    for place in catalog.places(log)?.into_values() {
        let Some(bytes) = catalog.read(place)? else {
            continue;
        };
        if let Ok(view) = View::read(&bytes)
            && let Ok(Some(event)) = entry::event(&view.header)
            && event.erases().is_some()
        {
            let mut batch = Batch::new(shelf);
            batch.stage(&view.header, view.bytes.to_vec(), Some(&event))?;
            batch.commit(None)?;
        }
    }
    Ok(())
}

/// The record's bytes. Where the journal's words are gone and the store's are not, the store's: if
/// that is lawful, the redaction that follows erases them there as well.
fn whole_of(shelf: &dyn Shelf, view: &View<'_>) -> Result<Vec<u8>, ShelfError> {
    if matches!(view.rest, Rest::Zeros | Rest::Damaged) {
        let key = entry_key(&view.header.log, view.header.position.seq);
        if let Some(held) = shelf.get(&key)?
            && let Ok(other) = View::read(&held)
            && other.hash == view.hash
            && other.rest == Rest::Whole
        {
            return Ok(held.to_vec());
        }
    }
    Ok(view.bytes.to_vec())
}
