//! Membership.

use wardroom_protocol::member as wire;

use super::{Facts, json, known, parse};
use crate::domain::Event as AnyEvent;
use crate::domain::access::RoomRole;
use crate::domain::member::Event;
use crate::entry::Unreadable;

pub(super) fn op(event: &Event) -> &'static str {
    match event {
        Event::Invited(..) => "member.invited",
        Event::Knocked(_) => "member.knocked",
        Event::Admitted(..) => "member.admitted",
        Event::Left(_) => "member.left",
        Event::Removed { .. } => "member.removed",
        Event::RoleSet(..) => "member.role_set",
    }
}

pub(super) fn facts(event: &Event) -> Vec<u8> {
    match event.clone() {
        Event::Invited(person, role)
        | Event::Admitted(person, role)
        | Event::RoleSet(person, role) => json(&wire::Belongs { person, role: role_out(role) }),
        Event::Knocked(person) | Event::Left(person) => json(&wire::Person { person }),
        Event::Removed { person, ban } => json(&wire::Removed { person, ban }),
    }
}

pub(super) fn event(facts: Facts<'_>) -> Result<Option<AnyEvent>, Unreadable> {
    let belongs = || {
        let wire::Belongs { person, role } = parse(facts)?;
        Ok::<_, Unreadable>((person, known(role_of(role), facts)?))
    };
    let person = || Ok::<_, Unreadable>(parse::<wire::Person>(facts)?.person);
    Ok(Some(AnyEvent::Member(match facts.op {
        "member.invited" => belongs().map(|(person, role)| Event::Invited(person, role))?,
        "member.admitted" => belongs().map(|(person, role)| Event::Admitted(person, role))?,
        "member.role_set" => belongs().map(|(person, role)| Event::RoleSet(person, role))?,
        "member.knocked" => Event::Knocked(person()?),
        "member.left" => Event::Left(person()?),
        "member.removed" => {
            let wire::Removed { person, ban } = parse(facts)?;
            Event::Removed { person, ban }
        }
        _ => return Ok(None),
    })))
}

/// The wire's word for what a member is.
#[must_use]
pub fn role_out(role: RoomRole) -> wire::RoomRole {
    match role {
        RoomRole::Member => wire::RoomRole::Member,
        RoomRole::Moderator => wire::RoomRole::Moderator,
        RoomRole::Owner => wire::RoomRole::Owner,
    }
}

/// The domain's word for what a member is; `None` for one that this version does not know.
#[must_use]
pub fn role_of(role: wire::RoomRole) -> Option<RoomRole> {
    Some(match role {
        wire::RoomRole::Member => RoomRole::Member,
        wire::RoomRole::Moderator => RoomRole::Moderator,
        wire::RoomRole::Owner => RoomRole::Owner,
        _ => return None,
    })
}
