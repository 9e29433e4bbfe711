//! The hall: every open room by name. The only concurrent map; nothing holds its guards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{OnceCell, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wardroom_protocol::ids::{Lane, LogName, RoomId};

use super::actor::RoomActor;
use super::desk::{Desk, Folded, fold};
use super::handle::INBOX;
use super::{Denied, Fault, Listed, Names, Registry, RoomHandle, Written, founding};
use crate::cluster::Bus;
use crate::delivery::{Channel, Presence, run_pass};
use crate::domain::Event;
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
    fn covers(&self, log: &LogName) -> bool {
        match self {
            Self::Named(logs) => logs.contains(log),
            Self::All => true,
        }
    }
}

/// All open rooms.
pub struct Hall {
    parts: Parts,
    rooms: DashMap<RoomId, Arc<OnceCell<RoomHandle>>>,
    registry: Arc<Registry>,
    directory: RoomHandle,
    identity: RoomHandle,
}

impl Hall {
    /// Opens the hall: `~directory` and `~identity` first.
    pub async fn open(parts: Parts) -> Result<Self, OpenFault> {
        let registry = Arc::new(Registry::default());
        let directory = open_log(&parts, &registry, &LogName::directory(), None).await?;
        let identity = open_log(&parts, &registry, &LogName::identity(), None).await?;
        Ok(Self { parts, rooms: DashMap::new(), registry, directory, identity })
    }

    /// The rooms there are.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
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
        let listed = self.registry.find(room).ok_or(OpenFault::Unknown)?;
        let cell = Arc::clone(self.rooms.entry(room.clone()).or_default().value());
        let handle = cell
            .get_or_try_init(|| async {
                let class = Some(listed.class);
                let handle = open_log(&self.parts, &self.registry, &room.log(), class).await?;
                if handle.channel.tail().revealed() == 0 {
                    self.found(&handle, room, &listed).await.map_err(|_| OpenFault::Log)?;
                }
                Ok(handle)
            })
            .await?;
        Ok(handle.clone())
    }

    /// The answer to a room's founding: where its first entry stands.
    pub async fn founded(&self, room: &RoomId) -> Result<Written, Denied> {
        let unavailable = Denied::Fault(Fault::LogUnavailable);
        let handle = self.room(room).await.map_err(|_| unavailable.clone())?;
        let listed = self.registry.find(room).ok_or(unavailable)?;
        self.found(&handle, room, &listed).await
    }

    async fn found(
        &self,
        handle: &RoomHandle,
        room: &RoomId,
        listed: &Listed,
    ) -> Result<Written, Denied> {
        founding::found(handle, room, listed, &self.parts.keys).await
    }

    /// How many rooms are open.
    #[must_use]
    pub fn open_rooms(&self) -> usize {
        self.rooms.len()
    }
}

/// Folds a log and its lanes, and starts the actor and the passes.
async fn open_log(
    parts: &Parts,
    registry: &Arc<Registry>,
    log: &LogName,
    class: Option<crate::domain::Class>,
) -> Result<RoomHandle, OpenFault> {
    let (desk, names) = open_desk(parts, log, registry).await?;
    let mut lanes = BTreeMap::new();
    if let Some(room) = log.room() {
        for lane in Lane::ALL {
            let (desk, _) = open_desk(parts, &room.lane(lane), registry).await?;
            lanes.insert(lane, desk);
        }
    }
    let handle_lanes: BTreeMap<Lane, Arc<Channel>> =
        lanes.iter().map(|(lane, desk)| (*lane, Arc::clone(&desk.channel))).collect();
    let (tasks, stop) = (parts.tasks.clone(), parts.stop.clone());
    let presence = Presence::new(Arc::clone(&desk.channel), tasks, stop);
    let (inbox, asks) = mpsc::channel(INBOX);
    let handle = RoomHandle {
        inbox,
        channel: Arc::clone(&desk.channel),
        lanes: Arc::new(handle_lanes),
        presence: Arc::new(presence),
        class,
    };
    for channel in handle.channels() {
        parts.tasks.spawn(run_pass(Arc::clone(channel), parts.stop.clone()));
    }
    let actor = RoomActor {
        desk,
        lanes,
        names,
        registry: Arc::clone(registry),
        log: parts.log.clone(),
        keys: Arc::clone(&parts.keys),
        bus: parts.bus.clone(),
    };
    parts.tasks.spawn(actor.run(asks));
    Ok(handle)
}

async fn open_desk(
    parts: &Parts,
    log: &LogName,
    registry: &Registry,
) -> Result<(Desk, Names), OpenFault> {
    let (name, keys) = (log.clone(), Arc::clone(&parts.keys));
    let folded = parts.log.ask(move |reader| fold(&name, reader, &keys)).await;
    let mut folded: Folded = match folded {
        Ok(Ok(folded)) => folded,
        Ok(Err(error)) => {
            tracing::error!(log = %log, error = %error, "a log could not be folded");
            return Err(OpenFault::Log);
        }
        Err(_) => return Err(OpenFault::Busy),
    };
    for (event, meta, words) in folded.registrations.drain(..) {
        let title = words.as_deref().and_then(|words| Names::in_words(&event, words));
        if let Event::RoomRegistered { room, class, specialty } = event {
            let words = words.map(bytes::Bytes::from);
            let listed = Listed { class, specialty, by: meta.by, mid: meta.mid, title, words };
            registry.insert(room, listed);
        }
    }
    let names = std::mem::take(&mut folded.names);
    let desk = Desk::new(log, folded, parts.reopen.covers(log));
    tracing::info!(log = %log, head = %desk.state.line().head(), "opened a log");
    Ok((desk, names))
}
