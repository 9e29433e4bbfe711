//! Facts: the domain's events as JSON, and back. The one place where op names meet events.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wardroom_protocol::{identity, ids, message, op, room};

use super::Header;
use crate::domain::{Class, Event, Kind};

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
        Event::RoomRegistered { .. } => "room.registered",
        Event::RoomCreated { .. } => "room.created",
        Event::MessagePosted { .. } => "message.posted",
        Event::MessageRedacted { .. } => "message.redacted",
        Event::MessageReported { .. } => "message.reported",
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
    match event.clone() {
        Event::RoomRegistered { room, class, specialty } => {
            json(&room::Registered { room, class: class_out(class), specialty })
        }
        Event::RoomCreated { class, specialty } => {
            json(&room::Created { class: class_out(class), specialty })
        }
        Event::MessagePosted { topic, kind, reply_to, origin } => json(&message::Posted {
            topic,
            kind: kind_out(kind),
            reply_to,
            origin: origin.map(|hash| ids::hash_text(&hash)),
        }),
        Event::MessageRedacted { of, seq, topic } | Event::MessageReported { of, seq, topic } => {
            json(&message::About { of, seq, topic })
        }
        Event::PrincipalRegistered { principal } => {
            json(&identity::PrincipalRegistered { principal })
        }
    }
}

/// The event in a record. `None`: unknown and optional, folds as nothing.
pub fn event(header: &Header) -> Result<Option<Event>, Unreadable> {
    if header.op_version == OP_VERSION {
        let event = match &*header.op {
            "room.registered" => {
                let facts: room::Registered = parse(header)?;
                Some(Event::RoomRegistered {
                    room: facts.room,
                    class: class_in(facts.class, header)?,
                    specialty: facts.specialty,
                })
            }
            "room.created" => {
                let facts: room::Created = parse(header)?;
                Some(Event::RoomCreated {
                    class: class_in(facts.class, header)?,
                    specialty: facts.specialty,
                })
            }
            "message.posted" => {
                let facts: message::Posted = parse(header)?;
                let origin = facts.origin.map(|text| origin_in(&text, header)).transpose()?;
                Some(Event::MessagePosted {
                    topic: facts.topic,
                    kind: kind_in(facts.kind, header)?,
                    reply_to: facts.reply_to,
                    origin,
                })
            }
            "message.redacted" => {
                let message::About { of, seq, topic } = parse(header)?;
                Some(Event::MessageRedacted { of, seq, topic })
            }
            "message.reported" => {
                let message::About { of, seq, topic } = parse(header)?;
                Some(Event::MessageReported { of, seq, topic })
            }
            "principal.registered" => {
                let facts: identity::PrincipalRegistered = parse(header)?;
                Some(Event::PrincipalRegistered { principal: facts.principal })
            }
            _ => None,
        };
        if event.is_some() {
            return Ok(event);
        }
    }
    if header.optional {
        return Ok(None);
    }
    Err(Unreadable::UpgradeNeeded { op: header.op.clone(), version: header.op_version })
}

fn json<T: Serialize>(facts: &T) -> Vec<u8> {
    serde_json::to_vec(facts).expect("facts have string keys and no floats")
}

fn parse<T: DeserializeOwned>(header: &Header) -> Result<T, Unreadable> {
    serde_json::from_slice(&header.facts).map_err(|_| wrong(header))
}

fn wrong(header: &Header) -> Unreadable {
    Unreadable::Facts { op: header.op.clone() }
}

fn origin_in(text: &str, header: &Header) -> Result<[u8; 16], Unreadable> {
    // An origin is spelled like a topic id: sixteen bytes in base32.
    let hash: ids::TopicId = text.parse().map_err(|_| wrong(header))?;
    Ok(*hash.as_bytes())
}

/// The wire's word for a class.
#[must_use]
pub fn class_out(class: Class) -> room::Class {
    match class {
        Class::Discussion => room::Class::Discussion,
        Class::Case => room::Class::Case,
        Class::Direct => room::Class::Direct,
        Class::Mixed => room::Class::Mixed,
    }
}

fn class_in(class: room::Class, header: &Header) -> Result<Class, Unreadable> {
    class_of(class).ok_or_else(|| wrong(header))
}

/// The domain's word for a class; `None` for one that this version does not know.
#[must_use]
pub fn class_of(class: room::Class) -> Option<Class> {
    Some(match class {
        room::Class::Discussion => Class::Discussion,
        room::Class::Case => Class::Case,
        room::Class::Direct => Class::Direct,
        room::Class::Mixed => Class::Mixed,
        _ => return None,
    })
}

fn kind_out(kind: Kind) -> message::MessageKind {
    match kind {
        Kind::Message => message::MessageKind::Message,
        Kind::Question => message::MessageKind::Question,
        Kind::Answer => message::MessageKind::Answer,
        Kind::Announcement => message::MessageKind::Announcement,
    }
}

fn kind_in(kind: message::MessageKind, header: &Header) -> Result<Kind, Unreadable> {
    kind_of(kind).ok_or_else(|| wrong(header))
}

/// The domain's word for a message's kind; `None` for one that this version does not know.
#[must_use]
pub fn kind_of(kind: message::MessageKind) -> Option<Kind> {
    Some(match kind {
        message::MessageKind::Message => Kind::Message,
        message::MessageKind::Question => Kind::Question,
        message::MessageKind::Answer => Kind::Answer,
        message::MessageKind::Announcement => Kind::Announcement,
        _ => return None,
    })
}
