//! What a record puts into the store: itself, its rows, its place in a topic. One batch per group.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use wardroom_protocol::ids::{LogName, Mid};

use super::super::record::View;
use super::keys::{
    APPLIED, ERASED_SINCE, end_of, entry_key, log_prefix, row_key, seq_of, topic_key,
};
use super::puts::Puts;
use super::row;
use super::shelf::{Shelf, ShelfError, chunk};
use crate::domain::{Event, Row, Rows, Status, What, reindex};
use crate::entry::Header;

/// Puts that go into the store together.
pub(in crate::log) struct Batch<'a> {
    shelf: &'a dyn Shelf,
    puts: Puts,
    /// Bytes of the records staged.
    bytes: usize,
}

/// What staging a record did besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum Staged {
    /// Nothing.
    Plain,
    /// It erased the words of the entry with this seq.
    Erased(u64),
}

impl<'a> Batch<'a> {
    pub(in crate::log) fn new(shelf: &'a dyn Shelf) -> Self {
        Self { shelf, puts: Puts::default(), bytes: 0 }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ShelfError> {
        match self.puts.get(key) {
            Some(value) => Ok(Some(Bytes::copy_from_slice(value))),
            None => self.shelf.get(key),
        }
    }

    fn row(&self, log: &LogName, mid: &Mid) -> Result<Option<Row>, ShelfError> {
        let Some(bytes) = self.get(&row_key(log, mid))? else {
            return Ok(None);
        };
        row::decode(&bytes).map(Some).ok_or_else(|| ShelfError {
            action: "read a row of the index",
            why: "its checksum does not match".to_owned(),
        })
    }

    /// Adds a record. `bytes` are the record as stored; `event` is `None` for an op that this
    /// program cannot read: it is kept and found by mid, and has no topic.
    pub(in crate::log) fn stage(
        &mut self,
        header: &Header,
        bytes: Vec<u8>,
        event: Option<&Event>,
    ) -> Result<Staged, ShelfError> {
        let log = &header.log;
        let seq = header.position.seq;
        self.bytes += bytes.len();
        self.puts.put(entry_key(log, seq), bytes);
        for (mid, row) in self.rows(header, event)? {
            self.puts.put(row_key(log, &mid), row::encode(&row));
        }
        let Some(event) = event else {
            return Ok(Staged::Plain);
        };
        if let Some(topic) = event.topic() {
            self.puts.put(topic_key(log, &topic, seq), Vec::new());
        }
        match event.erases() {
            Some(seq) => {
                self.erase(log, seq)?;
                Ok(Staged::Erased(seq))
            }
            None => Ok(Staged::Plain),
        }
    }

    fn rows(&self, header: &Header, event: Option<&Event>) -> Result<Vec<(Mid, Row)>, ShelfError> {
        let Some(event) = event else {
            let row = Row {
                position: header.position,
                at: header.at,
                by: header.by.clone(),
                submit: header.submit,
                topic: None,
                status: Status::Act,
                what: What::Act,
            };
            return Ok(vec![(header.mid, row)]);
        };
        let mut rows = Rows::default();
        if let Some(target) = event.target() {
            rows.insert(target, self.row(&header.log, &target)?);
        }
        Ok(reindex(event, &header.meta(), &rows))
    }

    /// Replaces an entry's words with zeros, and notes when words were first replaced: sled keeps
    /// old pages, so this generation must be built anew within a day.
    fn erase(&mut self, log: &LogName, seq: u64) -> Result<(), ShelfError> {
        let key = entry_key(log, seq);
        let Some(old) = self.get(&key)? else {
            return Ok(());
        };
        let Ok(view) = View::read(&old) else {
            return Err(ShelfError {
                action: "erase words",
                why: "the entry's bytes are damaged".to_owned(),
            });
        };
        if view.words.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let mut bytes = old.to_vec();
        bytes[view.words_at()..].fill(0);
        self.puts.put(key, bytes);
        if self.get(ERASED_SINCE)?.is_none() {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.puts.put(ERASED_SINCE.to_vec(), now.as_secs().to_be_bytes().to_vec());
        }
        Ok(())
    }

    /// Bytes of the records staged.
    pub(in crate::log) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts a value as it is: a mended copy.
    pub(in crate::log) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.puts.put(key, value);
    }

    /// Drops what the store holds already. Says how many puts are left.
    pub(in crate::log) fn drop_equal(&mut self) -> Result<usize, ShelfError> {
        let shelf = self.shelf;
        self.puts.retain(|key, value| Ok(shelf.get(key)?.is_none_or(|held| held != value)))?;
        Ok(self.puts.len())
    }

    /// Applies all of it, as everything up to this group.
    pub(in crate::log) fn commit(mut self, group: Option<u64>) -> Result<(), ShelfError> {
        if let Some(group) = group {
            self.puts.put(APPLIED.to_vec(), group.to_be_bytes().to_vec());
        }
        self.shelf.apply(self.puts)
    }
}

/// The newest seq of a log.
pub(in crate::log) fn newest_of(
    shelf: &dyn Shelf,
    log: &LogName,
) -> Result<Option<u64>, ShelfError> {
    let prefix = log_prefix(log);
    let found = chunk(shelf, &prefix, &end_of(&prefix), true, 1, 1)?;
    Ok(found.first().map(|(key, _)| seq_of(key)))
}

/// A number kept under one of the single letters.
pub(in crate::log) fn number(shelf: &dyn Shelf, key: &[u8]) -> Result<Option<u64>, ShelfError> {
    let value = shelf.get(key)?;
    Ok(value.and_then(|bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?))))
}
