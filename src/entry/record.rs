//! The record: what is kept of an entry. Its bytes are `log::record`'s business.

use bytes::Bytes;
use wardroom_protocol::ids::{LogName, Mid, Position, PrincipalId};

use crate::domain::{Machine, Meta};

/// The version that new records are written in. Fixtures of every version open in a test.
pub const RECORD_VERSION: u8 = 1;

/// The link of a log's first entry.
pub const NO_LINK: [u8; 32] = [0; 32];

/// Everything about an entry except its words. Immutable once ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The log it stands in.
    pub log: LogName,
    /// Where: assigned by the ordering step.
    pub position: Position,
    /// Its ordinal, if it counts as reading matter: assigned by the ordering step.
    pub n: Option<u64>,
    /// Unix milliseconds: assigned by the ordering step.
    pub at: u64,
    /// The op, as the registry names it.
    pub op: Box<str>,
    /// The version of the op's facts.
    pub op_version: u8,
    /// A reader that does not know the op may fold it as nothing.
    pub optional: bool,
    /// Its identity.
    pub mid: Mid,
    /// Who acted.
    pub by: PrincipalId,
    /// Keyed hash of what was submitted.
    pub submit: [u8; 32],
    /// The machines it bumps (K9).
    pub bumps: Vec<Machine>,
    /// Lanes: the room's head when it was ordered.
    pub head: Option<Position>,
    /// Recovered entries: the position it once had (K5).
    pub was: Option<Position>,
    /// The facts: the proposer's own JSON bytes.
    pub facts: Bytes,
    /// The master key that the words' key derives from.
    pub key: u32,
    /// The words' nonce.
    pub nonce: [u8; 24],
    /// Length of the sealed words in bytes; 0 if the entry has none.
    pub words_len: u32,
    /// BLAKE3 of the sealed words.
    pub words_hash: [u8; 32],
    /// BLAKE3 of the previous entry's encoded header; [`NO_LINK`] for the first.
    pub link: [u8; 32],
}

/// What readers see of a header besides its words, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Outline<'a> {
    /// The log's name.
    pub log: &'a str,
    /// Where it stands.
    pub position: Position,
    /// Its ordinal, if it counts.
    pub n: Option<u64>,
    /// When it was ordered, unix milliseconds.
    pub at: u64,
    /// The op.
    pub op: &'a str,
    /// Its identity.
    pub mid: Mid,
    /// Who acted.
    pub by: &'a str,
    /// Lanes: the room's head when it was ordered.
    pub head: Option<Position>,
    /// Recovered entries: the position it once had.
    pub was: Option<Position>,
    /// The facts as JSON.
    pub facts: &'a [u8],
}

impl Header {
    /// What readers see of it.
    #[must_use]
    pub fn outline(&self) -> Outline<'_> {
        Outline {
            log: self.log.as_str(),
            position: self.position,
            n: self.n,
            at: self.at,
            op: &self.op,
            mid: self.mid,
            by: self.by.as_str(),
            head: self.head,
            was: self.was,
            facts: &self.facts,
        }
    }

    /// What the domain sees of it.
    #[must_use]
    pub fn meta(&self) -> Meta {
        Meta {
            position: self.position,
            n: self.n,
            at: self.at,
            mid: self.mid,
            by: self.by.clone(),
            submit: self.submit,
            bumps: self.bumps.clone(),
        }
    }
}

/// A record's words as they rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// The entry has none.
    None,
    /// Sealed bytes, `words_len` of them.
    Sealed(Bytes),
    /// Overwritten with zeros, all `words_len` of them.
    Erased,
}

/// An entry as it is kept: header ‖ sealed words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What is immutable.
    pub header: Header,
    /// What can be erased.
    pub words: Words,
}
