//! The bytes of a record: header ‖ checksum ‖ sealed words. Pure; the journal and the store both keep
//! exactly these bytes.
//!
//! ```text
//! record v1 (integers little-endian)
//!   0        4   H, length of the header
//!   4        H   header
//!   4+H      8   first 8 bytes of BLAKE3(header)
//!   12+H     W   sealed words; W is `words_len` in the header. All zeros once erased
//!
//! header v1
//!   0        1   version, 1
//!   1        1   flags: 1 ordinal, 2 head, 4 was, 8 optional; the rest is 0
//!   2        8   epoch        10  8  seq        18  8  at, unix ms
//!   26       1   op version   27 16  mid        43 32  submit hash
//!   75      32   link         107 4  key id     111 24 nonce
//!   135      4   words_len    139 32 BLAKE3 of the sealed words
//!   171      …   [8 ordinal] [8+8 head] [8+8 was], as the flags say
//!            …   log, op, by: each 2 length + text
//!            …   2 count of machines bumped, each 2 length + text
//!            …   4 length + facts; the header ends here
//! ```
//!
//! Checksum and chain cover the header only, and the header holds the hash of the words: words can
//! be overwritten in place and everything still verifies (K3).

use bytes::Bytes;
use wardroom_protocol::ids::{Mid, Position};

use super::bytes_in::{Cut, Cutter};
use crate::entry::{Header, Outline, RECORD_VERSION, Record, Words};

/// Bytes of a record around its header and words.
pub const AROUND: usize = 12;
/// Largest record that is taken, bytes as stored: facts and words of 96 KiB and the rest of a header.
pub const LARGEST: usize = 100 * 1024;

const HAS_N: u8 = 1;
const HAS_HEAD: u8 = 2;
const HAS_WAS: u8 = 4;
const OPTIONAL: u8 = 8;

/// A header as it is kept, with its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedHeader {
    bytes: Bytes,
    hash: [u8; 32],
}

impl EncodedHeader {
    fn new(bytes: Bytes) -> Self {
        let hash = *blake3::hash(&bytes).as_bytes();
        Self { bytes, hash }
    }

