//! Facts: the domain's events as JSON, and back. The one place where op names meet events; a file
//! per noun.

mod mailbox;
mod member;
mod message;
mod room;
mod topic;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wardroom_protocol::{identity, op};

pub use member::{role_of, role_out};
pub use message::{announce_of, kind_of, reaction_of};
pub use room::{class_of, class_out, join_of, join_out, posting_of, posting_out};

use super::Header;
use crate::domain::Event;

/// Why a record's facts cannot be folded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The op, or this version of it, is newer than this program, and not flagged optional.
    #[error("the log holds an entry of a newer version ({op} v{version}); upgrade this node")]
    UpgradeNeeded {
        /// The op.
        op: Box<str>,
        /// Its version.
        version: u8,
    },
    /// The facts are not what the op holds, though their checksum is right.
    #[error("the facts of an entry {op} do not read as what the op holds")]
    Facts {
        /// The op.
        op: Box<str>,
    },
}

/// The version of facts that this program writes.
const OP_VERSION: u8 = 1;

/// The op of an event.
#[must_use]
pub fn op_of(event: &Event) -> (&'static str, u8) {
    let name = match event {
        Event::RoomRegistered(..) => "room.registered",
        Event::RoomCreated(_) => "room.created",
        Event::Room(event) => room::op(event),
        Event::Member(event) => member::op(event),
        Event::Message(event) => message::op(event),
        Event::Question(event) => message::question_op(event),
        Event::Moderation(event) => message::moderation_op(event),
        Event::Topic(event) => topic::op(event),
        Event::Mailbox(event) => mailbox::op(event),
        Event::PrincipalRegistered { .. } => "principal.registered",
    };
    (name, OP_VERSION)
}

/// Whether the registry says that this op takes an ordinal.
#[must_use]
pub fn counts(op: &str) -> bool {
    op::find(op::Kind::Entry, op).is_some_and(|op| op.counts)
}

/// An event's facts as JSON.
#[must_use]
pub fn facts(event: &Event) -> Vec<u8> {
    match event {
        Event::RoomRegistered(slug, founding) => json(&room::registered(slug, founding)),
        Event::RoomCreated(founding) => json(&room::created(founding)),
        Event::Room(event) => room::facts(event),
        Event::Member(event) => member::facts(event),
        Event::Message(event) => message::facts(event),
        Event::Question(event) => message::question_facts(event),
        Event::Moderation(event) => message::moderation_facts(event),
        Event::Topic(event) => topic::facts(event),
        Event::Mailbox(event) => mailbox::facts(event),
        Event::PrincipalRegistered { principal } => {
            json(&identity::PrincipalRegistered { principal: principal.clone() })
        }
    }
}

/// An op with its facts, wherever they stand.
#[derive(Clone, Copy)]
struct Facts<'a> {
    op: &'a str,
    json: &'a [u8],
}

/// The event that an op of this version and its facts are; `None`: this version does not know it.
pub fn event_of(op: &str, facts: &[u8]) -> Result<Option<Event>, Unreadable> {
    let facts = Facts { op, json: facts };
    match op.split('.').next().unwrap_or_default() {
        "room" => room::event(facts),
        "member" => member::event(facts),
        "message" | "announcement" | "answer" | "question" => message::event(facts),
        "topic" => topic::event(facts),
        "notification" | "read" => mailbox::event(facts),
        "principal" if op == "principal.registered" => {
            let identity::PrincipalRegistered { principal } = parse(facts)?;
            Ok(Some(Event::PrincipalRegistered { principal }))
        }
        _ => Ok(None),
    }
}

/// The event in a record. `None`: unknown and optional, folds as nothing.
pub fn event(header: &Header) -> Result<Option<Event>, Unreadable> {
    if header.op_version == OP_VERSION
        && let Some(event) = event_of(&header.op, &header.facts)?
    {
        return Ok(Some(event));
    }
    if header.optional {
        return Ok(None);
    }
    Err(Unreadable::UpgradeNeeded { op: header.op.clone(), version: header.op_version })
}

fn json<T: Serialize>(facts: &T) -> Vec<u8> {
    serde_json::to_vec(facts).expect("facts have string keys and no floats")
}

fn parse<T: DeserializeOwned>(facts: Facts<'_>) -> Result<T, Unreadable> {
    serde_json::from_slice(facts.json).map_err(|_| wrong(facts))
}

fn wrong(facts: Facts<'_>) -> Unreadable {
    Unreadable::Facts { op: facts.op.into() }
}

/// What this version knows of a word of a closed list.
fn known<T>(word: Option<T>, facts: Facts<'_>) -> Result<T, Unreadable> {
    word.ok_or_else(|| wrong(facts))
}
