//! Questions: open, answered, or waiting for more from who asked.

use wardroom_protocol::ids::Mid;

use super::access::Action;
use super::message::About;
use super::room::Asked;
use super::{Act, Event as AnyEvent, Kind, Refusal};

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for an answer.
    Open,
    /// Nobody can answer before its author adds something.
    NeedsInfo,
    /// This message answers it.
    Answered(Mid),
}

/// What somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say which message answers a question.
    Accept {
        /// The question.
        of: Mid,
        /// The answer.
        answer: Mid,
    },
    /// Say that a question is open, or needs more.
    Mark {
        /// The question.
        of: Mid,
        /// Which of the two.
        needs_info: bool,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message answers a question.
    Accepted {
        /// The question.
        about: About,
        /// The answer.
        answer: Mid,
    },
    /// A question stands somewhere else.
    Marked {
        /// The question.
        about: About,
        /// Where.
        state: State,
    },
}

impl Command {
    /// The messages it names.
    pub(super) fn names(&self) -> Vec<Mid> {
        match self {
            Self::Accept { of, answer } => vec![*of, *answer],
            Self::Mark { of, .. } => vec![*of],
        }
    }

    pub(super) fn decide(&self, asked: &Asked<'_>) -> Result<Vec<Act>, Refusal> {
        asked.may(Action::Post)?;
        let (Self::Accept { of, .. } | Self::Mark { of, .. }) = self;
        let (row, facts, about) = asked.shown(of, "/d/of")?;
        if facts.kind != Kind::Question {
            return Err(Refusal::WrongKind { needs: "question" });
        }
        if row.by != asked.principal.id {
            asked.may(Action::Moderate)?;
        }
        let event = match self {
            Self::Accept { of, answer } => {
                if of == answer {
                    return Err(Refusal::UnknownMessage { field: "/d/answer" });
                }
                asked.shown(answer, "/d/answer")?;
                Event::Accepted { about, answer: *answer }
            }
            Self::Mark { needs_info, .. } => {
                let state = if *needs_info { State::NeedsInfo } else { State::Open };
                Event::Marked { about, state }
            }
        };
        Ok(vec![Act::own(AnyEvent::Question(event))])
    }
}

impl Event {
    /// The question.
    #[must_use]
    pub fn about(&self) -> &About {
        let (Self::Accepted { about, .. } | Self::Marked { about, .. }) = self;
        about
    }
}
