//! `~directory`: which rooms there are. It owns creation; a room's own log follows from it.

use std::collections::BTreeMap;

use wardroom_protocol::ids::{Mid, PrincipalId, RoomId};

use super::access::{Principal, may_found};
use super::{Act, Class, Event, Founding, Line, Meta, Refusal};

/// People in a direct room, its founder included.
const DIRECT: usize = 12;

/// One room as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// How it begins.
    pub founding: Founding,
    /// The entry that registered it: the room's first entry derives from it.
    pub seq: u64,
    /// That entry's mid.
    pub mid: Mid,
    /// Who founded it.
    pub by: PrincipalId,
}

/// The state of `~directory`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// The line of epochs.
    pub line: Line,
    /// Server time of the newest entry, unix milliseconds.
    pub at: u64,
    /// The rooms, by slug.
    pub rooms: BTreeMap<RoomId, Listing>,
}

impl Directory {
    pub(super) fn register(
        &self,
        room: &RoomId,
        founding: &Founding,
        principal: &Principal,
    ) -> Result<Vec<Act>, Refusal> {
        may_found(principal, founding.class)?;
        if self.rooms.contains_key(room) {
            return Err(Refusal::RoomExists);
        }
        let direct = founding.class == Class::Direct;
        let others = founding.with.iter().filter(|person| **person != principal.id).count();
        if others >= DIRECT {
            return Err(Refusal::TooMany { what: "people", most: DIRECT, field: "/d/with" });
        }
        if direct != (others > 0) {
            return Err(Refusal::WrongKind { needs: "direct room with others in it" });
        }
        Ok(vec![Act::own(Event::RoomRegistered(room.clone(), founding.clone()))])
    }

    pub(super) fn apply(&mut self, event: &Event, meta: &Meta) {
        self.line.advance(meta.position);
        self.at = meta.at;
        if let Event::RoomRegistered(room, founding) = event {
            let listing = Listing {
                founding: founding.clone(),
                seq: meta.position.seq,
                mid: meta.mid,
                by: meta.by.clone(),
            };
            // The first claim stands: slugs are never reused.
            self.rooms.entry(room.clone()).or_insert(listing);
        }
    }
}
