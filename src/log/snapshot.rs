//! A snapshot's bytes: the folded state of a log at a position, so that opening the log need not begin
//! at its first entry. Facts only; what the state means is its fold's business. Pure.
//!
//! ```text
//! snapshot v1 (integers little-endian)
//!   0   8  "WRDRSNAP"      8   4  version, 1         12  4  version of the fold
//!   16  8  epoch           24  8  seq                32 32  link: hash of the header at that position
//!   64 32  BLAKE3 of the state                       96  8  bytes of state
//!   104 …  2 length + name of the log
//!   …   8  first bytes of BLAKE3 of all before
//!   …      the state, up to the end of the file
//! ```

use bytes::Bytes;
use wardroom_protocol::ids::{LogName, Position};

use super::bytes_in::{Cut, Cutter};
use super::record::short;

const MAGIC: &[u8; 8] = b"WRDRSNAP";
const VERSION: u32 = 1;
const FRONT: usize = 104;

/// The state of a log, folded up to a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The newest entry folded into it.
    pub at: Position,
    /// BLAKE3 of that entry's header, which through the chain stands for all entries before.
    pub link: [u8; 32],
    /// The version of the fold that made it. Raise it whenever the fold or its encoding changes.
    pub fold: u32,
    /// The state, as the fold encodes it, and what it keeps beside it.
    pub state: Bytes,
}

impl Snapshot {
    /// Largest state that is kept, bytes.
    pub const LARGEST: usize = 16 * 1024 * 1024;

    /// What tells a whole state from a damaged one.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(&self.state).as_bytes()
    }

    /// All bytes but the state, which follows them.
    pub(super) fn front(&self, log: &LogName) -> Vec<u8> {
        let name = log.as_str().as_bytes();
        let mut out = Vec::with_capacity(FRONT + name.len() + 10);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.fold.to_le_bytes());
        out.extend_from_slice(&self.at.epoch.to_le_bytes());
        out.extend_from_slice(&self.at.seq.to_le_bytes());
        out.extend_from_slice(&self.link);
        out.extend_from_slice(&self.hash());
        out.extend_from_slice(&(self.state.len() as u64).to_le_bytes());
        let len = u16::try_from(name.len()).expect("a log's name is short");
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(name);
        let sum = short(blake3::hash(&out).as_bytes());
        out.extend_from_slice(&sum);
        out
    }

    /// The snapshot of this log in these bytes; `None` if they are damaged, cut short, of another log
    /// or of a version that this program does not know.
    pub(super) fn decode(log: &LogName, bytes: &Bytes) -> Option<Self> {
        Self::parse(log, bytes).ok().flatten()
    }

    fn parse(log: &LogName, bytes: &Bytes) -> Result<Option<Self>, Cut> {
        let mut cut = Cutter::new(bytes);
        let magic: [u8; 8] = cut.array()?;
        let version = cut.u32()?;
        let fold = cut.u32()?;
        let at = cut.position()?;
        let link = cut.array()?;
        let hash: [u8; 32] = cut.array()?;
        let len = cut.u64()?;
        let name = cut.text()?;
        let sum: [u8; 8] = cut.array()?;
        if magic != *MAGIC || version != VERSION || name != Some(log.as_str()) {
            return Ok(None);
        }
        let front = FRONT + 2 + log.as_str().len();
        let state = bytes.slice(front + 8..);
        let whole = sum == short(blake3::hash(&bytes[..front]).as_bytes())
            && len == state.len() as u64
            && hash == *blake3::hash(&state).as_bytes();
        Ok(whole.then_some(Self { at, link, fold, state }))
    }
}
