//! Who may do what. Deny by default: what the table does not grant is refused.

use std::collections::BTreeSet;

use wardroom_protocol::ids::{Lane, PrincipalId};

use super::{Class, Refusal};

/// A role that a token grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Keeps order: founds rooms, erases words, reads reports.
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

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Learn that the room exists.
    List,
    /// Join, read history, list topics.
    Read,
    /// Read a lane of the room.
    ReadLane(Lane),
    /// Post, and show that one is writing.
    Post,
    /// Post in another author's name.
    PostAs,
    /// Point the moderators to a message.
    Report,
    /// Erase a message's words.
    Redact,
    /// Found a room of this class.
    Create,
}

/// What a rule asks for.
enum Needs {
    /// A valid token.
    Anybody,
    /// This role.
    One(Role),
    /// Nobody has it yet.
    Nobody,
}

/// The table: one line per action for `discussion` rooms; the other classes grant nothing until
/// their own rules exist.
fn table(action: Action, class: Class) -> Needs {
    use Action::{Create, List, Post, PostAs, Read, ReadLane, Redact, Report};
    match (class, action) {
        (Class::Discussion, List | Read | Post | Report) => Needs::Anybody,
        (Class::Discussion, PostAs) => Needs::One(Role::Import),
        (Class::Discussion, Create | Redact | ReadLane(Lane::Moderators)) => {
            Needs::One(Role::Moderator)
        }
        _ => Needs::Nobody,
    }
}

impl Principal {
    /// Whether the table grants it; otherwise the refusal says what is missing.
    pub fn may(&self, action: Action, class: Class) -> Result<(), Refusal> {
        match table(action, class) {
            Needs::Anybody => Ok(()),
            Needs::One(role) if self.roles.contains(&role) => Ok(()),
            Needs::One(Role::Moderator) => Err(Refusal::NeedsRole("moderator")),
            Needs::One(Role::Import) => Err(Refusal::NeedsRole("import")),
            Needs::Nobody => Err(Refusal::NotGranted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_not_granted_is_denied() {
        let all = Principal {
            id: "p".parse().expect("an id"),
            roles: BTreeSet::from([Role::Moderator, Role::Import]),
        };
        let none = Principal { roles: BTreeSet::new(), ..all.clone() };
        let actions = [
            (Action::List, true),
            (Action::Read, true),
            (Action::Post, true),
            (Action::Report, true),
            (Action::PostAs, false),
            (Action::Redact, false),
            (Action::Create, false),
            (Action::ReadLane(Lane::Moderators), false),
        ];
        for (action, anybody) in actions {
            assert_eq!(none.may(action, Class::Discussion).is_ok(), anybody, "{action:?}");
            assert!(all.may(action, Class::Discussion).is_ok(), "{action:?}");
            for class in [Class::Case, Class::Direct, Class::Mixed] {
                assert_eq!(all.may(action, class), Err(Refusal::NotGranted), "{action:?}");
            }
        }
    }
}
