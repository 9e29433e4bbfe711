//! `~directory`: which rooms there are. It owns creation; a room's own log follows from it.

use std::collections::BTreeMap;

use wardroom_protocol::ids::{Mid, PrincipalId, RoomId};

use super::{Class, Event, Line, Meta, Refusal};

/// One room as the directory knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What kind of talk it is for.
    pub class: Class,
    /// A slug of the specialty.
    pub specialty: Option<RoomId>,
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
        class: Class,
        specialty: Option<&RoomId>,
    ) -> Result<Event, Refusal> {
        if self.rooms.contains_key(room) {
            return Err(Refusal::RoomExists);
        }
        Ok(Event::RoomRegistered { room: room.clone(), class, specialty: specialty.cloned() })
    }

    pub(super) fn apply(&mut self, event: &Event, meta: &Meta) {
        self.line.advance(meta.position);
        self.at = meta.at;
        if let Event::RoomRegistered { room, class, specialty } = event {
            let listing = Listing {
                class: *class,
                specialty: specialty.clone(),
                seq: meta.position.seq,
                mid: meta.mid,
                by: meta.by.clone(),
            };
            // The first claim stands: slugs are never reused.
            self.rooms.entry(room.clone()).or_insert(listing);
        }
    }
}
