//! From the wire's typed bodies to submissions: screened first, then sealed. Total both ways.

use std::sync::Arc;

use serde::Serialize;
use wardroom_protocol::ids::{Lane, LogName, Mid};
use wardroom_protocol::message::{Post, PostedWords, ReasonWords, Redact, Report};
use wardroom_protocol::room::{CreateRoom, TitleWords};
use wardroom_protocol::{identity::Profile, limits};

use crate::domain::Command;
use crate::entry::{RECORD_VERSION, class_of, kind_of};
use crate::guard::{self, Rule, Screened};
use crate::identity::Known;
use crate::room::{Submission, Worded};
use crate::seal::{Binding, Keyring};

/// A body together with nothing else: what the guard looks at.
pub(super) struct Body<T>(pub(super) T);

impl guard::Worded for Body<Post> {
    fn words(&self, show: &mut dyn FnMut(&'static str, Rule, &str)) {
        show("/d/topic", Rule::Name(limits::NAME_CHARS), &self.0.topic);
        show("/d/body", Rule::Text(limits::INBOUND_FRAME), &self.0.body);
        for tag in &self.0.tags {
            show("/d/tags", Rule::Name(limits::TAG_CHARS), tag);
        }
        if let Some(origin) = &self.0.origin {
            show("/d/origin/author", Rule::Name(limits::NAME_CHARS), &origin.author);
        }
    }
}

impl guard::Worded for Body<Redact> {
    fn words(&self, show: &mut dyn FnMut(&'static str, Rule, &str)) {
        show("/d/reason", Rule::Note(limits::REASON_CHARS), &self.0.reason);
    }
}

impl guard::Worded for Body<Report> {
    fn words(&self, show: &mut dyn FnMut(&'static str, Rule, &str)) {
        show("/d/reason", Rule::Note(limits::REASON_CHARS), &self.0.reason);
    }
}

impl guard::Worded for Body<CreateRoom> {
    fn words(&self, show: &mut dyn FnMut(&'static str, Rule, &str)) {
        show("/d/title", Rule::Name(limits::NAME_CHARS), &self.0.title);
    }
}

/// The author of a submission, and the keys to seal it with.
pub(super) struct Author<'a> {
    pub(super) known: &'a Known,
    pub(super) keys: &'a Keyring,
}

impl Author<'_> {
    /// `None`: a kind that this version does not know.
    pub(super) fn post(&self, post: Screened<Body<Post>>) -> Option<Screened<Submission>> {
        let body = &post.get().0;
        let log = body.room.clone();
        let command = Command::Post {
            topic: self.keys.topic_id(&log, &body.topic),
            kind: kind_of(body.kind)?,
            reply_to: body.reply_to,
            after: body.after,
            origin: body.origin.as_ref().map(|origin| self.keys.origin(&log, &origin.author)),
        };
        Some(post.map(|Body(mut body)| {
            // When the outbox chains by `after` is no part of what was said.
            body.after = None;
            let submit = self.submit(&log, "message.post", &body);
            let card = match body.origin {
                Some(origin) => Profile { name: origin.author, ..Profile::default() },
                None => self.known.card.clone(),
            };
            let name = body.topic.as_str().into();
            let words = PostedWords { card, topic: body.topic, body: body.body, tags: body.tags };
            self.submission(&log, body.mid, command, submit, &words, Some(name))
        }))
    }

    pub(super) fn redact(&self, redact: Screened<Body<Redact>>) -> Screened<Submission> {
        redact.map(|Body(body)| {
            let log = body.room.clone();
            let submit = self.submit(&log, "message.redact", &body);
            let command = Command::Redact { of: body.of };
            let words = ReasonWords { card: self.known.card.clone(), reason: body.reason };
            self.submission(&log, body.mid, command, submit, &words, None)
        })
    }

    /// `None`: the log is no room and has no lane.
    pub(super) fn report(&self, report: Screened<Body<Report>>) -> Option<Screened<Submission>> {
        let lane = report.get().0.room.room()?.lane(Lane::Moderators);
        Some(report.map(|Body(body)| {
            let submit = self.submit(&lane, "message.report", &body);
            let command = Command::Report { of: body.of };
            let words = ReasonWords { card: self.known.card.clone(), reason: body.reason };
            self.submission(&lane, body.mid, command, submit, &words, None)
        }))
    }

    /// `None`: a class that this version does not know.
    pub(super) fn create(
        &self,
        create: Screened<Body<CreateRoom>>,
    ) -> Option<Screened<Submission>> {
        let body = &create.get().0;
        let command = Command::RegisterRoom {
            room: body.room.clone(),
            class: class_of(body.class)?,
            specialty: body.specialty.clone(),
        };
        let log = LogName::directory();
        Some(create.map(|Body(body)| {
            let submit = self.submit(&log, "room.create", &body);
            let name = body.title.as_str().into();
            let words = TitleWords { card: self.known.card.clone(), title: body.title };
            self.submission(&log, body.mid, command, submit, &words, Some(name))
        }))
    }

    fn submit<T: Serialize>(&self, log: &LogName, op: &str, body: &T) -> [u8; 32] {
        self.keys.submit_hash(log, op, &json(body))
    }

    fn submission<T: Serialize>(
        &self,
        log: &LogName,
        mid: Mid,
        command: Command,
        submit: [u8; 32],
        words: &T,
        name: Option<Arc<str>>,
    ) -> Submission {
        let open = json(words);
        let by = &self.known.principal.id;
        let binding = Binding { log, mid: &mid, by, version: RECORD_VERSION };
        let sealed = self.keys.seal(binding, &open);
        Submission {
            principal: Arc::clone(&self.known.principal),
            mid,
            command,
            submit,
            words: Worded { sealed, open: open.into(), name },
        }
    }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("a body has string keys and no floats")
}
