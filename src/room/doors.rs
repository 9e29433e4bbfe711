//! The doors: every open log that people ask for by its name. Opened when somebody first does, closed
//! when nobody has used it for a while.
//!
//! One order per log needs one actor per log, ever, and none that begins before the other's last entry
//! can be read. Why that holds:
//!
//! 1. A log has one door at a time. Whoever opens or closes it holds the door's turn meanwhile; a door
//!    that is taken out of the map says so under its turn, and who waited for it goes to the next one.
//!    So at most one opening or closing of a log goes on.
//! 2. Opening puts the room behind the door in the same step in which its actor begins, with nothing
//!    to wait for in between: an opening that is given up leaves no actor.
//! 3. A handle is a right to ask, and whoever follows a log holds one too ([`RoomHandle::hold`]). New
//!    ones come from the room behind the door only. Closing takes that one away, under the lock that
//!    they are given out under, if it is the last: from then on nobody but the closer can ask.
//! 4. The closer's ask is therefore the last in the inbox. What was asked before stands in front of it
//!    and is answered as ever. The actor then ends only if all that it ever wrote is in the store, and
//!    it writes nothing after it said so. If it does not end, the room goes back behind the door.
//! 5. Who asks for the room meanwhile waits for the turn, and finds the room behind the door again, or
//!    opens the log anew, from a store that has everything.
//! 6. An actor that a bug has ended takes no asks any more, so no new handle of it is given out. Whoever
//!    asks for the room next opens it anew, under the door's turn, and not before the actor has said
//!    that all it wrote can be read.
//!
//! The logs of the node itself have doors as well, which nobody closes.

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use metrics::gauge;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wardroom_protocol::ids::{LogKind, LogName};

use super::opening::{Opened, Opener, open_log};
use super::{OpenFault, PATIENCE, RoomHandle};
use crate::telemetry::metric;

/// How often it is looked for rooms that nobody uses, as a part of the time until they are closed.
const LOOKS: u32 = 8;
/// And at least this often.
const LOOK: Duration = Duration::from_secs(15);

/// A room that is open, counted; or what a bug has left of one.
struct Open(Opened);

impl Open {
    fn new(opened: Opened) -> Self {
        let open = Self(opened);
        if !open.stays() {
            gauge!(metric::ROOMS_OPEN).increment(1.0);
        }
        open
    }

    /// A log of the node itself.
    fn stays(&self) -> bool {
        self.0.room.channel.log().kind() == LogKind::System
    }

    /// Whether nobody would miss it.
    fn is_unused(&self) -> bool {
        self.0.room.is_dead() || (!self.stays() && self.0.room.is_unused())
    }

    /// Ends it, if nothing is left to do. `true`: the log may be opened anew.
    async fn close(&self) -> bool {
        self.0.room.close().await || self.0.ended.is_cancelled()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.stays() {
            gauge!(metric::ROOMS_OPEN).decrement(1.0);
        }
    }
}

/// What is behind a door.
#[derive(Default)]
struct Behind {
    room: Option<Open>,
    /// Somebody used it since this was last asked.
    used: bool,
    unused_since: Option<Instant>,
}

/// One log's door.
#[derive(Default)]
struct Door {
    /// Whoever opens or closes holds it meanwhile. `true`: the door is out of the map.
    turn: tokio::sync::Mutex<bool>,
    behind: Mutex<Behind>,
}

impl Door {
    /// The room, if it is open.
    fn room(&self, used: bool) -> Option<RoomHandle> {
        let mut behind = self.behind.lock();
        behind.used |= used;
        let room = behind.room.as_ref().map(|open| &open.0.room);
        room.filter(|room| !room.is_dead()).cloned()
    }

    /// The room, even if a bug has ended it: some may still wait for what it wrote.
    fn room_or_ruin(&self) -> Option<RoomHandle> {
        self.behind.lock().room.as_ref().map(|open| open.0.room.clone())
    }

