//! Membership.

use std::slice;

use wardroom_protocol::identity::Profile;
use wardroom_protocol::ids::{Lane, LogName, Mid, PrincipalId};
use wardroom_protocol::limits;
use wardroom_protocol::member::{Admit, Invite, Knock, LeaveRoom, Remove, SetRole};

use super::{Show, Spoken, Writes, card_only, with_reason};
use crate::domain::access::Action;
use crate::domain::{Command, member};
use crate::entry::role_of;
use crate::guard::Rule;
use crate::seal::LogKeys;

impl Writes for Invite {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Admit
    }

    fn people(&self) -> (&'static str, &[PrincipalId]) {
        ("/d/person", slice::from_ref(&self.person))
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        let (person, role) = (self.person.clone(), role_of(self.role)?);
        Some(Command::Member(member::Command::Invite { person, role }))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}

impl Writes for Knock {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Knock
    }

    fn target(&self, _me: &PrincipalId) -> LogName {
        let room = self.room.room();
        room.map_or_else(|| self.room.clone(), |room| room.lane(Lane::Moderators))
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        Some(Command::Member(member::Command::Knock))
    }

    fn show(&self, show: Show<'_>) {
        if let Some(reason) = &self.reason {
            show("/d/reason", Rule::Note(limits::REASON_CHARS), reason);
        }
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(with_reason(card, self.reason))
    }
}

impl Writes for Admit {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Admit
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        Some(Command::Member(member::Command::Admit { of: self.of }))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}

impl Writes for LeaveRoom {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Leave
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        Some(Command::Member(member::Command::Leave))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}

impl Writes for Remove {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Admit
    }

    fn people(&self) -> (&'static str, &[PrincipalId]) {
        ("/d/person", slice::from_ref(&self.person))
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        let (person, ban) = (self.person.clone(), self.ban);
        Some(Command::Member(member::Command::Remove { person, ban }))
    }

    fn show(&self, show: Show<'_>) {
        if let Some(reason) = &self.reason {
            show("/d/reason", Rule::Note(limits::REASON_CHARS), reason);
        }
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(with_reason(card, self.reason))
    }
}

impl Writes for SetRole {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Govern
    }

    fn people(&self) -> (&'static str, &[PrincipalId]) {
        ("/d/person", slice::from_ref(&self.person))
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        let (person, role) = (self.person.clone(), role_of(self.role)?);
        Some(Command::Member(member::Command::SetRole { person, role }))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}
