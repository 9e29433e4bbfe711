//! The hall: every open room by name. The only concurrent maps; nothing holds their guards.

use std::collections::BTreeSet;
use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{OnceCell, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wardroom_protocol::ids::{LogName, PrincipalId, RoomId};

use super::mail::{self, Mail};
use super::mailboxes::Mailboxes;
use super::opening::{Opener, open_log};
use super::{Denied, Fault, Listed, Registry, RoomHandle, Written, founding};
use crate::cluster::Bus;
use crate::log::Log;
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
    /// Logs that lost their numbering authority for a while: their next entry opens an epoch.
    pub reopen: Reopen,
    /// Counts the tasks of rooms and passes.
    pub tasks: TaskTracker,
    /// Ends the passes.
    pub stop: CancellationToken,
}

/// Which logs open an epoch with their next entry.
#[derive(Clone, Debug)]
pub enum Reopen {
    /// Those whose recovery named a hole; none after a clean start.
    Named(BTreeSet<LogName>),
    /// Every one: entries are lost, and nobody can say whose.
    All,
}

impl Reopen {
    pub(super) fn covers(&self, log: &LogName) -> bool {
        match self {
            Self::Named(logs) => logs.contains(log),
            Self::All => true,
        }
    }
}

/// All open rooms.
pub struct Hall {
    opener: Opener,
    rooms: DashMap<RoomId, Arc<OnceCell<RoomHandle>>>,
    mailboxes: Arc<Mailboxes>,
    directory: RoomHandle,
    identity: RoomHandle,
}

impl Hall {
    /// Opens the hall: `~directory` and `~identity` first.
    pub async fn open(parts: Parts) -> Result<Self, OpenFault> {
        let (send, notes) = mpsc::channel(mail::QUEUE);
        let opener = Opener { parts, registry: Arc::default(), mail: Mail(send) };
        let directory = open_log(&opener, &LogName::directory()).await?;
        let identity = open_log(&opener, &LogName::identity()).await?;
        let mailboxes = Arc::new(Mailboxes::new(opener.clone()));
        opener.parts.tasks.spawn(Arc::clone(&mailboxes).deliver(notes));
        Ok(Self { opener, rooms: DashMap::new(), mailboxes, directory, identity })
    }

    /// The rooms there are, and the people.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.opener.registry
    }

    /// `~directory`.
    #[must_use]
    pub fn directory(&self) -> &RoomHandle {
        &self.directory
    }

    /// `~identity`.
    #[must_use]
    pub fn identity(&self) -> &RoomHandle {
        &self.identity
    }

    /// A room, if it is open already.
    #[must_use]
    pub fn at_hand(&self, room: &RoomId) -> Option<RoomHandle> {
        let cell = self.rooms.get(room).map(|cell| Arc::clone(cell.value()))?;
        cell.get().cloned()
    }

    /// A room, opened if it is not: folded from its log, and founded if that is still empty.
    pub async fn room(&self, room: &RoomId) -> Result<RoomHandle, OpenFault> {
        let listed = self.registry().find(room).ok_or(OpenFault::Unknown)?;
        let cell = Arc::clone(self.rooms.entry(room.clone()).or_default().value());
        let handle = cell
            .get_or_try_init(|| async {
                let handle = open_log(&self.opener, &room.log()).await?;
                if handle.channel.tail().revealed() == 0 {
                    self.found(&handle, room, &listed).await.map_err(|_| OpenFault::Log)?;
                }
                Ok(handle)
            })
            .await?;
        Ok(handle.clone())
    }

    /// A person's mailbox, if it is open already.
    #[must_use]
    pub fn mailbox_at_hand(&self, person: &PrincipalId) -> Option<RoomHandle> {
        self.mailboxes.at_hand(person)
    }

    /// A person's mailbox, opened if it is not.
    pub async fn mailbox(&self, person: &PrincipalId) -> Result<RoomHandle, OpenFault> {
        self.mailboxes.of(person).await
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

    /// How many rooms are open.
    #[must_use]
    pub fn open_rooms(&self) -> usize {
        self.rooms.len()
    }
}
