//! Mending the journal from the store, in place where that is possible.
//!
//! A damaged group is a function of its records (they are sorted), so it is put together again from
//! what can be saved of it and what the store holds. What no copy holds becomes a named hole; the
//! place in the journal is filled with an empty group, so that damage is found once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use wardroom_protocol::ids::LogName;

use super::finding::{Done, Finding, Hole, Recovery, Where};
use super::journal::{
    Catalog, GROUP_HEADER, Place, SegmentHeader, Stored, encode_group, footer_size, read_all,
    salvage, scan, write_footer,
};
use super::record::{Rest, View};
use super::store::{Shelf, chunk, decode_row, entry_key, log_of, newest_of, row_key, seq_of};
use super::survey::{Damage, Survey, Surveyed, Suspect};
use crate::domain::Status;

/// See the module.
pub(super) struct Mender<'a> {
    pub(super) catalog: &'a Catalog,
    /// The store to mend from, if one could be opened.
    pub(super) source: Option<&'a Arc<dyn Shelf>>,
    pub(super) recovery: &'a mut Recovery,
}

impl Mender<'_> {
    /// Whether the log holds the redaction of a suspect.
    pub(super) fn is_erased(&self, survey: &Survey, suspect: &Suspect) -> bool {
        survey.erasures.contains(&(suspect.log.clone(), suspect.seq))
            || self.source.is_some_and(|shelf| {
                let row = shelf.get(&row_key(&suspect.log, &suspect.mid)).ok().flatten();
                row.and_then(|bytes| decode_row(&bytes))
                    .is_some_and(|row| matches!(row.status, Status::Erased(_)))
            })
    }

    /// Writes back words that are damaged in the journal and whole in the store.
    pub(super) fn words(&mut self, survey: &Survey) -> io::Result<()> {
        for this in &survey.segments {
            for suspect in &this.suspects {
                if self.is_erased(survey, suspect) {
                    continue;
                }
                let held = self.held(&suspect.log, suspect.seq, false);
                let mut bytes = vec![0; suspect.len];
                let file = &this.segment.file;
                file.read_at(&mut bytes, suspect.offset as u64)?;
                let place = Where::File(this.segment.path.clone(), suspect.offset as u64);
                let what = format!("the words of {} {} are damaged", suspect.log, suspect.seq);
                match (held, View::read(&bytes)) {
                    (Some(held), Ok(view)) if held.bytes.starts_with(&bytes[..view.words_at()]) => {
                        file.write_at(&held.bytes, suspect.offset as u64)?;
                        file.sync()?;
                        self.note(place, what, Done::MendedFromStore);
                    }
                    _ => {
                        self.note(place, what, Done::Lost);
                        self.hole(&suspect.log, suspect.seq);
                    }
                }
            }
        }
        Ok(())
    }

    /// Fills damaged places. Returns records that found no room in theirs: they are appended.
    pub(super) fn groups(&mut self, survey: &Survey, damage: &[Damage]) -> io::Result<Vec<Stored>> {
        let mut saved: Vec<Vec<Stored>> = Vec::new();
        for damaged in damage {
            let file = self.catalog.open(damaged.segment)?.file;
            let bytes = read_all(&*file)?;
            let found = salvage(&bytes, damaged.range.clone());
            let views = found
                .iter()
                .filter_map(|at| View::read(&bytes[at.offset..at.offset + at.len]).ok());
            saved.push(
                views
                    .filter(|view| Self::is_usable(survey, view))
                    .map(|view| Stored::from_view(&view))
                    .collect(),
            );
        }
        let mut appended = Vec::new();
        for stored in self.missing(&saved) {
            match self.belongs(damage, &stored)? {
                Some(at) => saved[at].push(stored),
                None => appended.push(stored),
            }
        }
        for (damaged, mut records) in damage.iter().zip(saved) {
            records.sort_by(|a, b| a.log.cmp(&b.log).then(a.seq.cmp(&b.seq)));
            records.dedup_by(|a, b| a.log == b.log && a.seq == b.seq);
            let needs: usize = records.iter().map(|record| record.bytes.len()).sum();
            let footer = if damaged.blank { footer_of(survey, damaged, &records) } else { 0 };
            if damaged.range.len() < needs + GROUP_HEADER + footer {
                appended.append(&mut records);
            }
            self.fill(damaged, &records)?;
        }
        Ok(appended)
    }

    fn is_usable(survey: &Survey, view: &View<'_>) -> bool {
        match view.rest {
            Rest::None | Rest::Whole => true,
            Rest::Zeros => {
                survey.erasures.contains(&(view.header.log.clone(), view.header.position.seq))
            }
            Rest::Damaged => false,
        }
    }

    /// What the store holds and neither the journal nor the saved records do.
    fn missing(&self, saved: &[Vec<Stored>]) -> Vec<Stored> {
        let Some(shelf) = self.source else {
            return Vec::new();
        };
        let have: BTreeSet<(&LogName, u64)> =
            saved.iter().flatten().map(|record| (&record.log, record.seq)).collect();
        let mut missing = Vec::new();
        let mut from = vec![b'e'];
        let mut known: Option<(LogName, BTreeMap<u64, Place>)> = None;
        // A store that stops answering on the way still gave what came before.
        while let Ok(found) = chunk(&**shelf, &from, b"f", false, 512, 1024 * 1024) {
            let Some((last, _)) = found.last() else {
                break;
            };
            from = [&last[..], &[0]].concat();
            for (key, _) in found {
                let Some(log) = log_of(&key) else {
                    continue;
                };
                let seq = seq_of(&key);
                if known.as_ref().is_none_or(|(name, _)| *name != log) {
                    let places = self.catalog.places(&log).unwrap_or_default();
                    known = Some((log.clone(), places));
                }
                let in_journal =
                    known.as_ref().is_some_and(|(_, places)| places.contains_key(&seq));
                if !in_journal && !have.contains(&(&log, seq)) {
                    missing.extend(self.held(&log, seq, true));
                }
            }
        }
        missing
    }

    /// The store's copy of an entry, if it is whole; with `erased`, also if it is lawfully erased.
    fn held(&self, log: &LogName, seq: u64, erased: bool) -> Option<Stored> {
        let shelf = self.source?;
        let bytes = shelf.get(&entry_key(log, seq)).ok().flatten()?;
        let view = View::read(&bytes).ok()?;
        let header = &view.header;
        let right = header.log == *log && header.position.seq == seq;
        let whole = match view.rest {
            Rest::None | Rest::Whole => true,
            Rest::Zeros => erased,
            Rest::Damaged => false,
        };
        (right && whole).then(|| Stored::from_view(&view))
    }

    /// The first damaged place behind the entry before this one in its log.
    fn belongs(&self, damage: &[Damage], stored: &Stored) -> io::Result<Option<usize>> {
        let places = self.catalog.places(&stored.log)?;
        let before = places.range(..stored.seq).next_back().map(|(_, place)| *place);
        let behind = places.range(stored.seq..).next().map(|(_, place)| *place);
        Ok(damage.iter().position(|damaged| {
            let here = (damaged.segment, damaged.range.start);
            let is_behind = |place: Place| (place.segment, place.offset as usize) >= here;
            before.is_none_or(|place| !is_behind(place)) && behind.is_none_or(is_behind)
        }))
    }

    /// Writes one group over a damaged place: it stands for all that stood there.
    fn fill(&mut self, damaged: &Damage, records: &[Stored]) -> io::Result<()> {
        let segment = self.catalog.open(damaged.segment)?;
        let place = Where::File(segment.path.clone(), damaged.range.start as u64);
        let numbers = damaged.behind.saturating_sub(damaged.before + 1).max(1);
        let what =
            format!("groups {} to {} are damaged", damaged.before + 1, damaged.before + numbers);
        let done = if records.is_empty() { Done::Named } else { Done::MendedFromStore };
        self.note(place, what, done);
        let Some(body) = damaged.range.len().checked_sub(GROUP_HEADER) else {
            // Too small for a group: zeros are skipped by whoever reads.
            return super::journal::zero(
                &*segment.file,
                damaged.range.start as u64,
                damaged.range.end as u64,
            );
        };
        let body = if damaged.blank { 0 } else { body };
        let mut group = Vec::new();
        let spans = u32::try_from(numbers - 1).unwrap_or(u32::MAX);
        encode_group(&mut group, damaged.before + 1, spans, records, body);
        segment.file.write_at(&group, damaged.range.start as u64)?;
        segment.file.sync()
    }

    /// Writes damaged segment headers anew. Says whether there were any.
    pub(super) fn headers(&mut self, survey: &Survey, journal: [u8; 16]) -> io::Result<bool> {
        let mut changed = false;
        for this in survey.headless() {
            let file = &this.segment.file;
            let header = SegmentHeader { number: this.segment.number, journal, size: file.size()? };
            file.write_at(&header.encode(), 0)?;
            file.sync()?;
            let place = Where::File(this.segment.path.clone(), 0);
            self.note(place, "the segment's header is damaged", Done::Rebuilt);
            changed = true;
        }
        Ok(changed)
    }

    /// Writes the footers of closed segments anew where they are, or became, wrong. Says whether
    /// there were any.
    pub(super) fn footers(&mut self, survey: &Survey, damage: &[Damage]) -> io::Result<bool> {
        let mut changed = false;
        let mut before = 0;
        let closed = survey.segments.len() - usize::from(survey.open().is_some());
        for this in &survey.segments[..closed] {
            let number = this.segment.number;
            let mended = damage.iter().any(|damaged| damaged.segment == number);
            let listed = match (&this.footer, &this.scan) {
                (Some(footer), Some(_)) => footer.all(&*this.segment.file)?.is_some(),
                (footer, _) => footer.is_some(),
            };
            if mended || !listed {
                self.footer(this, before)?;
                changed = true;
            }
            before = this.last_group;
        }
        Ok(changed)
    }

    /// Scans a closed segment again and writes its footer anew.
    pub(super) fn footer(&mut self, this: &Surveyed, before: u64) -> io::Result<()> {
        let segment = &this.segment;
        let bytes = read_all(&*segment.file)?;
        let found = scan(&bytes, this.groups_end().unwrap_or(bytes.len()), before);
        if let Some(tail) = &found.tail {
            super::journal::zero(&*segment.file, tail.start as u64, tail.end as u64)?;
        }
        if this
            .footer
            .as_ref()
            .is_none_or(|footer| !matches!(footer.all(&*segment.file), Ok(Some(_))))
        {
            let place = Where::File(segment.path.clone(), found.end as u64);
            self.note(place, "the footer is damaged", Done::Rebuilt);
        }
        write_footer(segment, &bytes, &found, before)?;
        Ok(())
    }

    /// Names every seq that no copy holds, up to how far each log went: where it ends now, or where it was
    /// said to end before.
    pub(super) fn holes(
        &mut self,
        late: &[Stored],
        mut heads: BTreeMap<LogName, u64>,
    ) -> io::Result<()> {
        let late: BTreeSet<(&LogName, u64)> =
            late.iter().map(|record| (&record.log, record.seq)).collect();
        for (log, head) in self.catalog.heads() {
            let claimed = heads.entry(log).or_insert(0);
            *claimed = head.max(*claimed);
        }
        for (log, head) in heads {
            let mut expected = 1;
            let places = self.catalog.places(&log)?;
            for seq in places.into_keys().chain([head + 1]) {
                while expected < seq && late.contains(&(&log, expected)) {
                    expected += 1;
                }
                let mut to = seq - 1;
                while to >= expected && late.contains(&(&log, to)) {
                    to -= 1;
                }
                if to >= expected {
                    self.recovery.holes.push(Hole { log: log.clone(), from: expected, to });
                    let place = Where::Log(log.clone(), expected, to);
                    self.note(place, "entries are missing", Done::Lost);
                }
                expected = expected.max(seq + 1);
            }
        }
        Ok(())
    }

    fn hole(&mut self, log: &LogName, seq: u64) {
        self.recovery.holes.push(Hole { log: log.clone(), from: seq, to: seq });
    }

    pub(super) fn note(&mut self, place: Where, what: impl Into<String>, done: Done) {
        self.recovery.findings.push(Finding::new(place, what, done));
    }
}

/// Bytes that the footer of a damaged segment comes to need at most, with these records, sorted by log.
fn footer_of(survey: &Survey, damaged: &Damage, records: &[Stored]) -> usize {
    let mut find = survey.segments.iter().filter(|this| this.segment.number == damaged.segment);
    let standing = find.next().and_then(|this| this.places.as_ref());
    let here = standing.into_iter().flatten().map(|(log, places)| (log, places.len()));
    let fresh = records.chunk_by(|a, b| a.log == b.log).map(|part| (&part[0].log, part.len()));
    let (names, logs, places) = here.chain(fresh).fold((0, 0, 0), |all, (log, count)| {
        (all.0 + log.as_str().len(), all.1 + 1, all.2 + count)
    });
    usize::try_from(footer_size(names, logs, places)).unwrap_or(usize::MAX)
}

/// Newest seq of every log in a store; logs whose end cannot be read are missing.
pub(super) fn store_heads(
    shelf: &dyn Shelf,
    logs: &BTreeMap<LogName, u64>,
) -> BTreeMap<LogName, u64> {
    let newest = |log: &LogName| Some((log.clone(), newest_of(shelf, log).ok()??));
    logs.keys().filter_map(newest).collect()
}
