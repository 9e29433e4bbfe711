//! Rooms as a whole.

use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::identity::Profile;
use wardroom_protocol::ids::{LogName, Mid, PrincipalId};
use wardroom_protocol::limits;
use wardroom_protocol::room::{Archive, CreateRoom, SetPolicy, TitleWords};

use super::{Show, Spoken, Writes, card_only, json, with_reason};
use crate::domain::access::Action;
use crate::domain::{Command, Founding, room};
use crate::entry::{class_of, join_of, posting_of};
use crate::guard::Rule;
use crate::seal::LogKeys;

impl Writes for CreateRoom {
    /// The directory claims the name; the room's first entry follows from it.
    fn room(&self) -> LogName {
        LogName::directory()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Create
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        let founding = Founding {
            class: class_of(self.class)?,
            specialty: self.specialty.clone(),
            join: join_of(self.join)?,
            with: self.with.clone(),
        };
        Some(Command::RegisterRoom(self.room.clone(), founding))
    }

    fn show(&self, show: Show<'_>) {
        show("/d/title", Rule::Name(limits::NAME_CHARS), &self.title);
    }

    fn sizes(&self) -> Result<(), WireError> {
        if self.with.len() >= limits::DIRECT {
            let message = format!("a direct room holds at most {} people", limits::DIRECT);
            return Err(WireError::new(ErrorCode::TooMany, message).at("/d/with"));
        }
        Ok(())
    }

    fn people(&self) -> (&'static str, &[PrincipalId]) {
        ("/d/with", &self.with)
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        let name = self.title.as_str().into();
        Some(Spoken {
            open: json(&TitleWords { card: card.clone(), title: self.title }),
            name: Some(name),
        })
    }
}

impl Writes for SetPolicy {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Govern
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        let join = self.join.map(|join| join_of(join).ok_or(())).transpose().ok()?;
        let posting = self.posting.map(|posting| posting_of(posting).ok_or(()));
        let posting = posting.transpose().ok()?;
        Some(Command::Room(room::Command::SetPolicy { join, posting }))
    }

    fn words(self, card: &Profile) -> Option<Spoken> {
        Some(card_only(card))
    }
}

impl Writes for Archive {
    fn room(&self) -> LogName {
        self.room.clone()
    }

    fn mid(&self) -> Mid {
        self.mid
    }

    fn action(&self) -> Action {
        Action::Govern
    }

    fn command(&self, _op: &str, _keys: &LogKeys) -> Option<Command> {
        Some(Command::Room(room::Command::Archive { archived: self.archived }))
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
