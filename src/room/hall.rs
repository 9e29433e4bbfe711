//! The hall: every open room by name.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wardroom_protocol::ids::{Lane, LogName, PrincipalId, RoomId};

use super::doors::Doors;
use super::mail;
use super::opening::Opener;
use super::{
    Denied, Fault, Listed, Registry, RoomHandle, Standing, Written, deriving, founding, mailboxes,
    marking, patience,
};
use crate::cluster::Bus;
use crate::log::{Floors, Log};
use crate::seal::Keyring;

/// Why a room could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    /// It is not registered.
    #[error("there is no such room")]
    Unknown,
    /// Its log could not be read; the node's own log says why.
    #[error("the room's log could not be read")]
    Log,
    /// The read threads are busy; try again.
    #[error("the node is busy; try again")]
    Busy,
}

/// What the hall is built on.
#[derive(Clone)]
pub struct Parts {
    /// The durable log.
    pub log: Log,
    /// The keys.
    pub keys: Arc<Keyring>,
    /// Where order comes from.
    pub bus: Bus,
    /// From which epoch on each log goes on: one that lost entries opens another.
    pub floors: Arc<Floors>,
    /// Counts the tasks of rooms and passes.
    pub tasks: TaskTracker,
    /// Ends the passes.
    pub stop: CancellationToken,
    /// A room or mailbox that nobody has used for so long is closed.
    pub idle: Duration,
}

/// All open rooms.
pub struct Hall {
    opener: Opener,
    doors: Arc<Doors>,
    directory: Standing,
    identity: Standing,
}

impl Hall {
    /// Opens the hall: `~directory` and `~identity` first.
    pub async fn open(parts: Parts) -> Result<Self, OpenFault> {
        let (mail, post) = mail::way();
        let opener = Opener { parts, registry: Arc::default(), mail: mail.clone() };
        let doors = Arc::new(Doors::new(opener.clone()));
        let standing = |log| Standing { doors: Arc::clone(&doors), log };
        let (directory, identity) = (standing(LogName::directory()), standing(LogName::identity()));
        for log in [&directory.log, &identity.log] {
            doors.open(log).await?;
        }
        let Parts { log, keys, tasks, stop, idle, .. } = &opener.parts;
        let noted = log.noted().await;
        for (room, _) in opener.registry.after(None, usize::MAX) {
            for log in [room.log(), room.lane(Lane::Moderators)] {
                mail.ledger.open(&log, noted.get(&log).copied());
            }
        }
        tasks.spawn(Arc::clone(&doors).close_unused(*idle));
        let (ledger, carrier) = (Arc::clone(&mail.ledger), Arc::clone(keys));
        tasks.spawn(mailboxes::deliver(Arc::clone(&doors), carrier, post, stop.clone()));
        tasks.spawn(deriving::derive(mail, Arc::clone(&doors), log.clone(), stop.clone()));
        tasks.spawn(marking::mark(ledger, Arc::clone(&doors), log.clone(), stop.clone()));
        tasks.spawn(patience::watch(log.clone(), Arc::clone(&doors), stop.clone()));
        Ok(Self { opener, doors, directory, identity })
    }

    /// The rooms there are, and the people.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.opener.registry
    }

    /// `~directory`.
    #[must_use]
    pub fn directory(&self) -> &Standing {
        &self.directory
    }

    /// `~identity`.
    #[must_use]
    pub fn identity(&self) -> &Standing {
        &self.identity
    }

    /// The room whose own log this is, if it is open already and has begun: then there is one.
    #[must_use]
    pub fn at_hand(&self, log: &LogName) -> Option<RoomHandle> {
        self.doors.at_hand(log).filter(RoomHandle::has_begun)
    }

    /// A room, opened if it is not: folded from its log, and founded if that is still empty.
    pub async fn room(&self, room: &RoomId) -> Result<RoomHandle, OpenFault> {
        let listed = self.registry().find(room).ok_or(OpenFault::Unknown)?;
        let handle = self.doors.open(&room.log()).await?;
        self.begun(handle, room, &listed).await
    }

    /// The same for a look at what it is called and who may know of it, which keeps nothing open.
    pub async fn look(&self, room: &RoomId) -> Result<RoomHandle, OpenFault> {
        let listed = self.registry().find(room).ok_or(OpenFault::Unknown)?;
        let handle = self.doors.look(&room.log()).await?;
        self.begun(handle, room, &listed).await
    }

    async fn begun(
        &self,
        handle: RoomHandle,
        room: &RoomId,
        listed: &Listed,
    ) -> Result<RoomHandle, OpenFault> {
        if !handle.has_begun() {
            // Whoever comes meanwhile proposes the same entry, and one of them is written.
            self.found(&handle, room, listed).await.map_err(|_| OpenFault::Log)?;
        }
        Ok(handle)
    }

    /// A person's mailbox, opened if it is not.
    pub async fn mailbox(&self, person: &PrincipalId) -> Result<RoomHandle, OpenFault> {
        self.doors.open(&LogName::mailbox(person)).await
    }

    /// Returns once every note of what was written stands in its mailbox, as far as that can be written.
    /// For the end: what is left is derived again at the next start, and no more before.
    pub async fn finish_notes(&self) {
        let mail = &self.opener.mail;
        mail.ending.cancel();
        mail.ledger.idle().await;
    }

    /// The answer to a room's founding: where its first entry stands.
    pub async fn founded(&self, room: &RoomId) -> Result<Written, Denied> {
        let unavailable = Denied::Fault(Fault::LogUnavailable);
        let handle = self.room(room).await.map_err(|_| unavailable.clone())?;
        let listed = self.registry().find(room).ok_or(unavailable)?;
        self.found(&handle, room, &listed).await
    }

    async fn found(
        &self,
        handle: &RoomHandle,
        room: &RoomId,
        listed: &Listed,
    ) -> Result<Written, Denied> {
        founding::found(handle, room, listed, &self.opener.parts.keys).await
    }
}
