//! Messages: post, redact, report.

use serde::{Deserialize, Serialize};

use crate::identity::Profile;
use crate::ids::{LogName, Mid, Position, TopicId};

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
    /// Refuse with `out_of_order` until this mid is logged: keeps a pipelined outbox in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Mid>,
    /// Imports only: who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
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
    /// Where the entry stands.
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

/// Facts of `message.redacted` and of `message.reported`.
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

/// Words of `message.redacted` and of `message.reported`.
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
wordless!(Post { room, mid, kind, reply_to, after });
wordless!(Redact { room, mid, of });
wordless!(Report { room, mid, of });
wordless!(PostedWords {});
wordless!(TypingSignal { topic });
wordless!(ReasonWords {});
