//! From the wire's typed bodies to submissions: screened first, then sealed. A file per noun.

mod member;
mod message;
mod room;
mod topic;
mod words;

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wardroom_protocol::code::WireError;
use wardroom_protocol::identity::Profile;
use wardroom_protocol::ids::{LogName, Mid, PrincipalId};
use wardroom_protocol::mailbox::MarkRead;

use crate::domain::access::Action;
use crate::domain::{Command, mailbox};
use crate::entry::RECORD_VERSION;
use crate::guard::{self, Rule, Screened};
use crate::identity::Known;
use crate::room::{Submission, Worded};
use crate::seal::{Binding, Keyring, LogKeys};

/// Shows a text to the guard: its field, its rule, itself.
pub(super) type Show<'a> = &'a mut dyn FnMut(&'static str, Rule, &str);

/// A body that becomes an entry of a log.
pub(super) trait Writes: DeserializeOwned + Serialize + Send + 'static {
    /// The log that the body names; lanes are written through their room.
    fn room(&self) -> LogName;

    /// The identity of the act.
    fn mid(&self) -> Mid;

    /// What it takes at least, checked before anything is sealed. The room decides again.
    fn action(&self) -> Action;

    /// What is asked, facts only, with the keys of the log it goes to; a body may serve several ops.
    /// `None`: it holds a word of a closed list that this version does not know.
    fn command(&self, op: &str, keys: &LogKeys) -> Option<Command>;

    /// The log that its entry goes to, as far as is known before the room decides.
    fn target(&self, me: &PrincipalId) -> LogName {
        let _ = me;
        self.room()
    }

    /// Shows every text. One that is not shown is not screened.
    fn show(&self, show: Show<'_>) {
        let _ = show;
    }

    /// Sizes that no other type sees to.
    fn sizes(&self) -> Result<(), WireError> {
        Ok(())
    }

    /// People it names, and the field that does.
    fn people(&self) -> (&'static str, &[PrincipalId]) {
        ("", &[])
    }

    /// What is compared when its mid returns: the body without what is not part of the act.
    fn compared(&mut self) {}

    /// The text that makes up most of it, if it has one: compared as it is and not as JSON, which would
    /// be made for nothing else.
    fn long_text(&mut self) -> Option<&mut String> {
        None
    }

    /// The words; `None` if the entry has none.
    fn words(self, card: &Profile) -> Option<Spoken>;
}

/// Words before they are sealed.
pub(super) struct Spoken {
    /// As they read: JSON.
    pub(super) open: Vec<u8>,
    /// The name among them, if there is one: a title, or a topic's.
    pub(super) name: Option<Arc<str>>,
}

/// A body together with nothing else: what the guard looks at.
pub(super) struct Body<T>(pub(super) T);

impl<T: Writes> guard::Worded for Body<T> {
    fn words(&self, show: &mut dyn FnMut(&'static str, Rule, &str)) {
        self.0.show(show);
    }
}

/// The author of a submission, and the keys to seal it with.
pub(super) struct Author<'a> {
    pub(super) known: &'a Known,
    pub(super) keys: &'a Keyring,
}

impl Author<'_> {
    /// Hashes, seals, and leaves the facts for the room. `None`: see [`Writes::command`].
    pub(super) fn submit<T: Writes>(
        &self,
        op: &str,
        body: Screened<Body<T>>,
    ) -> Option<Screened<Submission>> {
        let me = &self.known.principal.id;
        let log = body.get().0.target(me);
        let keys = self.keys.of_log(&log);
        let command = body.get().0.command(op, &keys)?;
        Some(body.map(|Body(mut body)| {
            body.compared();
            let text = body.long_text().map(std::mem::take);
            let submit = keys.submit_hash(op, &json(&body), text.as_deref());
            if let (Some(place), Some(text)) = (body.long_text(), text) {
                *place = text;
            }
            let mid = body.mid();
            let words = body.words(&self.known.card).map(|Spoken { open, name }| {
                let binding = Binding { log: &log, mid: &mid, by: me, version: RECORD_VERSION };
                let sealed = keys.seal(binding, &open);
                Worded { sealed, log: log.clone(), open: open.into(), name }
            });
            let principal = Arc::clone(&self.known.principal);
            Submission { principal, mid, command, submit, words }
        }))
    }
}

impl Writes for MarkRead {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Read
    }

    fn target(&self, me: &PrincipalId) -> LogName {
        LogName::mailbox(me)
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        let (room, ranges) = (self.room.clone(), self.ranges.clone());
        Some(Command::Mailbox(mailbox::Command::MarkRead { room, ranges }))
    }

    fn words(self, _card: &Profile) -> Option<Spoken> {
        None
    }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    // Most fit; growing from serde's own beginning took as long as writing.
    let mut out = Vec::with_capacity(768);
    serde_json::to_writer(&mut out, value).expect("a body has string keys and no floats");
    out
}

/// Words that say who acted and nothing else.
fn card_only(card: &Profile) -> Spoken {
    let card = card.clone();
    Spoken { open: json(&wardroom_protocol::message::CardWords { card }), name: None }
}

/// Words that say who acted, and why if they said so.
fn with_reason(card: &Profile, reason: Option<String>) -> Spoken {
    let card = card.clone();
    let words = wardroom_protocol::message::MaybeReasonWords { card, reason };
    Spoken { open: json(&words), name: None }
}
