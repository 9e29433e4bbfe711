//! Who may do what. Deny by default: what the table does not grant is refused.
//!
//! What somebody may do in a room follows from their [`Rank`] there, and that from the room's own
//! entries (membership, policy), its class, and the roles their token grants.

use std::collections::{BTreeMap, BTreeSet};

use wardroom_protocol::ids::{Lane, PrincipalId};

use super::{Class, Refusal};

/// A role that a token grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Keeps order in every discussion room, and founds them.
    Moderator,
    /// Brings in what was said elsewhere, in its authors' names.
    Import,
}

impl Role {
    /// The role with this name; unknown names grant nothing.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "moderator" => Some(Self::Moderator),
            "import" => Some(Self::Import),
            _ => None,
        }
    }
}

/// Who acts: a person, bot or service, with what it was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The opaque id that entries carry.
    pub id: PrincipalId,
    /// The roles.
    pub roles: BTreeSet<Role>,
}

/// What a member of a room is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoomRole {
    /// Reads and writes.
    Member,
    /// Keeps order.
    Moderator,
    /// Decides who keeps order, and what the room is.
    Owner,
}

/// How one gets into a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinPolicy {
    /// Whoever may know of it is in.
    #[default]
    Open,
    /// Everybody may know of it; one asks to get in.
    Knock,
    /// Only who was invited knows of it.
    Invite,
}

/// What happens to what members post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Posting {
    /// It stands at once.
    #[default]
    Free,
    /// A moderator looks at it first.
    Held,
}

/// Where a person stands with a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Belongs to it.
    Member(RoomRole),
    /// Stays out, even if it is open.
    Banned,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Learn that the room exists.
    List,
    /// Join, read history, list topics.
    Read,
    /// Read a lane of the room.
    ReadLane(Lane),
    /// Post, react, edit one's own, and show that one is writing.
    Post,
    /// Post in another author's name.
    PostAs,
    /// Post what everybody is to notice.
    Announce,
    /// Point the moderators to a message.
    Report,
    /// Keep a message in sight.
    Pin,
    /// Hide, release, erase, move and merge; settle others' topics and questions.
    Moderate,
    /// Ask to be let in.
    Knock,
    /// Take people in and out.
    Admit,
    /// Belong to it no more.
    Leave,
    /// Say what members are, what the room's policy is, whether it is archived.
    Govern,
    /// Found a room of this class.
    Create,
}

/// What one is in a room, ascending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Stays out.
    Banned,
    /// Has nothing to do with it.
    Stranger,
    /// In, because it is open.
    Guest,
    /// Belongs to it.
    Member,
    /// Keeps order.
    Moderator,
    /// Decides what the room is.
    Owner,
}

/// What a rule asks for.
enum Needs {
    /// A valid token.
    Token,
    /// This rank or a higher one.
    Rank(Rank),
    /// This role of the token, and to be in the room.
    Role(Role),
    /// Nobody has it.
    Nobody,
}

/// The table: one line per action. `case` and `mixed` rooms grant nothing until their own rules exist.
fn table(action: Action, class: Class, join: JoinPolicy) -> Needs {
    use Action::{
        Admit, Announce, Create, Govern, Knock, Leave, List, Moderate, Pin, Post, PostAs, Read,
        ReadLane, Report,
    };
    match (class, action) {
        (Class::Discussion, List | Knock) if join != JoinPolicy::Invite => {
            Needs::Rank(Rank::Stranger)
        }
        (Class::Discussion, List | Read | Post | Report) => Needs::Rank(Rank::Guest),
        (Class::Discussion, PostAs) => Needs::Role(Role::Import),
        (Class::Discussion, Announce | Pin | Moderate | Admit | ReadLane(Lane::Moderators)) => {
            Needs::Rank(Rank::Moderator)
        }
        (Class::Discussion, Govern) => Needs::Rank(Rank::Owner),
        (Class::Discussion, Create) => Needs::Role(Role::Moderator),
        (Class::Discussion, Leave) | (Class::Direct, List | Read | Post | Pin) => {
            Needs::Rank(Rank::Member)
        }
        (Class::Direct, Create) => Needs::Token,
        _ => Needs::Nobody,
    }
}

