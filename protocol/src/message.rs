//! Messages: what is said, and what is done about it by its author, its readers and its moderators.

use serde::{Deserialize, Serialize};

use crate::identity::Profile;
use crate::ids::{LogName, Mid, Position, PrincipalId, TopicId};

/// What a message is meant as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MessageKind {
    /// Talk.
    #[default]
    Message,
    /// Asks.
    Question,
    /// Answers.
    Answer,
    /// Tells everybody.
    Announcement,
}

/// The author of an imported message, as the source named them. Role `import` only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Words: the author's name in the source.
    pub author: String,
}

/// What an announcement asks of its readers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Announce {
    /// Readers are to acknowledge it, by `announcement.ack`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ack: bool,
    /// When it is over, unix milliseconds: shown as past, and not acknowledged any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// `message.post`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// The room.
    pub room: LogName,
    /// Words: the topic's name. The same name, folded, is the same topic.
    pub topic: String,
    /// The identity of this message, minted by you.
    pub mid: Mid,
    /// What it is meant as.
    #[serde(default)]
    pub kind: MessageKind,
    /// Words: the text.
    pub body: String,
    /// The message it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mid>,
    /// Words: tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// People whose mailboxes hear of it, by id; at most 20. The author of `reply_to` hears anyway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<PrincipalId>,
    /// Announcements only: what is asked of those who read it, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announce: Option<Announce>,
    /// Refuse with `out_of_order` until this mid is logged, in the room or as held in its lane: keeps a
    /// pipelined outbox in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Mid>,
    /// Imports only: who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// `message.edit`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// Your message.
    pub of: Mid,
    /// Words: the new text.
    pub body: String,
    /// Words: the new tags; all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// `message.retract`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Retract {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// Your message.
    pub of: Mid,
    /// Words: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a reader thinks of a message. A closed list: a reaction is a fact, and facts hold no free text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reaction {
    /// I think so too.
    Agree,
    /// I think otherwise.
    Disagree,
    /// Thank you.
    Thanks,
    /// This helped.
    Helpful,
    /// Careful: there is a risk in it.
    Caution,
    /// I have read it.
    Seen,
}

/// `message.react`'s and `message.unreact`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct React {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The message.
    pub of: Mid,
    /// The reaction.
    pub reaction: Reaction,
}

/// The body of commands that name a message and nothing else: `message.pin`, `message.unpin`,
/// `announcement.ack`, `message.release`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AboutMessage {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The message.
    pub of: Mid,
}

/// `message.hide`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hide {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The message: one that stands in the room, or one that is held.
    pub of: Mid,
    /// Words: why.
    pub reason: String,
}

/// `message.redact`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Redact {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The message whose words go.
    pub of: Mid,
    /// Words: why.
    pub reason: String,
}

/// `message.report`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The message reported.
    pub of: Mid,
    /// Words: why.
    pub reason: String,
}

/// The answer to every command that writes an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Written {
    /// Where the entry stands: in the room or, for some ops, in its lane or your mailbox.
    pub position: Position,
    /// Server time of its ordering, unix milliseconds.
    pub at: u64,
    /// Present and true if this mid had been written before: nothing happened now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}

/// Facts of `message.posted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Posted {
    /// The topic.
    pub topic: TopicId,
    /// What it is meant as.
    pub kind: MessageKind,
    /// The message it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mid>,
    /// Imports only: a keyed hash of the source's author, equal for equal authors of one room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// People whose mailboxes hear of it because they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<PrincipalId>,
    /// Who wrote the message it replies to; their mailbox hears of it, unless they are the author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replies: Option<PrincipalId>,
    /// Announcements only: what it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announce: Option<Announce>,
    /// Released posts only: when it was submitted, unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<u64>,
}

/// Words of `message.posted`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct PostedWords {
    /// Who wrote it; for an import, the author the source named.
    pub card: Profile,
    /// The topic's name as written.
    pub topic: String,
    /// The text.
    pub body: String,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// Facts of entries about one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct About {
    /// The message.
    pub of: Mid,
    /// Its seq in the room.
    pub seq: u64,
    /// Its topic.
    pub topic: TopicId,
}

/// Facts of `message.reacted` and of `message.unreacted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Reacted {
    /// The message.
    pub of: Mid,
    /// Its seq in the room.
    pub seq: u64,
    /// Its topic.
    pub topic: TopicId,
    /// The reaction.
    pub reaction: Reaction,
}

/// Words of `message.edited`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct EditedWords {
    /// Who edited it: its author.
    pub card: Profile,
    /// The text as it is now.
    pub body: String,
    /// The tags as they are now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// Words of entries that say who acted and nothing else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct CardWords {
    /// Who acted.
    pub card: Profile,
}

/// Words of entries that may say why.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct MaybeReasonWords {
    /// Who acted.
    pub card: Profile,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Words of `message.redacted`, `message.reported` and `message.hidden`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct ReasonWords {
    /// Who acted.
    pub card: Profile,
    /// Why.
    pub reason: String,
}

/// `typing`'s body, and the facts of its signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Typing {
    /// The room.
    pub room: LogName,
    /// The topic one writes in, if it has an id already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
}

/// The body of the signal `typing`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct TypingSignal {
    /// The topic, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
    /// Words: what to show them by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Profile>,
}

wordless!(Origin {});
wordless!(Post { room, mid, kind, reply_to, mentions, announce, after });
wordless!(Edit { room, mid, of });
wordless!(Retract { room, mid, of });
wordless!(Hide { room, mid, of });
wordless!(Redact { room, mid, of });
wordless!(Report { room, mid, of });
wordless!(PostedWords {});
wordless!(EditedWords {});
wordless!(CardWords {});
wordless!(MaybeReasonWords {});
wordless!(TypingSignal { topic });
wordless!(ReasonWords {});
