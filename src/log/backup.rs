//! Reading logs from the journal alone, for when the store cannot be asked. Slow and complete.

use std::collections::BTreeMap;
use std::sync::Arc;

use wardroom_protocol::ids::{LogName, Mid, TopicId};

use super::journal::{Catalog, Place};
use super::reader::Reader;
use super::record::View;
use super::slice::{Budget, ReadError, Slice};
use crate::domain::{Row, Rows, reindex};
use crate::entry;

/// See the module.
pub(super) struct Backup(pub(super) Arc<Catalog>);

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn failed(error: std::io::Error) -> ReadError {
    ReadError::Journal(error.to_string())
}

impl Backup {
    pub(super) fn logs(&self) -> Vec<LogName> {
        self.0.heads().into_keys().collect()
    }

    pub(super) fn head_seq(&self, log: &LogName) -> u64 {
        self.0.heads().get(log).copied().unwrap_or(0)
    }

    /// The record's bytes as the journal holds them.
    pub(super) fn bytes(&self, log: &LogName, seq: u64) -> Result<Option<Vec<u8>>, ReadError> {
        match self.0.locate(log, seq).map_err(failed)? {
            Some(place) => self.0.read(place).map_err(failed),
            None => Ok(None),
        }
    }

    fn places(&self, log: &LogName) -> Result<BTreeMap<u64, Place>, ReadError> {
        self.0.places(log).map_err(failed)
    }

    pub(super) fn forward(
        &self,
        reader: &Reader,
        log: &LogName,
        after: u64,
        upto: u64,
        budget: Budget,
    ) -> Result<Slice, ReadError> {
        let places = self.places(log)?;
        let range = (std::ops::Bound::Excluded(after), std::ops::Bound::Included(upto));
        if after >= upto {
            return Ok(Slice::default());
        }
        let watch = reader.overlay.watch(log);
        let mut slice = Slice::default();
        let mut expected = after + 1;
        let mut taken = 0;
        for (&seq, &place) in places.range(range) {
            let bytes = self.0.read(place).map_err(failed)?;
            taken += bytes.as_ref().map_or(0, Vec::len);
            if !slice.records.is_empty()
                && (taken > budget.bytes || slice.records.len() >= budget.entries)
            {
                break;
            }
            let record = match bytes {
                Some(bytes) => reader.judge(&watch, seq, &bytes)?,
                None => None,
            };
            if let Some(record) = record {
                if expected < seq {
                    slice.holes.push((expected, seq - 1));
                }
                slice.records.push(record);
                expected = seq + 1;
            }
        }
        Ok(slice)
    }

    pub(super) fn backward(
        &self,
        reader: &Reader,
        log: &LogName,
        upto: u64,
        budget: Budget,
    ) -> Result<Slice, ReadError> {
        let places = self.places(log)?;
        let mut first = upto;
        let mut taken = 0;
        for (count, (&seq, &place)) in places.range(..=upto).rev().enumerate() {
            taken += self.0.read(place).map_err(failed)?.map_or(0, |bytes| bytes.len());
            if count > 0 && (count >= budget.entries || taken > budget.bytes) {
                break;
            }
            first = seq;
        }
        let all = Budget { entries: usize::MAX, bytes: usize::MAX };
        self.forward(reader, log, first.saturating_sub(1), upto, all)
    }

    /// Visits every header of a log with its event.
    fn walk(
        &self,
        log: &LogName,
        visit: &mut dyn FnMut(&entry::Header, Option<&crate::domain::Event>),
    ) -> Result<(), ReadError> {
        for place in self.places(log)?.into_values() {
            let Some(bytes) = self.0.read(place).map_err(failed)? else {
                continue;
            };
            if let Ok(view) = View::read(&bytes) {
                let event = entry::event(&view.header).ok().flatten();
                visit(&view.header, event.as_ref());
            }
        }
        Ok(())
    }

    pub(super) fn row(&self, log: &LogName, mid: &Mid) -> Result<Option<Row>, ReadError> {
        let mut rows = Rows::default();
        self.walk(log, &mut |header, event| {
            let Some(event) = event else {
                return;
            };
            for (changed, row) in reindex(event, &header.meta(), &rows) {
                if changed == *mid {
                    rows.insert(changed, Some(row));
                }
            }
        })?;
        Ok(rows.get(mid).cloned())
    }

    pub(super) fn topic(
        &self,
        log: &LogName,
        topic: &TopicId,
        after: u64,
        upto: u64,
    ) -> Result<Vec<u64>, ReadError> {
        let mut seqs = Vec::new();
        self.walk(log, &mut |header, event| {
            let seq = header.position.seq;
            if seq > after
                && seq <= upto
                && event.and_then(crate::domain::Event::topic).as_ref() == Some(topic)
            {
                seqs.push(seq);
            }
        })?;
        Ok(seqs)
    }
}
