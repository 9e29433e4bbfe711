//! What a read asks for and gets.

use wardroom_protocol::ids::Position;

use super::store::ShelfError;
use crate::entry::Record;

/// How much one read returns at most; at least one record comes, if there is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Records.
    pub entries: usize,
    /// Bytes as stored.
    pub bytes: usize,
}

impl Budget {
    /// What is left of it; room for one record is always left.
    #[must_use]
    pub fn less(self, entries: usize, bytes: usize) -> Self {
        let left = |all: usize, taken| all.saturating_sub(taken).max(1);
        Self { entries: left(self.entries, entries), bytes: left(self.bytes, bytes) }
    }
}

/// A part of a log, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// The records, seqs ascending.
    pub records: Vec<Record>,
    /// What no copy holds: first and last seq of each hole.
    pub holes: Vec<(u64, u64)>,
}

/// The newest entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Where it stands.
    pub position: Position,
    /// The ordinal of the newest entry that counts; 0 if none does.
    pub n: u64,
    /// When it was ordered, unix milliseconds.
    pub at: u64,
    /// BLAKE3 of its header: the next entry's link.
    pub link: [u8; 32],
}

/// Why nothing could be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store did not answer and there is no journal behind it.
    #[error(transparent)]
    Store(#[from] ShelfError),
    /// Neither did the journal.
    #[error(
        "neither the store nor the journal could be read ({0}); check the disk, then run `wardroom log verify`"
    )]
    Journal(String),
}
