//! Pouring the journal into a store: replay at boot, and every rebuild.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use wardroom_protocol::ids::LogName;

use super::journal::{Catalog, Footer, GroupAt, read_all, scan};
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

/// Groups are put in together up to this many bytes: fewer, larger batches cost sled less.
const BATCH_BYTES: usize = 512 * 1024;

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

/// Pours groups into a store; returns how many records it lacked. Syncs never: the caller does.
///
/// Stops before the next group once `stop` is set, with an error.
pub(super) fn pour(
    shelf: &dyn Shelf,
    catalog: &Catalog,
    span: Span,
    stop: &AtomicBool,
) -> Result<u64, PourError> {
    let mut poured = 0;
    if span.after >= span.upto {
        return Ok(poured);
    }
    let mut before = 0;
    let mut heads: HashMap<LogName, u64> = HashMap::new();
    let mut late = BTreeSet::new();
    let mut batch = Batch::new(shelf);
    let mut records = 0;
    for number in catalog.segments() {
        let file = catalog.open(number)?.file;
        let footer = Footer::read(&*file)?;
        if let Some(footer) = &footer
            && footer.last_group <= span.after
        {
            before = footer.last_group;
            continue;
        }
        let bytes = read_all(&*file)?;
        let limit = footer.and_then(|footer| usize::try_from(footer.groups_end).ok());
        let found = scan(&bytes, limit.unwrap_or(bytes.len()), before);
        for group in &found.groups {
            if group.last_number() <= span.after || group.number > span.upto {
                continue;
            }
            if stop.load(Ordering::Acquire) {
                return Err(PourError::Stopped);
            }
            for record in &group.records {
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
                records += 1;
            }
            before = group.last_number();
            if batch.bytes() >= BATCH_BYTES {
                let full = std::mem::replace(&mut batch, Batch::new(shelf));
                poured += put(full, before, span.claimed, std::mem::take(&mut records))?;
            }
        }
        before = found.groups.last().map_or(before, GroupAt::last_number);
    }
    poured += put(batch, span.upto, span.claimed, records)?;
    for log in late {
        redact_again(shelf, catalog, &log)?;
    }
    Ok(poured)
}

/// Puts a batch that ends with this group; returns how many records that changed.
fn put(mut batch: Batch<'_>, group: u64, claimed: u64, records: u64) -> Result<u64, ShelfError> {
    if group <= claimed && batch.drop_equal()? == 0 {
        return Ok(0);
    }
    batch.commit(Some(group.max(claimed)))?;
    Ok(records)
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
