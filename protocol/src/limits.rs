//! Sizes and counts that both sides rely on. Defaults; a server announces its own in `hello`.

use serde::{Deserialize, Serialize};

/// Largest frame a client may send, bytes.
pub const INBOUND_FRAME: usize = 64 * 1024;
/// Largest record a server stores, bytes of facts and words together.
pub const STORED_ENTRY: usize = 96 * 1024;
/// Deepest JSON nesting accepted; the envelope itself is depth 1.
pub const JSON_DEPTH: usize = 16;
/// Logs one connection may have joined at once.
pub const LOGS_PER_CONNECTION: usize = 128;
/// Entries in one history page.
pub const HISTORY_PAGE: u32 = 200;
/// Bytes of entries in one history page; one entry is always served whole.
pub const HISTORY_BYTES: usize = 256 * 1024;
/// Rows in one page of `rooms` or `topics`.
pub const LIST_PAGE: u32 = 200;
/// People that presence names; with more in a room only their number is told, and nobody's typing.
pub const PEOPLE_NAMED: u32 = 200;
/// Characters of a title, a topic name or a person's name.
pub const NAME_CHARS: usize = 200;
/// Tags on one message.
pub const TAGS: usize = 16;
/// Characters of one tag.
pub const TAG_CHARS: usize = 64;
/// Characters of a reason given for a redaction or a report.
pub const REASON_CHARS: usize = 2_000;
/// People that one message may name.
pub const MENTIONS: usize = 20;
/// Edits of one message.
pub const EDITS: usize = 32;
/// Pins in one room.
pub const PINS: usize = 50;
/// Messages that one `topic.move` moves.
pub const MOVES: usize = 50;
/// People in a direct room, its founder included.
pub const DIRECT: usize = 12;
/// Ranges in one `read.mark`.
pub const READ_RANGES: usize = 64;
/// Ranges of a room that a server holds for a mailbox in memory. No answer shows them: clients add up
/// `read.marked`, of which none is dropped.
pub const READ_RANGES_KEPT: usize = 512;
/// Seconds between two `read.mark` of one person for one room.
pub const READ_MARK_SECONDS: u64 = 10;
/// Bytes of a token.
pub const TOKEN_BYTES: usize = 8 * 1024;
/// Largest integer that may appear as a JSON number (2^53 - 1, what a browser can hold).
pub const SAFE_INTEGER: u64 = (1 << 53) - 1;

/// The limits a server announces in its answer to `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Limits {
    /// Largest frame the server accepts, bytes.
    pub frame_bytes: u64,
    /// Deepest JSON nesting the server accepts.
    pub json_depth: u64,
    /// Logs this connection may join.
    pub logs: u64,
    /// Entries in one history page.
    pub history_page: u64,
    /// Sustained messages per second and person; absent where the role is exempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_second: Option<u64>,
    /// Messages a person may send at once before the rate applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u64>,
}