    /// BLAKE3 of the bytes: the next entry's `link`.
    #[must_use]
    pub fn link(&self) -> [u8; 32] {
        self.hash
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The checksum that stands behind the header.
    #[must_use]
    pub fn sum(&self) -> [u8; 8] {
        short(&self.hash)
    }
}

/// The first eight bytes of a hash.
pub(super) fn short(hash: &[u8; 32]) -> [u8; 8] {
    let mut out = [0; 8];
    out.copy_from_slice(&hash[..8]);
    out
}

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// They end too early.
    #[error("the record is cut short")]
    Short,
    /// The checksum behind the header does not match it.
    #[error("the checksum of the record's header does not match")]
    Sum,
    /// The version is newer than this program.
    #[error("the record has version {0}, which is newer than this program; upgrade this node")]
    Version(u8),
    /// The checksum holds but a field does not parse.
    #[error("a field of the record's header does not parse: {0}")]
    Field(&'static str),
}

impl From<Cut> for Malformed {
    fn from(_: Cut) -> Self {
        Self::Short
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    let len = u16::try_from(text.len()).expect("names and ops are shorter than 64 KiB");
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_position(out: &mut Vec<u8>, position: Position) {
    out.extend_from_slice(&position.epoch.to_le_bytes());
    out.extend_from_slice(&position.seq.to_le_bytes());
}

/// Encodes a header in the newest version.
#[must_use]
pub fn encode_header(header: &Header) -> EncodedHeader {
    let mut out = Vec::with_capacity(header.facts.len() + 320);
    let mut flags = 0;
    for (set, flag) in [
        (header.n.is_some(), HAS_N),
        (header.head.is_some(), HAS_HEAD),
        (header.was.is_some(), HAS_WAS),
        (header.optional, OPTIONAL),
    ] {
        if set {
            flags |= flag;
        }
    }
    out.push(RECORD_VERSION);
    out.push(flags);
    put_position(&mut out, header.position);
    out.extend_from_slice(&header.at.to_le_bytes());
    out.push(header.op_version);
    out.extend_from_slice(header.mid.as_bytes());
    out.extend_from_slice(&header.submit);
    out.extend_from_slice(&header.link);
    out.extend_from_slice(&header.key.to_le_bytes());
    out.extend_from_slice(&header.nonce);
    out.extend_from_slice(&header.words_len.to_le_bytes());
    out.extend_from_slice(&header.words_hash);
    if let Some(n) = header.n {
        out.extend_from_slice(&n.to_le_bytes());
    }
    for position in [header.head, header.was].into_iter().flatten() {
        put_position(&mut out, position);
    }
    put_text(&mut out, header.log.as_str());
    put_text(&mut out, &header.op);
    put_text(&mut out, header.by.as_str());
    let bumps = u16::try_from(header.bumps.len()).expect("an entry bumps a handful of machines");
    out.extend_from_slice(&bumps.to_le_bytes());
    for machine in &header.bumps {
        put_text(&mut out, machine);
    }
    let facts = u32::try_from(header.facts.len()).expect("facts are shorter than 4 GiB");
    out.extend_from_slice(&facts.to_le_bytes());
    out.extend_from_slice(&header.facts);
    EncodedHeader::new(out.into())
}

/// The fields of a header, borrowed from its bytes. Names in it are not judged yet.
pub(super) struct Fields<'a> {
    pub(super) outline: Outline<'a>,
    op_version: u8,
    optional: bool,
    submit: [u8; 32],
    bumps: Vec<&'a str>,
    pub(super) key: u32,
    pub(super) nonce: &'a [u8; 24],
    pub(super) words_len: u32,
    words_hash: [u8; 32],
    link: [u8; 32],
}

impl<'a> Fields<'a> {
    /// Cuts a header of any version this program knows. Never panics, whatever the bytes.
    pub(super) fn cut(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut cut = Cutter::new(bytes);
        let version = cut.u8()?;
        if version != RECORD_VERSION {
            return Err(Malformed::Version(version));
        }
        let flags = cut.u8()?;
        if flags & !(HAS_N | HAS_HEAD | HAS_WAS | OPTIONAL) != 0 {
            return Err(Malformed::Field("flags"));
        }
        let has = |flag| flags & flag != 0;
        let position = cut.position()?;
        let at = cut.u64()?;
        let op_version = cut.u8()?;
        let mid = Mid::from_bytes(cut.array()?).map_err(|_| Malformed::Field("mid"))?;
        let submit = cut.array()?;
        let link = cut.array()?;
        let key = cut.u32()?;
        let nonce = cut.chunk()?;
        let words_len = cut.u32()?;
        let words_hash = cut.array()?;
        let n = has(HAS_N).then(|| cut.u64()).transpose()?;
        let head = has(HAS_HEAD).then(|| cut.position()).transpose()?;
        let was = has(HAS_WAS).then(|| cut.position()).transpose()?;
        let log = cut.text()?.ok_or(Malformed::Field("log"))?;
        let op = cut.text()?.ok_or(Malformed::Field("op"))?;
        let by = cut.text()?.ok_or(Malformed::Field("by"))?;
        let mut bumps = Vec::new();
        for _ in 0..cut.u16()? {
            bumps.push(cut.text()?.ok_or(Malformed::Field("machine"))?);
        }
        let facts_len = usize::try_from(cut.u32()?).map_err(|_| Malformed::Short)?;
        let facts = cut.take(facts_len)?;
        if !cut.is_done() {
            return Err(Malformed::Field("end"));
        }
        Ok(Self {
            outline: Outline { log, position, n, at, op, mid, by, head, was, facts },
            op_version,
            optional: has(OPTIONAL),
            submit,
            bumps,
            key,
            nonce,
            words_len,
            words_hash,
            link,
        })
    }
}

/// Decodes a header of any version this program knows. Never panics, whatever the bytes.
pub fn decode_header(bytes: &[u8]) -> Result<Header, Malformed> {
    let fields = Fields::cut(bytes)?;
    let outline = fields.outline;
    Ok(Header {
        log: outline.log.parse().map_err(|_| Malformed::Field("log"))?,
        position: outline.position,
        n: outline.n,
        at: outline.at,
        op: outline.op.into(),
        op_version: fields.op_version,
        optional: fields.optional,
        mid: outline.mid,
        by: outline.by.parse().map_err(|_| Malformed::Field("by"))?,
        submit: fields.submit,
        bumps: fields.bumps.into_iter().map(Into::into).collect(),
        head: outline.head,
        was: outline.was,
        facts: Bytes::copy_from_slice(outline.facts),
        key: fields.key,
        nonce: *fields.nonce,
        words_len: fields.words_len,
        words_hash: fields.words_hash,
        link: fields.link,
    })
}

/// A stored record, cut: its header is proven by its checksum.
pub(super) struct Proven<'a> {
    pub(super) header: &'a [u8],
    pub(super) hash: [u8; 32],
    /// What stands behind the checksum: the words, and what follows the record.
    pub(super) rest: &'a [u8],
}

impl<'a> Proven<'a> {
    pub(super) fn cut(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut cut = Cutter::new(bytes);
        let len = cut.u32()? as usize;
        let header = cut.take(len)?;
        let sum: [u8; 8] = cut.array()?;
        let hash = *blake3::hash(header).as_bytes();
        if short(&hash) != sum {
            return Err(Malformed::Sum);
        }
        Ok(Self { header, hash, rest: cut.rest() })
    }
}

/// Whether the words are as long as the header says: what a caller must hand over.
#[must_use]
pub fn fits(record: &Record) -> bool {
    match &record.words {
        Words::None => record.header.words_len == 0,
        Words::Sealed(bytes) => Ok(record.header.words_len) == u32::try_from(bytes.len()),
        Words::Erased => record.header.words_len > 0,
    }
}

/// Bytes of a record as stored.
#[must_use]
pub fn stored_len(header: &EncodedHeader, words_len: u32) -> usize {
    AROUND + header.bytes.len() + words_len as usize
}

/// Appends a record as stored. Erased words are zeros.
pub fn put(out: &mut Vec<u8>, record: &Record, header: &EncodedHeader) {
    let len = u32::try_from(header.bytes.len()).expect("a header is far below 4 GiB");
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&header.bytes);
    out.extend_from_slice(&header.sum());
    match &record.words {
        Words::None => {}
        Words::Sealed(bytes) => out.extend_from_slice(bytes),
        Words::Erased => out.resize(out.len() + record.header.words_len as usize, 0),
    }
}

