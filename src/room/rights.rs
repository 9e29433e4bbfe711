//! Who may do what in an open room, as those see it who do not decide: what they show or refuse must not
//! rest on an entry that a power cut could undo.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::domain::Refusal;
use crate::domain::access::{Access, Action, Principal};

/// Whether somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// As the newest entry says, and the newest that is safe.
    Granted,
    /// As what is safe says.
    Refused(Refusal),
    /// The newest entry says otherwise than the newest that is safe.
    Pending,
}

/// By the newest entry, and by the newest that is safe.
#[derive(Clone)]
pub(super) struct Rights(Arc<RwLock<Both>>);

struct Both {
    newest: Arc<Access>,
    safe: Arc<Access>,
}

impl Rights {
    /// As a log says that was just opened.
    pub(super) fn new(access: Access) -> Self {
        let safe = Arc::new(access);
        Self(Arc::new(RwLock::new(Both { newest: Arc::clone(&safe), safe })))
    }

    /// An entry was ordered, after which they are these.
    pub(super) fn order(&self, access: Arc<Access>) {
        self.0.write().newest = access;
    }

    /// That entry is safe.
    pub(super) fn settle(&self, access: Arc<Access>) {
        self.0.write().safe = access;
    }

    /// As the newest entry says.
    pub(super) fn newest(&self) -> Arc<Access> {
        Arc::clone(&self.0.read().newest)
    }

    pub(super) fn may(&self, principal: &Principal, action: Action) -> Permission {
        let both = self.0.read();
        let safe = both.safe.may(principal, action);
        if Arc::ptr_eq(&both.safe, &both.newest) {
            return safe.map_or_else(Permission::Refused, |()| Permission::Granted);
        }
        match (safe, both.newest.may(principal, action)) {
            (Ok(()), Ok(())) => Permission::Granted,
            (Err(refusal), Err(_)) => Permission::Refused(refusal),
            _ => Permission::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::Class;
    use crate::domain::access::{JoinPolicy, Standing};

    #[test]
    fn what_is_not_safe_grants_and_refuses_nothing() {
        let ana = Principal { id: "ana".parse().expect("an id"), roles: BTreeSet::new() };
        let closed =
            Access { class: Some(Class::Discussion), join: JoinPolicy::Knock, ..Access::default() };
        let open = Access { join: JoinPolicy::Open, ..closed.clone() };
        let mut banned = open.clone();
        banned.people.insert(ana.id.clone(), Standing::Banned);
        let (open, banned) = (Arc::new(open), Arc::new(banned));

        let rights = Rights::new(closed);
        assert_eq!(rights.may(&ana, Action::Read), Permission::Refused(Refusal::NotMember));
        rights.order(Arc::clone(&open));
        assert_eq!(rights.may(&ana, Action::Read), Permission::Pending);
        assert_eq!(rights.may(&ana, Action::List), Permission::Granted);
        rights.settle(open);
        assert_eq!(rights.may(&ana, Action::Read), Permission::Granted);
        rights.order(Arc::clone(&banned));
        assert_eq!(rights.may(&ana, Action::Read), Permission::Pending);
        rights.settle(banned);
        assert_eq!(rights.may(&ana, Action::Read), Permission::Refused(Refusal::Removed));
    }
}
