//! Questions: open, answered, or waiting for more from who asked.

use serde::{Deserialize, Serialize};

use crate::ids::{LogName, Mid, TopicId};

/// `answer.accept`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AcceptAnswer {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The question.
    pub of: Mid,
    /// The message that answers it.
    pub answer: Mid,
}

/// Where a question stands when no answer is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuestionState {
    /// It waits for an answer.
    Open,
    /// Nobody can answer before its author adds something.
    NeedsInfo,
}

/// `question.mark`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MarkQuestion {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The question.
    pub of: Mid,
    /// Where it stands now. An answer accepted before is not any more.
    pub state: QuestionState,
}

/// Facts of `answer.accepted`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Accepted {
    /// The question.
    pub of: Mid,
    /// Its seq in the room.
    pub seq: u64,
    /// Its topic.
    pub topic: TopicId,
    /// The message that answers it.
    pub answer: Mid,
}

/// Facts of `question.marked`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Marked {
    /// The question.
    pub of: Mid,
    /// Its seq in the room.
    pub seq: u64,
    /// Its topic.
    pub topic: TopicId,
    /// Where it stands now.
    pub state: QuestionState,
}
