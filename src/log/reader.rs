//! Reading logs: what a read thread offers. Blocking; never on a task.
//!
//! It reads from the store and checks what it gets: header, words, dense numbers. What the store
//! lacks or holds damaged is served from the journal ([`Backup`]) and handed to the store thread to
//! be mended. What both lack is named as a hole.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use bytes::Bytes;
use wardroom_protocol::ids::{LogName, Mid, Position, TopicId};

use super::backup::Backup;
use super::overlay::{Overlay, Watch};
use super::read_ahead::Ahead;
use super::record::View;
use super::slice::{Budget, Head, ReadError, Slice};
use super::snapshots::Snapshots;
use super::store::{
    Shelf, ShelfError, chunk, decode_row, end_of, entry_key, log_of, log_prefix, piece, row_key,
    seq_of, topic_prefix,
};
use super::wounds::Wounds;
use crate::domain::{Row, Status};
use crate::entry::Record;

/// One chunk of a scan.
pub(super) const SCAN: Budget = Budget { entries: 256, bytes: 1024 * 1024 };

/// See the module.
pub struct Reader {
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) backup: Option<Backup>,
    pub(super) overlay: Arc<Overlay>,
    pub(super) wounds: Wounds,
    pub(super) snapshots: Option<Arc<Snapshots>>,
    /// `None`: in memory, or the log is closing.
    pub(super) ahead: Option<SyncSender<Ahead>>,
}

impl Reader {
    /// The newest entry; `None` for a log without entries.
    pub fn head(&self, log: &LogName) -> Result<Option<Head>, ReadError> {
        let mut before = u64::MAX;
        let mut head: Option<Head> = None;
        loop {
            let slice = self.backward(log, before, Budget { entries: 16, ..SCAN })?;
            let Some(first) = slice.records.first() else {
                break;
            };
            if head.is_none()
                && let Some(newest) = slice.records.last()
            {
                head = Some(Head {
                    position: newest.header.position,
                    n: 0,
                    at: newest.header.at,
                    link: super::record::encode_header(&newest.header).link(),
                });
            }
            let n = slice.records.iter().rev().find_map(|record| record.header.n);
            // System logs count nothing; looking for an ordinal would walk them whole.
            if n.is_some() || log.as_str().starts_with('~') {
                return Ok(head.map(|head| Head { n: n.unwrap_or(0), ..head }));
            }
            before = first.header.position.seq;
        }
        Ok(head)
    }

    /// The oldest entry that can be read.
    pub fn first(&self, log: &LogName) -> Result<Option<Position>, ReadError> {
        let one = Budget { entries: 1, ..SCAN };
        let slice = self.forward(log, 0, u64::MAX, one)?;
        Ok(slice.records.first().map(|record| record.header.position))
    }

    /// Every log that has entries, in order of name. Jumps from log to log.
    pub fn logs(&self) -> Result<Vec<LogName>, ReadError> {
        let mut logs = Vec::new();
        let mut from = vec![b'e'];
        loop {
            match chunk(&*self.shelf, &from, b"f", false, 1, 1) {
                Ok(found) => match found.first() {
                    None => return Ok(logs),
                    Some((key, _)) => match log_of(key) {
                        Some(log) => {
                            from = end_of(&log_prefix(&log));
                            logs.push(log);
                        }
                        // Not a key of ours: damage below the engine's own checks.
                        None => from = [&key[..], &[0]].concat(),
                    },
                },
                Err(error) => {
                    self.wounds.store_is_sick();
                    return Ok(self.backup(error)?.logs());
                }
            }
        }
    }

    /// Records with `after` < seq ≤ `upto`, ascending; at least one, if there is any.
    pub fn forward(
        &self,
        log: &LogName,
        after: u64,
        upto: u64,
        budget: Budget,
    ) -> Result<Slice, ReadError> {
        // The head first: what is stored while this reads is not missing.
        let upto = upto.min(self.head_seq(log)?);
        let (from, to) = bounds(log, after.saturating_add(1), upto);
        let watch = self.overlay.watch(log);
        let read = piece(&*self.shelf, &from, &to, false, budget.entries, budget.bytes);
        let (found, cut) = match read {
            Ok(read) => read,
            Err(error) => return self.all_from_journal(log, after, upto, budget, error),
        };
        let last = match found.last() {
            Some((key, _)) if cut => seq_of(key),
            _ if cut => after,
            _ => upto,
        };
        self.check(&watch, after.saturating_add(1), last, found)
    }

