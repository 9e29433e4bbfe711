//! `history`: pages of a log, contiguous or naming their holes.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::ids::{LogName, Position, TopicId};

/// `history`'s body. Give `after` or `before`, not both; neither means the newest page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadHistory {
    /// The log.
    pub room: LogName,
    /// Entries above this position, oldest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Position>,
    /// The last entries below this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Position>,
    /// At most this many, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only this topic's messages and what was done to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
}

/// Seqs from `from` to `to`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct SeqRange {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// `history`'s answer. Entries ascend and are the same bytes as everywhere.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct History {
    /// The page.
    #[cfg_attr(any(test, feature = "schema"), schemars(with = "Vec<crate::envelope::Entry>"))]
    pub entries: Vec<Box<RawValue>>,
    /// The seqs this page speaks for: what is in it and not in `entries` does not exist, belongs to
    /// another topic (if one was asked for), or is a hole. Absent if the page is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<SeqRange>,
    /// Seqs of the range that are lost for good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<SeqRange>,
    /// The log's head when the page was made.
    pub position: Position,
    /// The oldest entry that can be read.
    pub first: Position,
    /// Whether more lies beyond the page in the direction read.
    pub more: bool,
}

wordless!(History { range, holes, position, first, more });