/// Who belongs to a room, and what is done with everybody else. Folded from the room's entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// What kind of talk it is for; `None` before `room.created`.
    pub class: Option<Class>,
    /// How one gets in.
    pub join: JoinPolicy,
    /// What happens to what members post.
    pub posting: Posting,
    /// Whether it is closed for writing.
    pub archived: bool,
    /// Whoever belongs, or stays out.
    pub people: BTreeMap<PrincipalId, Standing>,
}

impl Access {
    /// What somebody is in this room.
    #[must_use]
    pub fn rank(&self, principal: &Principal) -> Rank {
        let granted = match self.people.get(&principal.id) {
            Some(Standing::Member(RoomRole::Owner)) => Rank::Owner,
            Some(Standing::Member(RoomRole::Moderator)) => Rank::Moderator,
            Some(Standing::Member(RoomRole::Member)) => Rank::Member,
            Some(Standing::Banned) => Rank::Banned,
            None => Rank::Stranger,
        };
        if self.class != Some(Class::Discussion) {
            return granted;
        }
        // A token's moderators keep order everywhere: no room shuts them out.
        if principal.roles.contains(&Role::Moderator) {
            return Rank::Owner;
        }
        match granted {
            Rank::Stranger if self.join == JoinPolicy::Open => Rank::Guest,
            granted => granted,
        }
    }

    /// What somebody is here as a member, if they are one.
    #[must_use]
    pub fn role(&self, person: &PrincipalId) -> Option<RoomRole> {
        match self.people.get(person) {
            Some(Standing::Member(role)) => Some(*role),
            Some(Standing::Banned) | None => None,
        }
    }

    /// Whether the table grants it; otherwise the refusal says what is missing. To whoever may not
    /// know of the room it does not exist.
    pub fn may(&self, principal: &Principal, action: Action) -> Result<(), Refusal> {
        let class = self.class.ok_or(Refusal::UnknownRoom)?;
        let rank = self.rank(principal);
        let granted = |action| match table(action, class, self.join) {
            Needs::Rank(least) if rank >= least => Ok(()),
            Needs::Rank(_) if rank == Rank::Banned => Err(Refusal::Removed),
            Needs::Rank(Rank::Owner) => Err(Refusal::NeedsRole("owner of the room")),
            Needs::Rank(Rank::Moderator) => Err(Refusal::NeedsRole("moderator of the room")),
            Needs::Rank(_) => Err(Refusal::NotMember),
            Needs::Role(role) if !principal.roles.contains(&role) => {
                Err(Refusal::NeedsRole(role.name()))
            }
            Needs::Role(_) if rank < Rank::Guest => Err(Refusal::NotMember),
            Needs::Token | Needs::Role(_) => Ok(()),
            Needs::Nobody => Err(Refusal::NotGranted),
        };
        granted(Action::List).map_err(|refusal| match refusal {
            // Who was shown the door knows of it; who never was inside does not.
            Refusal::Removed => Refusal::Removed,
            _ => Refusal::UnknownRoom,
        })?;
        granted(action)
    }
}

/// Whether somebody may found a room of this class.
pub fn may_found(principal: &Principal, class: Class) -> Result<(), Refusal> {
    match table(Action::Create, class, JoinPolicy::Open) {
        Needs::Token => Ok(()),
        Needs::Role(role) if principal.roles.contains(&role) => Ok(()),
        Needs::Role(role) => Err(Refusal::NeedsRole(role.name())),
        Needs::Rank(_) | Needs::Nobody => Err(Refusal::NotGranted),
    }
}

