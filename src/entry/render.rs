//! Wire bytes: frozen v1 field order, then the proposer's own JSON bytes. A pure function of the
//! record, so every reader of a log gets the same bytes on every node, live or replaying.

use std::io::Write as _;

use super::{Header, RECORD_VERSION, Record, Words};
use crate::seal::{Binding, Keyring, OpenError};

/// The words to show.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// The entry has none.
    None,
    /// The proposer's JSON, opened or still in hand.
    Open(&'a [u8]),
    /// They were erased.
    Erased,
}

/// Renders an entry as the text of its frame.
#[must_use]
pub fn render(header: &Header, words: Shown<'_>) -> Vec<u8> {
    let shown = if let Shown::Open(bytes) = words { bytes.len() } else { 0 };
    let mut out = Vec::with_capacity(header.facts.len() + shown + 320);
    // Names, ids and ops are made of characters that JSON strings hold unescaped.
    let position = header.position;
    write!(out, r#"{{"room":"{}","epoch":{},"seq":{}"#, header.log, position.epoch, position.seq)
        .and_then(|()| header.n.map_or(Ok(()), |n| write!(out, r#","n":{n}"#)))
        .and_then(|()| {
            write!(
                out,
                r#","at":{},"by":{{"id":"{}"}},"op":"{}","mid":"{}""#,
                header.at, header.by, header.op, header.mid
            )
        })
        .and_then(|()| position_field(&mut out, "head", header.head))
        .and_then(|()| position_field(&mut out, "was", header.was))
        .expect("writing into memory does not fail");
    out.extend_from_slice(br#","d":"#);
    out.extend_from_slice(&header.facts);
    match words {
        Shown::None => {}
        Shown::Open(bytes) => {
            out.extend_from_slice(br#","w":"#);
            out.extend_from_slice(bytes);
        }
        Shown::Erased => out.extend_from_slice(br#","erased":true"#),
    }
    out.push(b'}');
    out
}

/// The words of a record, opened; `None` if it has none or they are erased.
pub fn open_words(record: &Record, keys: &Keyring) -> Result<Option<Vec<u8>>, OpenError> {
    let Words::Sealed(sealed) = &record.words else {
        return Ok(None);
    };
    let header = &record.header;
    let binding =
        Binding { log: &header.log, mid: &header.mid, by: &header.by, version: RECORD_VERSION };
    keys.unseal(binding, header.key, &header.nonce, sealed).map(Some)
}

/// Opens a record's words and renders it.
pub fn render_record(record: &Record, keys: &Keyring) -> Result<Vec<u8>, OpenError> {
    let opened = open_words(record, keys)?;
    let shown = match (&record.words, &opened) {
        (Words::Erased, _) => Shown::Erased,
        (_, Some(words)) => Shown::Open(words),
        (_, None) => Shown::None,
    };
    Ok(render(&record.header, shown))
}

fn position_field(
    out: &mut Vec<u8>,
    name: &str,
    position: Option<wardroom_protocol::ids::Position>,
) -> std::io::Result<()> {
    let Some(position) = position else {
        return Ok(());
    };
    write!(out, r#","{name}":{{"epoch":{},"seq":{}}}"#, position.epoch, position.seq)
}
