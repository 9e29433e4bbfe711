//! The rooms there are, as everybody may look them up: what `~directory` holds, once it is safe.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use wardroom_protocol::ids::{Mid, PrincipalId, RoomId};

use crate::domain::Founding;

/// One room.
#[derive(Clone, Debug)]
pub struct Listed {
    /// How it begins.
    pub founding: Founding,
    /// Who founded it.
    pub by: PrincipalId,
    /// The mid of its registration.
    pub mid: Mid,
    /// What people call it, unless erased.
    pub title: Option<Arc<str>>,
    /// The words of its registration, which its first entry repeats; none once erased.
    pub words: Option<Bytes>,
}

/// All rooms, by slug, and everybody who ever said hello.
#[derive(Debug, Default)]
pub struct Registry {
    rooms: RwLock<BTreeMap<RoomId, Arc<Listed>>>,
    people: RwLock<BTreeSet<PrincipalId>>,
}

impl Registry {
    /// A room, if it is registered.
    #[must_use]
    pub fn find(&self, room: &RoomId) -> Option<Arc<Listed>> {
        self.rooms.read().get(room).cloned()
    }

    /// Up to `limit` rooms after `after`, by slug.
    #[must_use]
    pub fn after(&self, after: Option<&RoomId>, limit: usize) -> Vec<(RoomId, Arc<Listed>)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let rooms = self.rooms.read();
        let page = rooms.range::<RoomId, _>((after.map_or(Unbounded, Excluded), Unbounded));
        page.take(limit).map(|(room, listed)| (room.clone(), Arc::clone(listed))).collect()
    }

    /// Whether anybody of this id ever said hello.
    #[must_use]
    pub fn knows(&self, person: &PrincipalId) -> bool {
        self.people.read().contains(person)
    }

    pub(super) fn meet(&self, person: PrincipalId) {
        self.people.write().insert(person);
    }

    pub(super) fn insert(&self, room: RoomId, listed: Listed) {
        // The first claim stands.
        self.rooms.write().entry(room).or_insert_with(|| Arc::new(listed));
    }
}
