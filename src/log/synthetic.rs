//! Records for unit tests of the log.

use bytes::Bytes;
use wardroom_protocol::ids::{LogName, Mid, Position};

use crate::domain::Event;
use crate::entry::{self, Header, NO_LINK, Record, Words};

pub(super) fn log() -> LogName {
    "cardiology".parse().expect("a log")
}

pub(super) fn mid(seq: u8) -> Mid {
    Mid::from_bytes([seq; 16]).expect("not nil")
}

/// The entry with this seq: what happened, and some words.
pub(super) fn record(seq: u8, event: &Event) -> Record {
    let words = Bytes::from_static(b"sealed words");
    let (op, op_version) = entry::op_of(event);
    let header = Header {
        log: log(),
        position: Position::new(7, seq.into()),
        n: None,
        at: 9,
        op: op.into(),
        op_version,
        optional: false,
        mid: mid(seq),
        by: "dr-synthetic".parse().expect("an id"),
        submit: [9; 32],
        bumps: Vec::new(),
        head: None,
        was: None,
        facts: entry::facts(event).into(),
        key: 1,
        nonce: [3; 24],
        words_len: 12,
        words_hash: *blake3::hash(&words).as_bytes(),
        link: NO_LINK,
    };
    Record { header, words: Words::Sealed(words) }
}
