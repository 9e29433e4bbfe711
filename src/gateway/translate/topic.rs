//! Topics.

use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::identity::Profile;
use wardroom_protocol::ids::{LogName, Mid};
use wardroom_protocol::limits;
use wardroom_protocol::topic::{MergeTopics, MoveMessages, RenameTopic, ResolveTopic, TopicWords};

use super::{Show, Spoken, Writes, card_only, json};
use crate::domain::access::Action;
use crate::domain::{Command, topic};
use crate::guard::Rule;
use crate::seal::LogKeys;

fn named(card: &Profile, name: String) -> Spoken {
    let known = name.as_str().into();
    let words = TopicWords { card: card.clone(), topic: name };
    Spoken { open: json(&words), name: Some(known) }
}

impl Writes for RenameTopic {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Post
    }

    fn command(&self, _op: &str, keys: &LogKeys) -> Option<Command> {
        let alias = keys.topic_id(&self.name);
        Some(Command::Topic(topic::Command::Rename { topic: self.topic, alias }))
    }

    fn show(&self, show: Show<'_>) {
        show("/d/name", Rule::Name(limits::NAME_CHARS), &self.name);
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(named(card, self.name))
    }
}

impl Writes for ResolveTopic {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Post
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        let (topic, resolved) = (self.topic, self.resolved);
        Some(Command::Topic(topic::Command::Resolve { topic, resolved }))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}

impl Writes for MoveMessages {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Moderate
    }

    fn command(&self, _op: &str, keys: &LogKeys) -> Option<Command> {
        let to = keys.topic_id(&self.to);
        Some(Command::Topic(topic::Command::Move { of: self.of.clone(), to }))
    }

    fn show(&self, show: Show<'_>) {
        show("/d/to", Rule::Name(limits::NAME_CHARS), &self.to);
    }

    fn sizes(&self) -> Result<(), WireError> {
        if self.of.is_empty() || self.of.len() > limits::MOVES {
            let message = format!("one command moves 1 to {} messages", limits::MOVES);
            return Err(WireError::new(ErrorCode::TooLarge, message).at("/d/of"));
        }
        Ok(())
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(named(card, self.to))
    }
}

impl Writes for MergeTopics {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Moderate
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        let (topic, into) = (self.topic, self.into);
        Some(Command::Topic(topic::Command::Merge { topic, into }))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}
