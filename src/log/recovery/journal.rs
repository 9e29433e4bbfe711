//! The journal's part of opening: survey it, mend it, say where writing goes on.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use wardroom_protocol::ids::LogName;

use super::super::disk::RealDisk;
use super::super::finding::{Done, Finding, Recovery, Where};
use super::super::floors::FloorFile;
use super::super::journal::{
    Catalog, Item, Places, SEGMENT_HEADER, SegmentHeader, SegmentName, Start, Stored, Writer,
    erase_at, prepare, zero,
};
use super::super::mend::Mender;
use super::super::options::{Options, SMALLEST_SEGMENT};
use super::super::progress::Progress;
use super::super::record::{Rest, View, encode_header};
use super::super::survey::{Damage, Survey, Surveyed, survey};
use super::Care;
use super::store::FoundStore;
use crate::entry;

/// A journal that was looked at and mended.
pub(super) struct FoundJournal {
    /// Where writing goes on.
    pub(super) start: Start,
    /// Records to write back that found no room in their place.
    pub(super) late: Vec<Stored>,
    /// What some redaction looked at erases.
    pub(super) erasures: BTreeSet<(LogName, u64)>,
    /// Its id.
    pub(super) id: [u8; 16],
    /// All of it was looked at, and it holds whatever was ever in it.
    pub(super) whole: bool,
}

/// Looks at the journal, mends it, and says where writing goes on.
pub(super) fn open_journal(
    catalog: &Catalog,
    store: &FoundStore,
    from: u32,
    care: Care,
    options: &Options,
    floor: &mut FloorFile,
    recovery: &mut Recovery,
) -> std::io::Result<FoundJournal> {
    let disk = &*options.disk;
    let mut found = survey(disk, catalog.dir(), from)?;
    let id = found.journal.unwrap_or_else(fresh_id);
    let absent = std::mem::take(&mut found.absent);
    // Before anything notes that a mend was begun.
    if store.is_held && (!absent.is_empty() || !found.damage().is_empty()) {
        let what =
            "it is damaged, and the store that may mend it is held by this process: start again";
        return Err(std::io::Error::other(what));
    }
    if !absent.is_empty() {
        floor.begin_mend()?;
        for number in &absent {
            let what = "the segment is missing";
            let place = Where::File(catalog.path(*number), 0);
            recovery.findings.push(Finding::new(place, what, Done::Named));
            put_blank(catalog, *number, id, options);
        }
        found = survey(disk, catalog.dir(), from.min(absent[0]))?;
    }
    let stored = store.applied.max(store.marked);
    // The mark and the store say what the journal once held. One that is behind the mark cannot give it
    // back, and one that is not as it was left may have the number and not the entries.
    let all_there = store.usable.is_some() && store.applied >= store.marked;
    recovery.tail_lost |= stored > found.last_group() && !all_there;
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
                blank: false,
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
    // Whose entries stood in a damaged place is known to the store, and of a closed segment how far
    // each log went to its footer. Without either, ends may be lost that nobody can name.
    let covered = if store.usable.is_some() { store.applied } else { 0 };
    recovery.tail_lost |= damage.iter().any(|damaged| {
        let told =
            |this: &Surveyed| this.segment.number == damaged.segment && this.footer.is_some();
        damaged.behind > covered + 1 && !found.segments.iter().any(told)
    });
    let claimed = found.heads();
    let lost = stored > found.last_group() || !absent.is_empty();
    if lost || !damage.is_empty() {
        floor.begin_mend()?;
    }
    // A mend that was interrupted is done again: records may be left that it was to write back.
    let mends = lost || !damage.is_empty() || care == Care::Thorough || floor.in_doubt();
    load(catalog, &found);
    let mut mender = Mender { catalog, source: store.source.as_ref(), recovery };
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
        mender.holes(&late, claimed)?;
    }
    // Words that a crash kept from being overwritten.
    for (log, seq) in &found.erasures {
        if let Some(place) = catalog.locate(log, *seq)?
            && erase_at(catalog, place)?
        {
            let place = Where::Log(log.clone(), *seq, *seq);
            let what = "its redaction had not overwritten all of its words";
            recovery.findings.push(Finding::new(place, what, Done::Erased));
        }
    }
    let start = start(catalog, &found, stored, id, options)?;
    let whole = from == 0 && !mends && recovery.holes.is_empty() && !recovery.tail_lost;
    Ok(FoundJournal { start, late, erasures: found.erasures, id, whole })
}

/// Puts an empty segment where one is missing: it is then mended like a damaged one, with what the store has of
/// it, and is missing once only. Where that is not possible, records are appended.
fn put_blank(catalog: &Catalog, number: SegmentName, journal: [u8; 16], options: &Options) {
    let size = options.segment_bytes.max(SMALLEST_SEGMENT);
    let header = SegmentHeader { number, journal, size };
    let free = options.disk.free(catalog.dir()).unwrap_or(u64::MAX);
    if free < size.saturating_add(options.min_free_bytes) {
        tracing::warn!(
            free,
            segment = number,
            "there is no room for a segment in place of the missing one"
        );
        return;
    }
    if let Err(error) = prepare(&*options.disk, catalog.dir(), header) {
        tracing::warn!(%error, segment = number, "no segment could be made in place of the missing one");
    }
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
pub(in crate::log) fn catalog_of(survey: &Survey, dir: &Path) -> Catalog {
    let catalog = Catalog::new(Arc::new(RealDisk), dir.to_path_buf());
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
    catalog.put_open(header.number, Places::new());
    Ok(Start { segment, end: SEGMENT_HEADER as u64, last_group, first_group: last_group + 1, lost })
}

/// Appends records that the store had and the journal did not. Words that the store was still to erase do not
/// come back.
pub(super) fn write_back(
    writer: &mut Writer,
    late: Vec<Stored>,
    erasures: &BTreeSet<(LogName, u64)>,
    segment_bytes: u64,
) -> std::io::Result<()> {
    let most = usize::try_from(segment_bytes / 4).unwrap_or(usize::MAX);
    let mut items = Vec::new();
    let mut bytes = 0;
    for stored in late {
        let Ok(view) = View::read(&stored.bytes) else {
            continue;
        };
        let erased = erasures.contains(&(stored.log, stored.seq));
        let Some(record) = view.record(erased || view.rest == Rest::Zeros) else {
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
