//! The rooms there are, as everybody may look them up: what `~directory` holds, once it is safe.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use wardroom_protocol::ids::{Mid, PrincipalId, RoomId};

use crate::domain::Class;

/// One room.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What kind of talk it is for.
    pub class: Class,
    /// A slug of the specialty.
    pub specialty: Option<RoomId>,
    /// Who founded it.
    pub by: PrincipalId,
    /// The mid of its registration.
    pub mid: Mid,
    /// What people call it, unless erased.
    pub title: Option<Arc<str>>,
    /// The words of its registration, which its first entry repeats; none once erased.
    pub words: Option<Bytes>,
}

/// All rooms, by slug.
#[derive(Debug, Default)]
pub struct Registry(RwLock<BTreeMap<RoomId, Arc<Listed>>>);

impl Registry {
    /// A room, if it is registered.
    #[must_use]
    pub fn find(&self, room: &RoomId) -> Option<Arc<Listed>> {
        self.0.read().get(room).cloned()
    }

    /// Up to `limit` rooms after `after`, by slug, of those that `visible` lets through; and whether
    /// there are more.
    #[must_use]
    pub fn page(
        &self,
        after: Option<&RoomId>,
        limit: usize,
        visible: impl Fn(&Listed) -> bool,
    ) -> (Vec<(RoomId, Arc<Listed>)>, bool) {
        use std::ops::Bound::{Excluded, Unbounded};
        let rooms = self.0.read();
        let from = after.map_or(Unbounded, Excluded);
        let mut page: Vec<_> = rooms
            .range::<RoomId, _>((from, Unbounded))
            .filter(|(_, listed)| visible(listed))
            .take(limit + 1)
            .map(|(room, listed)| (room.clone(), Arc::clone(listed)))
            .collect();
        let more = page.len() > limit;
        page.truncate(limit);
        (page, more)
    }

    pub(super) fn insert(&self, room: RoomId, listed: Listed) {
        // The first claim stands.
        self.0.write().entry(room).or_insert_with(|| Arc::new(listed));
    }
}