    /// The last records with seq < `before`, given in ascending order; at least one, if there is any.
    pub fn backward(&self, log: &LogName, before: u64, budget: Budget) -> Result<Slice, ReadError> {
        let Some(upto) = before.checked_sub(1) else {
            return Ok(Slice::default());
        };
        let upto = upto.min(self.head_seq(log)?);
        let (from, to) = bounds(log, 1, upto);
        let watch = self.overlay.watch(log);
        let mut found = match chunk(&*self.shelf, &from, &to, true, budget.entries, budget.bytes) {
            Ok(found) => found,
            Err(error) => {
                self.wounds.store_is_sick();
                let backup = self.backup(error)?;
                let slice = backup.backward(self, log, upto, budget)?;
                return Ok(slice);
            }
        };
        found.reverse();
        let Some(first) = found.first().map(|(key, _)| seq_of(key)) else {
            return Ok(Slice::default());
        };
        self.check(&watch, first, upto, found)
    }

    /// Visits the whole log in order; returns its holes.
    pub fn scan(
        &self,
        log: &LogName,
        visit: &mut dyn FnMut(&Record),
    ) -> Result<Vec<(u64, u64)>, ReadError> {
        self.scan_after(log, 0, visit)
    }

    /// The same for what follows a seq.
    pub fn scan_after(
        &self,
        log: &LogName,
        mut after: u64,
        visit: &mut dyn FnMut(&Record),
    ) -> Result<Vec<(u64, u64)>, ReadError> {
        let mut holes = Vec::new();
        loop {
            let slice = self.forward(log, after, u64::MAX, SCAN)?;
            let record = slice.records.last().map(|record| record.header.position.seq);
            let hole = slice.holes.last().map(|hole| hole.1);
            let Some(last) = record.max(hole) else {
                return Ok(holes);
            };
            slice.records.iter().for_each(&mut *visit);
            holes.extend(slice.holes);
            after = last;
        }
    }

    /// The index row of a mid.
    pub fn row(&self, log: &LogName, mid: &Mid) -> Result<Option<Row>, ReadError> {
        let why = match self.shelf.get(&row_key(log, mid)) {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => match decode_row(&bytes) {
                Some(row) => return Ok(Some(row)),
                None => ShelfError {
                    action: "read a row of the index",
                    why: "its checksum does not match".to_owned(),
                },
            },
            Err(error) => error,
        };
        self.wounds.store_is_sick();
        self.backup(why)?.row(log, mid)
    }

    /// The seqs of a topic's entries with `after` < seq ≤ `upto`: the first `limit` of them, or the
    /// last ones, newest first.
    pub fn topic(
        &self,
        log: &LogName,
        topic: &TopicId,
        after: u64,
        upto: u64,
        limit: usize,
        newest_first: bool,
    ) -> Result<Vec<u64>, ReadError> {
        let prefix = topic_prefix(log, topic);
        let at = |seq: u64| [&prefix[..], &seq.to_be_bytes()].concat();
        let from = at(after.saturating_add(1));
        let to = upto.checked_add(1).map_or_else(|| end_of(&prefix), at);
        match chunk(&*self.shelf, &from, &to, newest_first, limit, usize::MAX) {
            Ok(found) => Ok(found.iter().map(|(key, _)| seq_of(key)).collect()),
            Err(error) => {
                self.wounds.store_is_sick();
                let mut seqs = self.backup(error)?.topic(log, topic, after, upto)?;
                if newest_first {
                    seqs.reverse();
                }
                seqs.truncate(limit);
                Ok(seqs)
            }
        }
    }

    /// The records with these seqs, in the order asked; a seq that no copy holds is a hole.
    pub fn get(&self, log: &LogName, seqs: &[u64]) -> Result<Slice, ReadError> {
        let mut slice = Slice::default();
        let watch = self.overlay.watch(log);
        for &seq in seqs {
            let found = match self.shelf.get(&entry_key(log, seq)) {
                Ok(Some(value)) => self.judge(&watch, seq, &value)?,
                Ok(None) => None,
                Err(error) => {
                    self.wounds.store_is_sick();
                    self.backup(error)?;
                    None
                }
            };
            match found {
                Some(record) => slice.records.push(record),
                None => match self.second_copy(&watch, seq)? {
                    Some(record) => slice.records.push(record),
                    None => slice.holes.push((seq, seq)),
                },
            }
        }
        Ok(slice)
    }