impl Role {
    /// The name in a token.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Moderator => "moderator",
            Self::Import => "import",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(id: &str, roles: &[Role]) -> Principal {
        Principal { id: id.parse().expect("an id"), roles: roles.iter().copied().collect() }
    }

    fn room(class: Class, join: JoinPolicy) -> Access {
        let person = |id: &str| id.parse::<PrincipalId>().expect("an id");
        Access {
            class: Some(class),
            join,
            people: BTreeMap::from([
                (person("owner"), Standing::Member(RoomRole::Owner)),
                (person("keeper"), Standing::Member(RoomRole::Moderator)),
                (person("member"), Standing::Member(RoomRole::Member)),
                (person("banned"), Standing::Banned),
            ]),
            ..Access::default()
        }
    }

    const ACTIONS: [Action; 13] = [
        Action::List,
        Action::Read,
        Action::Post,
        Action::Report,
        Action::Knock,
        Action::Leave,
        Action::Pin,
        Action::Announce,
        Action::Moderate,
        Action::Admit,
        Action::ReadLane(Lane::Moderators),
        Action::Govern,
        Action::PostAs,
    ];

    /// A letter per action of [`ACTIONS`]: `y` granted, `-` not.
    fn line(access: &Access, who: &Principal) -> String {
        ACTIONS
            .map(|action| if access.may(who, action).is_ok() { 'y' } else { '-' })
            .iter()
            .collect()
    }

    #[test]
    fn everything_not_granted_is_denied() {
        let all = [Role::Moderator, Role::Import];
        let who = [
            principal("owner", &[]),
            principal("keeper", &[]),
            principal("member", &[]),
            principal("other", &[]),
            principal("banned", &[]),
            principal("other", &[Role::Import]),
            principal("other", &[Role::Moderator]),
        ];
        // List Read Post Report Knock Leave Pin Announce Moderate Admit ReadLane Govern PostAs
        let rows: [(Class, JoinPolicy, [&str; 7]); 4] = [
            (
                Class::Discussion,
                JoinPolicy::Open,
                [
                    "yyyyyyyyyyyy-",
                    "yyyyyyyyyyy--",
                    "yyyyyy-------",
                    "yyyyy--------",
                    "-------------",
                    "yyyyy-------y",
                    "yyyyyyyyyyyy-",
                ],
            ),
            (
                Class::Discussion,
                JoinPolicy::Knock,
                [
                    "yyyyyyyyyyyy-",
                    "yyyyyyyyyyy--",
                    "yyyyyy-------",
                    "y---y--------",
                    "-------------",
                    "y---y--------",
                    "yyyyyyyyyyyy-",
                ],
            ),
            (
                Class::Discussion,
                JoinPolicy::Invite,
                [
                    "yyyy-yyyyyyy-",
                    "yyyy-yyyyyy--",
                    "yyyy-y-------",
                    "-------------",
                    "-------------",
                    "-------------",
                    "yyyy-yyyyyyy-",
                ],
            ),
            (
                Class::Direct,
                JoinPolicy::Invite,
                [
                    "yyy---y------",
                    "yyy---y------",
                    "yyy---y------",
                    "-------------",
                    "-------------",
                    "-------------",
                    "-------------",
                ],
            ),
        ];
        for (class, join, lines) in rows {
            for (who, expected) in who.iter().zip(lines) {
                assert_eq!(line(&room(class, join), who), expected, "{class:?} {join:?} {who:?}");
            }
        }
        for class in [Class::Case, Class::Mixed] {
            for id in ["owner", "member", "other"] {
                let denied = line(&room(class, JoinPolicy::Open), &principal(id, &all));
                assert_eq!(denied, "-------------", "{class:?} {id}");
            }
            assert_eq!(may_found(&principal("other", &all), class), Err(Refusal::NotGranted));
        }
        assert!(may_found(&principal("other", &[]), Class::Direct).is_ok());
        assert!(may_found(&principal("other", &[]), Class::Discussion).is_err());
    }
}
