//! Messages, questions, and what moderators do.

use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::identity::Profile;
use wardroom_protocol::ids::{Lane, LogName, Mid, PrincipalId};
use wardroom_protocol::limits;
use wardroom_protocol::message::{
    AboutMessage, Edit, Hide, Post, React, ReasonWords, Redact, Report, Retract,
};
use wardroom_protocol::question::{AcceptAnswer, MarkQuestion, QuestionState};

use super::words::Words;
use super::{Show, Spoken, Writes, card_only, json, with_reason};
use crate::domain::access::Action;
use crate::domain::{Command, message, moderation, question};
use crate::entry::{announce_of, kind_of, reaction_of};
use crate::guard::Rule;
use crate::seal::LogKeys;

const REASON: Rule = Rule::Note(limits::REASON_CHARS);

fn tags(tags: &[String], show: Show<'_>) {
    for tag in tags {
        show("/d/tags", Rule::Name(limits::TAG_CHARS), tag);
    }
}

fn few_tags(tags: &[String]) -> Result<(), WireError> {
    if tags.len() > limits::TAGS {
        let message = format!("a message has at most {} tags", limits::TAGS);
        return Err(WireError::new(ErrorCode::TooLarge, message).at("/d/tags"));
    }
    Ok(())
}

impl Writes for Post {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        if self.origin.is_some() { Action::PostAs } else { Action::Post }
    }

    fn command(&self, _op: &str, keys: &LogKeys) -> Option<Command> {
        Some(Command::Message(message::Command::Post {
            topic: keys.topic_id(&self.topic),
            kind: kind_of(self.kind)?,
            reply_to: self.reply_to,
            after: self.after,
            origin: self.origin.as_ref().map(|origin| keys.origin(&origin.author)),
            mentions: self.mentions.clone(),
            announce: self.announce.as_ref().map(announce_of),
        }))
    }

    fn show(&self, show: Show<'_>) {
        show("/d/topic", Rule::Name(limits::NAME_CHARS), &self.topic);
        show("/d/body", Rule::Text(limits::INBOUND_FRAME), &self.body);
        tags(&self.tags, show);
        if let Some(origin) = &self.origin {
            show("/d/origin/author", Rule::Name(limits::NAME_CHARS), &origin.author);
        }
    }

    fn sizes(&self) -> Result<(), WireError> {
        if self.mentions.len() > limits::MENTIONS {
            let message = format!("a message names at most {} people", limits::MENTIONS);
            return Err(WireError::new(ErrorCode::TooLarge, message).at("/d/mentions"));
        }
        few_tags(&self.tags)
    }

    fn people(&self) -> (&'static str, &[PrincipalId]) {
        ("/d/mentions", &self.mentions)
    }

    fn compared(&mut self) {
        // When the outbox chains by `after` is no part of what was said.
        self.after = None;
    }

    fn long_text(&mut self) -> Option<&mut String> {
        Some(&mut self.body)
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        let author = self.origin.map(|it| Profile { name: it.author, ..Profile::default() });
        let words = Words::by(author.as_ref().unwrap_or(card), self.topic.len() + self.body.len());
        let words = words.text("topic", &self.topic).text("body", &self.body);
        let open = words.texts("tags", &self.tags).end();
        Some(Spoken { open, name: Some(self.topic.into()) })
    }
}

impl Writes for Edit {
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
        Some(Command::Message(message::Command::Edit { of: self.of }))
    }

    fn show(&self, show: Show<'_>) {
        show("/d/body", Rule::Text(limits::INBOUND_FRAME), &self.body);
        tags(&self.tags, show);
    }

    fn sizes(&self) -> Result<(), WireError> {
        few_tags(&self.tags)
    }

    fn long_text(&mut self) -> Option<&mut String> {
        Some(&mut self.body)
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        let words = Words::by(card, self.body.len()).text("body", &self.body);
        Some(Spoken { open: words.texts("tags", &self.tags).end(), name: None })
    }
}

impl Writes for Retract {
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
        Some(Command::Message(message::Command::Retract {
            of: self.of,
            worded: self.reason.is_some(),
        }))
    }

    fn show(&self, show: Show<'_>) {
        if let Some(reason) = &self.reason {
            show("/d/reason", REASON, reason);
        }
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(with_reason(card, self.reason))
    }
}

impl Writes for React {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Post
    }

    fn command(&self, op: &str, _keys: &LogKeys) -> Option<Command> {
        let (of, reaction) = (self.of, reaction_of(self.reaction)?);
        let on = op == "message.react";
        Some(Command::Message(message::Command::React { of, reaction, on }))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}

impl Writes for AboutMessage {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Read
    }

    fn command(&self, op: &str, _keys: &LogKeys) -> Option<Command> {
        let of = self.of;
        Some(match op {
            "message.pin" => Command::Message(message::Command::Pin { of, on: true }),
            "message.unpin" => Command::Message(message::Command::Pin { of, on: false }),
            "announcement.ack" => Command::Message(message::Command::Ack { of }),
            "message.release" => {
                Command::Moderation(moderation::Command::Release { of, held: None })
            }
            _ => return None,
        })
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}

impl Writes for AcceptAnswer {
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
        let (of, answer) = (self.of, self.answer);
        Some(Command::Question(question::Command::Accept { of, answer }))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}

impl Writes for MarkQuestion {
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
        let needs_info = match self.state {
            QuestionState::Open => false,
            QuestionState::NeedsInfo => true,
            _ => return None,
        };
        Some(Command::Question(question::Command::Mark { of: self.of, needs_info }))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}

/// Redact, hide and report say why.
macro_rules! reasoned {
    ($body:ident, $command:ident, $action:ident) => {
        impl Writes for $body {
            fn room(&self) -> LogName {
                self.room.clone()
            }

            fn mid(&self) -> Mid {
                self.mid
            }

            fn action(&self) -> Action {
                Action::$action
            }

            fn target(&self, _me: &PrincipalId) -> LogName {
                let lane = self.room.room().filter(|_| Action::$action == Action::Report);
                lane.map_or_else(|| self.room.clone(), |room| room.lane(Lane::Moderators))
            }

            fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
                Some(Command::Moderation(moderation::Command::$command { of: self.of }))
            }

            fn show(&self, show: Show<'_>) {
                show("/d/reason", REASON, &self.reason);
            }

            fn words(self, card: &Profile) -> Option<Spoken> {
                let words = ReasonWords { card: card.clone(), reason: self.reason };
                Some(Spoken { open: json(&words), name: None })
            }
        }
    };
}

reasoned!(Redact, Redact, Moderate);
reasoned!(Hide, Hide, Moderate);
reasoned!(Report, Report, Report);