    /// The newest seq the store holds.
    pub(super) fn head_seq(&self, log: &LogName) -> Result<u64, ReadError> {
        let prefix = log_prefix(log);
        match chunk(&*self.shelf, &prefix, &end_of(&prefix), true, 1, 1) {
            Ok(found) => Ok(found.first().map_or(0, |(key, _)| seq_of(key))),
            Err(error) => Ok(self.backup(error)?.head_seq(log)),
        }
    }

    /// Turns what the store gave for `first..=last` into records; asks the journal for the rest.
    fn check(
        &self,
        watch: &Watch<'_>,
        first: u64,
        last: u64,
        found: Vec<(Vec<u8>, Bytes)>,
    ) -> Result<Slice, ReadError> {
        let mut slice = Slice::default();
        let mut expected = first;
        for (key, value) in found {
            let seq = seq_of(&key);
            self.fill(watch, (expected, seq.saturating_sub(1)), &mut slice)?;
            match self.judge(watch, seq, &value)? {
                Some(record) => slice.records.push(record),
                None => self.fill(watch, (seq, seq), &mut slice)?,
            }
            expected = seq + 1;
        }
        self.fill(watch, (expected, last), &mut slice)?;
        Ok(slice)
    }

    /// Brings in from the journal what the store lacks; the rest becomes a hole.
    fn fill(
        &self,
        watch: &Watch<'_>,
        (from, to): (u64, u64),
        slice: &mut Slice,
    ) -> Result<(), ReadError> {
        for seq in from..=to {
            if let Some(record) = self.second_copy(watch, seq)? {
                slice.records.push(record);
                continue;
            }
            match slice.holes.last_mut() {
                Some(hole) if hole.1 + 1 == seq => hole.1 = seq,
                _ => slice.holes.push((seq, seq)),
            }
        }
        Ok(())
    }

    fn second_copy(&self, watch: &Watch<'_>, seq: u64) -> Result<Option<Record>, ReadError> {
        let Some(backup) = &self.backup else {
            return Ok(None);
        };
        let Some(bytes) = backup.bytes(watch.log, seq)? else {
            return Ok(None);
        };
        let record = self.judge(watch, seq, &bytes)?;
        if record.is_some() {
            self.wounds.entry_is_damaged(watch.log, seq);
        }
        Ok(record)
    }

    /// The record in these bytes, if they are the entry asked for and whole or lawfully erased. They were
    /// read since `watch` began.
    pub(super) fn judge(
        &self,
        watch: &Watch<'_>,
        seq: u64,
        bytes: &[u8],
    ) -> Result<Option<Record>, ReadError> {
        let log = watch.log;
        let Ok(view) = View::read(bytes) else {
            return Ok(None);
        };
        if view.header.log != *log || view.header.position.seq != seq {
            return Ok(None);
        }
        let erased = watch.erases(seq)
            || (!matches!(view.rest, super::record::Rest::None | super::record::Rest::Whole)
                && self.row(log, &view.header.mid)?.is_some_and(|row| {
                    matches!(row.status, Status::Erased(_)) && row.position.seq == seq
                }));
        Ok(view.record(erased))
    }

    fn backup(&self, error: ShelfError) -> Result<&Backup, ReadError> {
        self.backup.as_ref().ok_or(ReadError::Store(error))
    }

    fn all_from_journal(
        &self,
        log: &LogName,
        after: u64,
        upto: u64,
        budget: Budget,
        error: ShelfError,
    ) -> Result<Slice, ReadError> {
        self.wounds.store_is_sick();
        self.backup(error)?.forward(self, log, after, upto, budget)
    }
}

/// The keys of the entries from one seq up to another.
pub(super) fn bounds(log: &LogName, from: u64, upto: u64) -> (Vec<u8>, Vec<u8>) {
    let end = upto.checked_add(1).map_or_else(|| end_of(&log_prefix(log)), |to| entry_key(log, to));
    (entry_key(log, from), end)
}
