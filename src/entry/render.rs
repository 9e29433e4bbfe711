//! Wire bytes: frozen v1 field order, then the proposer's own JSON bytes. A pure function of the
//! record, so every reader of a log gets the same bytes on every node, live or replaying.

use wardroom_protocol::ids::Mid;

use super::{Header, Outline, RECORD_VERSION, Record, Words};
use crate::seal::{Binding, Keyring, OpenError, Opener, SealedWords};

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

/// How many bytes of a rendered entry come before its words: cut there and closed with
/// [`ERASED_END`], it is the same entry with its words erased.
#[must_use]
pub fn bare_len(rendered: &[u8], words: Shown<'_>) -> usize {
    rendered.len()
        - match words {
            Shown::None => 1,
            Shown::Open(bytes) => br#","w":}"#.len() + bytes.len(),
            Shown::Erased => ERASED_END.len(),
        }
}

/// What closes an entry whose words are erased.
pub const ERASED_END: &[u8] = br#","erased":true}"#;

/// What stands before the words.
const WORDS: &[u8] = br#","w":"#;

/// Renders an entry as the text of its frame.
#[must_use]
pub fn render(header: &Header, words: Shown<'_>) -> Vec<u8> {
    let shown = if let Shown::Open(bytes) = words { bytes.len() } else { 0 };
    let mut out = Vec::with_capacity(header.facts.len() + shown + 320);
    put_bare(&mut out, &header.outline());
    match words {
        Shown::None => {}
        Shown::Open(bytes) => {
            out.extend_from_slice(WORDS);
            out.extend_from_slice(bytes);
        }
        Shown::Erased => {
            out.extend_from_slice(ERASED_END);
            return out;
        }
    }
    out.push(b'}');
    out
}

/// Renders an entry behind what `out` holds, from its words as they rest, which are opened where
/// they are put: a replay renders hundreds of thousands, so it copies and allocates nothing else.
/// After an error `out` holds a part that its caller drops.
pub fn render_sealed(
    out: &mut Vec<u8>,
    outline: &Outline<'_>,
    sealed: SealedWords<'_>,
    opener: &mut Opener<'_>,
) -> Result<(), OpenError> {
    put_bare(out, outline);
    if !sealed.bytes.is_empty() {
        out.extend_from_slice(WORDS);
        opener.open_behind(out, sealed, &outline.mid, outline.by, RECORD_VERSION)?;
    }
    out.push(b'}');
    Ok(())
}

/// Everything but the words and the last brace.
fn put_bare(out: &mut Vec<u8>, outline: &Outline<'_>) {
    // Names, ids and ops are made of characters that JSON strings hold unescaped. The pieces are put
    // one by one: `write!` cost three times as much, and a replay is made of this.
    let mut pieces = Pieces(out);
    pieces.text(r#"{"room":""#).text(outline.log);
    pieces.text(r#"","epoch":"#).number(outline.position.epoch);
    pieces.text(r#","seq":"#).number(outline.position.seq);
    if let Some(n) = outline.n {
        pieces.text(r#","n":"#).number(n);
    }
    pieces.text(r#","at":"#).number(outline.at);
    pieces.text(r#","by":{"id":""#).text(outline.by);
    pieces.text(r#""},"op":""#).text(outline.op);
    pieces.text(r#"","mid":""#).text(outline.mid.encode(&mut [0; Mid::TEXT])).text("\"");
    for (name, position) in [("head", outline.head), ("was", outline.was)] {
        if let Some(position) = position {
            pieces.text(",\"").text(name).text(r#"":{"epoch":"#).number(position.epoch);
            pieces.text(r#","seq":"#).number(position.seq).text("}");
        }
    }
    pieces.text(r#","d":"#);
    out.extend_from_slice(outline.facts);
}

struct Pieces<'a>(&'a mut Vec<u8>);

impl Pieces<'_> {
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.text(itoa::Buffer::new().format(number))
    }
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
