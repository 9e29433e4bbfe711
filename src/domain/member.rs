//! Membership: who belongs to a room, as what, and how one gets in and out.

use wardroom_protocol::ids::{Lane, Mid, PrincipalId};

use super::access::{Access, Action, RoomRole, Standing};
use super::room::Asked;
use super::{Act, Event as AnyEvent, Refusal, What};

/// What somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take somebody in.
    Invite {
        /// Who.
        person: PrincipalId,
        /// As what.
        role: RoomRole,
    },
    /// Ask to be let in.
    Knock,
    /// Let in who knocked.
    Admit {
        /// The knock.
        of: Mid,
    },
    /// Belong to it no more.
    Leave,
    /// Take somebody out.
    Remove {
        /// Who.
        person: PrincipalId,
        /// Whether they stay out.
        ban: bool,
    },
    /// Say what a member is.
    SetRole {
        /// Who.
        person: PrincipalId,
        /// What.
        role: RoomRole,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody was taken in.
    Invited(PrincipalId, RoomRole),
    /// Lane: somebody asks to be let in.
    Knocked(PrincipalId),
    /// Somebody who knocked was let in.
    Admitted(PrincipalId, RoomRole),
    /// Somebody belongs to it no more.
    Left(PrincipalId),
    /// Somebody was taken out.
    Removed {
        /// Who.
        person: PrincipalId,
        /// Whether they stay out.
        ban: bool,
    },
    /// Somebody is something else.
    RoleSet(PrincipalId, RoomRole),
}

impl Command {
    /// The entries of the lane it names.
    pub(super) fn names_in_lane(&self) -> Vec<Mid> {
        match self {
            Self::Admit { of } => vec![*of],
            _ => Vec::new(),
        }
    }

    pub(super) fn decide(&self, asked: &Asked<'_>) -> Result<Vec<Act>, Refusal> {
        let access = &asked.room.access;
        let me = &asked.principal.id;
        // Whoever is to read no more is to read no more of an archive either.
        if !matches!(self, Self::Leave | Self::Remove { .. }) {
            asked.open()?;
        }
        let event = match self {
            Self::Invite { person, role } => {
                asked.may(Action::Admit)?;
                if *role != RoomRole::Member {
                    asked.may(Action::Govern)?;
                }
                if access.role(person).is_some() {
                    return Err(Refusal::AlreadyIn);
                }
                Event::Invited(person.clone(), *role)
            }
            Self::Knock => {
                asked.may(Action::Knock)?;
                if asked.may(Action::Read).is_ok() {
                    return Err(Refusal::AlreadyIn);
                }
                let event = AnyEvent::Member(Event::Knocked(me.clone()));
                return Ok(vec![Act { lane: Some(Lane::Moderators), ..Act::own(event) }]);
            }
            Self::Admit { of } => {
                asked.may(Action::Admit)?;
                let knock = asked.rows.in_lane(of).filter(|row| row.what == What::Knock);
                let knock = knock.ok_or(Refusal::UnknownMessage { field: "/d/of" })?;
                if access.role(&knock.by).is_some() {
                    return Err(Refusal::AlreadyIn);
                }
                Event::Admitted(knock.by.clone(), RoomRole::Member)
            }
            Self::Leave => {
                asked.may(Action::Leave)?;
                let role = access.role(me).ok_or(Refusal::NotMember)?;
                keeps_an_owner(access, me, role)?;
                Event::Left(me.clone())
            }
            Self::Remove { person, ban } => {
                asked.may(Action::Admit)?;
                let role = access.role(person);
                match role {
                    None if !ban => return Err(Refusal::UnknownPerson),
                    None | Some(RoomRole::Member) => {}
                    // Moderators do not take each other out.
                    Some(role) => {
                        asked.may(Action::Govern)?;
                        keeps_an_owner(access, person, role)?;
                    }
                }
                Event::Removed { person: person.clone(), ban: *ban }
            }
            Self::SetRole { person, role } => {
                asked.may(Action::Govern)?;
                let before = access.role(person).ok_or(Refusal::UnknownPerson)?;
                if *role != RoomRole::Owner {
                    keeps_an_owner(access, person, before)?;
                }
                Event::RoleSet(person.clone(), *role)
            }
        };
        Ok(vec![Act::own(AnyEvent::Member(event))])
    }
}

/// A room keeps its last owner, or nobody could govern it.
fn keeps_an_owner(access: &Access, person: &PrincipalId, role: RoomRole) -> Result<(), Refusal> {
    let owner = Standing::Member(RoomRole::Owner);
    let others = access.people.iter().any(|(id, standing)| id != person && *standing == owner);
    if role == RoomRole::Owner && !others { Err(Refusal::LastOwner) } else { Ok(()) }
}

impl Event {
    /// Whether somebody may do less after it.
    #[must_use]
    pub fn restricts(&self) -> bool {
        matches!(self, Self::Left(_) | Self::Removed { .. } | Self::RoleSet(..))
    }

    pub(super) fn apply(&self, access: &mut Access) {
        match self {
            Self::Invited(person, role)
            | Self::Admitted(person, role)
            | Self::RoleSet(person, role) => {
                access.people.insert(person.clone(), Standing::Member(*role));
            }
            Self::Left(person) | Self::Removed { person, ban: false } => {
                access.people.remove(person);
            }
            Self::Removed { person, ban: true } => {
                access.people.insert(person.clone(), Standing::Banned);
            }
            Self::Knocked(_) => {}
        }
    }
}