/// What the bytes at a record's words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// There are none.
    None,
    /// They are what the header's hash names.
    Whole,
    /// All zeros: erased if the log holds the redaction, else damage.
    Zeros,
    /// Neither.
    Damaged,
}

/// A record read from the front of some bytes: its header is proven, its words are judged.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The header.
    pub header: Header,
    /// BLAKE3 of the header's bytes: the next entry's link.
    pub hash: [u8; 32],
    /// The words as they lie there.
    pub words: &'a [u8],
    /// What became of the words.
    pub rest: Rest,
    /// The whole record.
    pub bytes: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads the record at the front. Never panics, whatever the bytes.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let Proven { header: encoded, hash, rest } = Proven::cut(bytes)?;
        let header = decode_header(encoded)?;
        let words = rest.get(..header.words_len as usize).ok_or(Malformed::Short)?;
        let rest = if words.is_empty() {
            Rest::None
        } else if *blake3::hash(words).as_bytes() == header.words_hash {
            Rest::Whole
        } else if words.iter().all(|byte| *byte == 0) {
            Rest::Zeros
        } else {
            Rest::Damaged
        };
        let len = AROUND + encoded.len() + words.len();
        Ok(Self { header, hash, words, rest, bytes: &bytes[..len] })
    }

    /// Where the words begin inside the record.
    #[must_use]
    pub fn words_at(&self) -> usize {
        self.bytes.len() - self.words.len()
    }

    /// The record. `erased` says whether the log holds its redaction; `None` if the words are
    /// neither whole nor lawfully gone.
    #[must_use]
    pub fn record(&self, erased: bool) -> Option<Record> {
        let words = match self.rest {
            Rest::None => Words::None,
            _ if erased => Words::Erased,
            Rest::Whole => Words::Sealed(Bytes::copy_from_slice(self.words)),
            Rest::Zeros | Rest::Damaged => return None,
        };
        Some(Record { header: self.header.clone(), words })
    }
}
