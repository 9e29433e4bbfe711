//! Topics: their names, whether they are settled, and which messages belong to them.

use serde::{Deserialize, Serialize};

use crate::identity::Profile;
use crate::ids::{LogName, Mid, TopicId};

/// `topic.rename`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RenameTopic {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The topic.
    pub topic: TopicId,
    /// Words: its new name. The old names lead to it as well.
    pub name: String,
}

/// `topic.resolve`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResolveTopic {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The topic.
    pub topic: TopicId,
    /// Whether it is settled.
    pub resolved: bool,
}

/// `topic.move`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MoveMessages {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The messages, 1 to 50.
    pub of: Vec<Mid>,
    /// Words: the name of the topic they belong to from now on.
    pub to: String,
}

/// `topic.merge`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MergeTopics {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The topic that ends.
    pub topic: TopicId,
    /// The topic that takes its messages and its names.
    pub into: TopicId,
}

/// Facts of `topic.renamed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Renamed {
    /// The topic.
    pub topic: TopicId,
    /// What the new name leads to without the renaming: posts under it belong to `topic`.
    pub alias: TopicId,
}

/// Facts of `topic.resolved`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Resolved {
    /// The topic.
    pub topic: TopicId,
    /// Whether it is settled.
    pub resolved: bool,
}

/// A message that was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct MovedMessage {
    /// The message.
    pub of: Mid,
    /// Its seq in the room.
    pub seq: u64,
    /// The topic that its own entry names.
    pub from: TopicId,
}

/// Facts of `topic.moved`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Moved {
    /// Where they belong now.
    pub topic: TopicId,
    /// The messages.
    pub messages: Vec<MovedMessage>,
}

/// Facts of `topic.merged`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Merged {
    /// The topic that ended.
    pub topic: TopicId,
    /// The one that took its messages and names.
    pub into: TopicId,
}

/// Words of `topic.renamed` and of `topic.moved`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct TopicWords {
    /// Who acted.
    pub card: Profile,
    /// The name.
    pub topic: String,
}

wordless!(RenameTopic { room, mid, topic });
wordless!(MoveMessages { room, mid, of });
wordless!(TopicWords {});
