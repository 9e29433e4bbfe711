//! A log's folded state as it is kept beside the log, so that a long log opens in the time of its last
//! few thousand entries. A cache and never truth: [`crate::log::Snapshot`] says when one counts.
//!
//! ```text
//! 4 length of the facts, little-endian; the facts
//! the seqs of the entries that names stand in: the title's, the topics'
//! the mids, as the index keeps them, up to the end
//! ```
//!
//! Facts and positions only (K2): names are words, and are opened again from their entries.

mod facts;

use wardroom_protocol::ids::LogName;

use self::facts::Fact;
use super::Names;
use super::fold::{FoldError, Folded};
use super::names::Sources;
use super::recall::recall;
use crate::domain::LogState;
use crate::log::{Cut, Cutter, MidIndex, Reader, Snapshot};
use crate::seal::Keyring;

/// The version of the fold and of its bytes. Raise it whenever the same entries would give another
/// state, or the same state other bytes: what an older version kept is ignored then.
pub const FOLD: u32 = 3;
/// Entries after which a log is kept anew when it opens, and a short one while it is open.
pub(super) const EVERY: u64 = 4096;
/// The same for a long one, as a part of its length. What is kept grows with the log, ten bits for each
/// mid: kept at fixed steps it would come to its length squared.
const PART: u64 = 16;
/// Entries after which it is kept anew when it closes; to fold fewer takes less than to write a file.
const AT_CLOSING: u64 = 256;

/// When a log is kept anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    Open,
    Closing,
}

impl When {
    /// Entries beyond what is kept already, for a log of this length.
    pub(super) fn beyond(self, head: u64) -> u64 {
        match self {
            Self::Open => EVERY.max(head / PART),
            Self::Closing => AT_CLOSING,
        }
    }
}

/// The facts of a state as bytes, the same for the same state on every node. `None` for `~directory`:
/// its entries are all read when it opens, for the words in them.
#[must_use]
pub fn encode(state: &LogState) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match state {
        LogState::Room(room) => room.put(&mut out),
        LogState::Lane(lane) => lane.put(&mut out),
        LogState::Mailbox(_, mailbox) => mailbox.put(&mut out),
        LogState::Identity(identity) => identity.put(&mut out),
        LogState::Directory(_) => return None,
    }
    Some(out)
}

/// The state of this log with these facts; `None` if they are none.
#[must_use]
pub fn decode(log: &LogName, facts: &[u8]) -> Option<LogState> {
    let mut from = Cutter::new(facts);
    let mut state = LogState::empty(log);
    match &mut state {
        LogState::Room(room) => **room = Fact::cut(&mut from).ok()?,
        LogState::Lane(lane) => *lane = Fact::cut(&mut from).ok()?,
        LogState::Mailbox(_, mailbox) => **mailbox = Fact::cut(&mut from).ok()?,
        LogState::Identity(identity) => *identity = Fact::cut(&mut from).ok()?,
        LogState::Directory(_) => return None,
    }
    from.is_done().then_some(state)
}

/// A log's state as a snapshot, with what stands beside it. `link`: BLAKE3 of its newest header.
pub(super) fn of(
    state: &LogState,
    names: &Names,
    mids: &MidIndex,
    link: [u8; 32],
) -> Option<Snapshot> {
    let facts = encode(state)?;
    let mut out = u32::try_from(facts.len()).ok()?.to_le_bytes().to_vec();
    out.extend(facts);
    let sources = names.sources();
    sources.title.put(&mut out);
    sources.topics.put(&mut out);
    out.extend(mids.encode());
    Some(Snapshot { at: state.line().head(), link, fold: FOLD, state: out.into() })
}

/// A log as its snapshot has it; `None` if it has none that counts.
pub(super) fn load(
    log: &LogName,
    reader: &Reader,
    keys: &Keyring,
) -> Result<Option<Folded>, FoldError> {
    let Some(snapshot) = reader.snapshot(log, FOLD) else {
        return Ok(None);
    };
    let Some((state, sources, mids)) = parse(log, &snapshot.state).ok().flatten() else {
        // Whole, of this version, and still not readable: a bug, and the log itself is the way out.
        tracing::error!(log = %log, "a snapshot cannot be read; the log is folded from its start");
        return Ok(None);
    };
    Ok(Some(Folded {
        kept: snapshot.at.seq,
        link: snapshot.link,
        names: recall(sources, log, reader, keys)?,
        state,
        mids,
        ..Folded::empty(log)
    }))
}

fn parse(log: &LogName, bytes: &[u8]) -> Result<Option<(LogState, Sources, MidIndex)>, Cut> {
    let mut from = Cutter::new(bytes);
    let len = usize::try_from(from.u32()?).map_err(|_| Cut)?;
    let state = decode(log, from.take(len)?);
    let sources = Sources { title: Fact::cut(&mut from)?, topics: Fact::cut(&mut from)? };
    let mids = MidIndex::decode(from.rest());
    Ok(state.zip(mids).map(|(state, mids)| (state, sources, mids)))
}
