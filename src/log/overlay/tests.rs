//! An erasure that the store takes in after a reader has copied the old bytes out of it.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use wardroom_protocol::ids::TopicId;

use super::super::reader::Reader;
use super::super::record::{encode_header, put};
use super::super::slice::Budget;
use super::super::store::{Batch, MemoryShelf, Puts, Shelf, ShelfError, entry_key};
use super::super::synthetic::{log, mid, record};
use super::super::wounds::Wounds;
use super::*;
use crate::domain::message::{self, About, Posted};
use crate::domain::{Event, Kind, moderation};
use crate::entry::{self, Record, Words};

const ALL: Budget = Budget { entries: 9, bytes: 9_000 };

/// A store that takes in a redaction of the first entry as soon as a reader has copied that out.
struct Overtaken {
    shelf: MemoryShelf,
    overlay: Arc<Overlay>,
    redaction: Mutex<Option<Record>>,
}

impl Overtaken {
    fn store(&self, record: &Record) {
        let event = entry::event(&record.header).expect("facts of this version");
        let mut bytes = Vec::new();
        put(&mut bytes, record, &encode_header(&record.header));
        let mut batch = Batch::new(&self.shelf);
        batch.stage(&record.header, bytes, event.as_ref()).expect("it is in memory");
        batch.commit(None).expect("it is in memory");
    }

    /// What the store thread does with a redaction.
    fn overtake(&self) {
        if let Some(redaction) = self.redaction.lock().take() {
            self.store(&redaction);
            self.overlay.remove(&log(), 1);
        }
    }
}

impl Shelf for Overtaken {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ShelfError> {
        let found = self.shelf.get(key);
        if key == entry_key(&log(), 1) {
            self.overtake();
        }
        found
    }

    fn visit(
        &self,
        from: &[u8],
        to: &[u8],
        backward: bool,
        visitor: &mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>,
    ) -> Result<(), ShelfError> {
        let mut copied = false;
        let visited = self.shelf.visit(from, to, backward, &mut |key, value| {
            copied |= key == entry_key(&log(), 1);
            visitor(key, value)
        });
        if copied {
            self.overtake();
        }
        visited
    }

    fn apply(&self, _: Puts) -> Result<(), ShelfError> {
        unreachable!("only the store in it is written to")
    }

    fn sync(&self) -> Result<(), ShelfError> {
        Ok(())
    }

    fn tidy(&self) -> Result<(), ShelfError> {
        Ok(())
    }
}

/// A reader of a log of two messages. The words of the first are erased in the journal and not in the store.
fn reader() -> Reader {
    let topic = TopicId::from_bytes([1; 16]);
    let posted = Event::Message(message::Event::Posted(Posted::under(topic, Kind::Message)));
    let about = About { of: mid(1), seq: 1, topic };
    let redacted = Event::Moderation(moderation::Event::Redacted(about));
    let overlay: Arc<Overlay> = Arc::default();
    let redaction = Mutex::new(Some(record(3, &redacted)));
    let store =
        Overtaken { shelf: MemoryShelf::default(), overlay: Arc::clone(&overlay), redaction };
    store.store(&record(1, &posted));
    store.store(&record(2, &posted));
    overlay.add(&log(), 1);
    let wounds = Wounds::default();
    Reader { shelf: Arc::new(store), backup: None, overlay, wounds, snapshots: None, ahead: None }
}

#[test]
fn words_copied_before_the_store_erased_them_are_not_shown() {
    let mut shown = Vec::new();
    let all = reader().plain(&log(), 0, 2, ALL, &mut |plain| {
        shown.push(plain.outline.position.seq);
        true
    });
    assert!(!all && shown.is_empty(), "{shown:?}");

    for slice in [
        reader().forward(&log(), 0, 2, ALL),
        reader().backward(&log(), 3, ALL),
        reader().get(&log(), &[1, 2]),
    ] {
        let slice = slice.expect("it is in memory");
        let words: Vec<_> = slice.records.iter().map(|record| &record.words).collect();
        let whole = Words::Sealed(Bytes::from_static(b"sealed words"));
        assert_eq!((words, slice.holes.len()), (vec![&Words::Erased, &whole], 0));
    }
}
