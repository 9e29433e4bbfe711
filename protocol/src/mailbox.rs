//! The mailbox: a person's own log `@id`. What concerns them elsewhere, and what they have read.

use serde::{Deserialize, Serialize};

use crate::ids::{LogName, Mid, TopicId};

/// `read.mark`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MarkRead {
    /// The room whose messages were read.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// Ordinals read, `[from, to]` each, 1 to 64 of them, ascending and apart.
    pub ranges: Vec<(u64, u64)>,
}

/// Facts of `read.marked`: added to what was marked before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct ReadMarked {
    /// The room.
    pub room: LogName,
    /// Ordinals read, `[from, to]` each.
    pub ranges: Vec<(u64, u64)>,
}

/// Why a mailbox hears of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Why {
    /// You were named.
    Mention,
    /// Somebody replied to your message.
    Reply,
    /// You were invited into the room.
    Invited,
    /// Your knock was answered: you belong to the room.
    Admitted,
    /// You do not belong to the room any more.
    Removed,
    /// You are something else in the room than before.
    Role,
    /// Your message waited for a moderator, and will not be shown.
    Declined,
}

/// Facts of `notification.filed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Filed {
    /// The log with the entry you are told of.
    pub room: LogName,
    /// The entry's seq there.
    pub seq: u64,
    /// The entry's mid.
    pub of: Mid,
    /// The topic it is filed under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
    /// Why you are told.
    pub why: Why,
}
