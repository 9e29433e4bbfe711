//! Rooms as a whole.

use wardroom_protocol::ids::RoomId;
use wardroom_protocol::room as wire;

use super::{Facts, json, known, parse};
use crate::domain::access::{JoinPolicy, Posting};
use crate::domain::room::Event;
use crate::domain::{Class, Event as AnyEvent, Founding};
use crate::entry::Unreadable;

pub(super) fn op(event: &Event) -> &'static str {
    match event {
        Event::PolicySet { .. } => "room.policy_set",
        Event::Archived { .. } => "room.archived",
    }
}

pub(super) fn facts(event: &Event) -> Vec<u8> {
    match event {
        Event::PolicySet { join, posting } => {
            json(&wire::PolicySet { join: join.map(join_out), posting: posting.map(posting_out) })
        }
        Event::Archived { archived } => json(&wire::Archived { archived: *archived }),
    }
}

pub(super) fn registered(room: &RoomId, founding: &Founding) -> wire::Registered {
    let Founding { class, specialty, join, with } = founding.clone();
    let (class, join) = (class_out(class), join_out(join));
    wire::Registered { room: room.clone(), class, specialty, join, with }
}

pub(super) fn created(founding: &Founding) -> wire::Created {
    let Founding { class, specialty, join, with } = founding.clone();
    wire::Created { class: class_out(class), specialty, join: join_out(join), with }
}

pub(super) fn event(facts: Facts<'_>) -> Result<Option<AnyEvent>, Unreadable> {
    Ok(Some(match facts.op {
        "room.registered" => {
            let wire::Registered { room, class, specialty, join, with } = parse(facts)?;
            let class = known(class_of(class), facts)?;
            let join = known(join_of(join), facts)?;
            AnyEvent::RoomRegistered(room, Founding { class, specialty, join, with })
        }
        "room.created" => {
            let wire::Created { class, specialty, join, with } = parse(facts)?;
            let class = known(class_of(class), facts)?;
            let join = known(join_of(join), facts)?;
            AnyEvent::RoomCreated(Founding { class, specialty, join, with })
        }
        "room.policy_set" => {
            let wire::PolicySet { join, posting } = parse(facts)?;
            let join = join.map(|join| known(join_of(join), facts)).transpose()?;
            let posting = posting.map(|posting| known(posting_of(posting), facts)).transpose()?;
            AnyEvent::Room(Event::PolicySet { join, posting })
        }
        "room.archived" => {
            let wire::Archived { archived } = parse(facts)?;
            AnyEvent::Room(Event::Archived { archived })
        }
        _ => return Ok(None),
    }))
}

/// The wire's word for a class.
#[must_use]
pub fn class_out(class: Class) -> wire::Class {
    match class {
        Class::Discussion => wire::Class::Discussion,
        Class::Case => wire::Class::Case,
        Class::Direct => wire::Class::Direct,
        Class::Mixed => wire::Class::Mixed,
    }
}

/// The domain's word for a class; `None` for one that this version does not know.
#[must_use]
pub fn class_of(class: wire::Class) -> Option<Class> {
    Some(match class {
        wire::Class::Discussion => Class::Discussion,
        wire::Class::Case => Class::Case,
        wire::Class::Direct => Class::Direct,
        wire::Class::Mixed => Class::Mixed,
        _ => return None,
    })
}

/// The wire's word for a way in.
#[must_use]
pub fn join_out(join: JoinPolicy) -> wire::JoinPolicy {
    match join {
        JoinPolicy::Open => wire::JoinPolicy::Open,
        JoinPolicy::Knock => wire::JoinPolicy::Knock,
        JoinPolicy::Invite => wire::JoinPolicy::Invite,
    }
}

/// The domain's word for a way in; `None` for one that this version does not know.
#[must_use]
pub fn join_of(join: wire::JoinPolicy) -> Option<JoinPolicy> {
    Some(match join {
        wire::JoinPolicy::Open => JoinPolicy::Open,
        wire::JoinPolicy::Knock => JoinPolicy::Knock,
        wire::JoinPolicy::Invite => JoinPolicy::Invite,
        _ => return None,
    })
}

/// The wire's word for what happens to posts.
#[must_use]
pub fn posting_out(posting: Posting) -> wire::Posting {
    match posting {
        Posting::Free => wire::Posting::Free,
        Posting::Held => wire::Posting::Held,
    }
}

/// The domain's word for what happens to posts; `None` for one that this version does not know.
#[must_use]
pub fn posting_of(posting: wire::Posting) -> Option<Posting> {
    Some(match posting {
        wire::Posting::Free => Posting::Free,
        wire::Posting::Held => Posting::Held,
        _ => return None,
    })
}
