//! Opening a log: folded on a read thread, then an actor and its passes are started.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wardroom_protocol::ids::{Lane, LogName};

use super::actor::RoomActor;
use super::desk::Desk;
use super::fold::{Folded, fold};
use super::hall::{OpenFault, Parts};
use super::handle::INBOX;
use super::mail::Mail;
use super::rights::Rights;
use super::{Listed, Names, Registry, RoomHandle};
use crate::delivery::{Channel, Presence, run_pass};
use crate::domain::access::Access;
use crate::domain::{Event, LogState};

/// What opening a log takes.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) parts: Parts,
    pub(super) registry: Arc<Registry>,
    pub(super) mail: Mail,
}

/// A log that was opened.
pub(super) struct Opened {
    pub(super) room: RoomHandle,
    /// Its actor has ended, and everything it wrote is in the store, or the log has failed.
    pub(super) ended: CancellationToken,
}

/// Folds a log and its lanes, and starts the actor and the passes.
pub(super) async fn open_log(opener: &Opener, log: &LogName) -> Result<Opened, OpenFault> {
    let Opener { parts, registry, mail } = opener;
    let (desk, names) = open_desk(opener, log).await?;
    let mut lanes = BTreeMap::new();
    if let Some(room) = log.room() {
        for lane in Lane::ALL {
            let (desk, _) = open_desk(opener, &room.lane(lane)).await?;
            lanes.insert(lane, desk);
        }
    }
    let handle_lanes: BTreeMap<Lane, Arc<Channel>> =
        lanes.iter().map(|(lane, desk)| (*lane, Arc::clone(&desk.channel))).collect();
    // The passes end with the actor, and with an opening that is given up before there is one.
    let stop = parts.stop.child_token();
    let passes = stop.clone().drop_guard();
    let tasks = parts.tasks.clone();
    let presence = Presence::new(Arc::clone(&desk.channel), tasks, stop.clone());
    let (inbox, asks) = mpsc::channel(INBOX);
    let room = desk.room();
    let rights = Rights::new(room.map_or_else(Access::default, |room| room.access.clone()));
    let handle = RoomHandle {
        inbox,
        channel: Arc::clone(&desk.channel),
        lanes: Arc::new(handle_lanes),
        presence: Arc::new(presence),
        rights: rights.clone(),
    };
    for channel in handle.channels() {
        parts.tasks.spawn(run_pass(Arc::clone(channel), stop.clone()));
    }
    let ended = CancellationToken::new();
    let actor = RoomActor {
        desk,
        lanes,
        names,
        rights,
        registry: Arc::clone(registry),
        mail: mail.clone(),
        log: parts.log.clone(),
        keys: Arc::clone(&parts.keys),
        bus: parts.bus.clone(),
        tasks: parts.tasks.clone(),
        admitted: Vec::new(),
        _passes: passes,
        _ended: ended.clone().drop_guard(),
    };
    parts.tasks.spawn(actor.run(asks));
    Ok(Opened { room: handle, ended })
}

async fn open_desk(opener: &Opener, log: &LogName) -> Result<(Desk, Names), OpenFault> {
    let Opener { parts, registry, .. } = opener;
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
        if let Event::RoomRegistered(room, founding) = event {
            let words = words.map(bytes::Bytes::from);
            let listed = Listed { founding, by: meta.by, mid: meta.mid, title, words };
            registry.insert(room, listed);
        }
    }
    if let LogState::Identity(identity) = &folded.state {
        identity.principals.keys().for_each(|person| registry.meet(person.clone()));
    }
    let names = std::mem::take(&mut folded.names);
    let desk = Desk::new(log, folded, parts.floors.of(log));
    tracing::debug!(log = %log, head = %desk.state.line().head(), "opened a log");
    Ok((desk, names))
}