    /// Tells when a room that a bug has ended may be opened anew; `None`: there is none.
    fn ruin(&self) -> Option<CancellationToken> {
        let behind = self.behind.lock();
        let dead = behind.room.as_ref().filter(|open| open.0.room.is_dead());
        dead.map(|open| open.0.ended.clone())
    }

    /// Whether nobody has used the room for so long.
    fn is_unused_for(&self, idle: Duration) -> bool {
        let mut behind = self.behind.lock();
        let used = std::mem::take(&mut behind.used);
        if used || behind.room.as_ref().is_some_and(|open| !open.is_unused()) {
            behind.unused_since = None;
            return false;
        }
        behind.unused_since.get_or_insert_with(Instant::now).elapsed() >= idle
    }

    fn trim(&self) {
        if let Some(open) = &self.behind.lock().room {
            open.0.room.channels().for_each(|channel| channel.tail().trim());
        }
    }

    /// Takes the room away, if nobody uses it: `Err` if somebody does, `Ok(None)` if it is not open.
    fn take(&self) -> Result<Option<Open>, ()> {
        let mut behind = self.behind.lock();
        let in_use = behind.room.as_ref().is_some_and(|open| !open.is_unused());
        if behind.used || in_use { Err(()) } else { Ok(behind.room.take()) }
    }

    fn put(&self, room: Open) {
        let mut behind = self.behind.lock();
        behind.unused_since = None;
        behind.room = Some(room);
    }
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
        door.room(true)
    }

    /// A room, opened if it is not.
    pub(super) async fn open(&self, log: &LogName) -> Result<RoomHandle, OpenFault> {
        self.enter(log, true).await
    }

    /// The same for a look, which keeps nothing open.
    pub(super) async fn look(&self, log: &LogName) -> Result<RoomHandle, OpenFault> {
        self.enter(log, false).await
    }

    async fn enter(&self, log: &LogName, used: bool) -> Result<RoomHandle, OpenFault> {
        loop {
            let door = Arc::clone(self.doors.entry(log.clone()).or_default().value());
            if let Some(room) = door.room(used) {
                return Ok(room);
            }
            let out_of_the_map = door.turn.lock().await;
            if *out_of_the_map {
                continue;
            }
            if let Some(room) = door.room(used) {
                return Ok(room);
            }
            if let Some(ended) = door.ruin() {
                let ended = tokio::time::timeout(PATIENCE, ended.cancelled()).await;
                ended.map_err(|_| OpenFault::Busy)?;
            }
            let opened = open_log(&self.opener, log).await?;
            let room = opened.room.clone();
            door.put(Open::new(opened));
            return Ok(room);
        }
    }

    /// Every room that is open, and those that a bug has ended and nobody has opened anew.
    pub(super) fn all(&self) -> Vec<RoomHandle> {
        self.snapshot().iter().filter_map(|(_, door)| door.room_or_ruin()).collect()
    }

    fn snapshot(&self) -> Vec<(LogName, Arc<Door>)> {
        let doors = self.doors.iter();
        doors.map(|door| (door.key().clone(), Arc::clone(door.value()))).collect()
    }

    /// Closes what nobody has used for so long, until the node stops; what stays open lets go of what it
    /// need not hold.
    pub(super) async fn close_unused(self: Arc<Self>, idle: Duration) {
        let stop = self.opener.parts.stop.clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep((idle / LOOKS).min(LOOK)) => {}
            }
            for (log, door) in self.snapshot() {
                if door.is_unused_for(idle) {
                    self.close(&log, &door).await;
                } else {
                    door.trim();
                }
            }
        }
    }

    async fn close(&self, log: &LogName, door: &Arc<Door>) {
        // Somebody opens it, so it is used.
        let Ok(mut out_of_the_map) = door.turn.try_lock() else { return };
        match door.take() {
            Err(()) => return,
            Ok(None) => {}
            Ok(Some(open)) => {
                if !open.close().await {
                    return door.put(open);
                }
                tracing::debug!(%log, "closed a log that nobody used");
            }
        }
        *out_of_the_map = true;
        self.doors.remove_if(log, |_, known| Arc::ptr_eq(known, door));
    }
}
