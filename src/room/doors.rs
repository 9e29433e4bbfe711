//! The doors: every open log that people ask for by its name, opened when somebody first does.

use std::sync::Arc;

use dashmap::DashMap;
use parking_lot::Mutex;
use wardroom_protocol::ids::LogName;

use super::opening::{Opener, open_log};
use super::{OpenFault, RoomHandle};

/// One log's door.
#[derive(Default)]
struct Door {
    /// Whoever opens holds it meanwhile.
    turn: tokio::sync::Mutex<()>,
    /// The room behind it, while that is open.
    room: Mutex<Option<RoomHandle>>,
}

/// All doors. The only concurrent map; nothing holds its guards.
pub(super) struct Doors {
    opener: Opener,
    doors: DashMap<LogName, Arc<Door>>,
}

impl Doors {
    pub(super) fn new(opener: Opener) -> Self {
        Self { opener, doors: DashMap::new() }
    }

    /// A room, if it is open already.
    pub(super) fn at_hand(&self, log: &LogName) -> Option<RoomHandle> {
        let door = self.doors.get(log).map(|door| Arc::clone(door.value()))?;
        door.room.lock().clone()
    }

    /// A room, opened if it is not.
    pub(super) async fn open(&self, log: &LogName) -> Result<RoomHandle, OpenFault> {
        let door = Arc::clone(self.doors.entry(log.clone()).or_default().value());
        let at_hand = || door.room.lock().clone();
        if let Some(room) = at_hand() {
            return Ok(room);
        }
        let _turn = door.turn.lock().await;
        if let Some(room) = at_hand() {
            return Ok(room);
        }
        let room = open_log(&self.opener, log).await?;
        *door.room.lock() = Some(room.clone());
        Ok(room)
    }

    /// Every room that is open.
    pub(super) fn all(&self) -> Vec<RoomHandle> {
        let doors: Vec<_> = self.doors.iter().map(|door| Arc::clone(door.value())).collect();
        doors.iter().filter_map(|door| door.room.lock().clone()).collect()
    }

    /// How many rooms are open.
    pub(super) fn count(&self) -> usize {
        self.doors.iter().filter(|door| door.room.lock().is_some()).count()
    }
}
