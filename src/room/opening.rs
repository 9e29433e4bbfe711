//! Opening a log: folded on a read thread, then an actor and its passes are started.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::sync::mpsc;
use wardroom_protocol::ids::{Lane, LogName};

use super::actor::RoomActor;
use super::desk::Desk;
use super::fold::{Folded, fold};
use super::hall::{OpenFault, Parts};
use super::handle::INBOX;
use super::mail::{Mail, Note, of_event};
use super::{Listed, Names, Registry, RoomHandle};
use crate::delivery::{Channel, Presence, run_pass};
use crate::domain::access::Access;
use crate::domain::{Event, LogState, Room};
use crate::entry;
use crate::log::Budget;

/// Entries at a log's end whose notes are sent once more when it is first opened: a process that ended
/// between an entry and its notes left them out.
const NOTED_AGAIN: usize = 64;

/// What opening a log takes.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) parts: Parts,
    pub(super) registry: Arc<Registry>,
    pub(super) mail: Mail,
    /// The logs whose last notes were sent again: once for each process, unless some were left.
    pub(super) noted: Arc<Mutex<BTreeSet<LogName>>>,
}

/// Folds a log and its lanes, and starts the actor and the passes.
pub(super) async fn open_log(opener: &Opener, log: &LogName) -> Result<RoomHandle, OpenFault> {
    let Opener { parts, registry, mail, noted } = opener;
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
    let access = room.map_or_else(Access::default, |room| room.access.clone());
    let access = Arc::new(RwLock::new(Arc::new(access)));
    let handle = RoomHandle {
        inbox,
        channel: Arc::clone(&desk.channel),
        lanes: Arc::new(handle_lanes),
        presence: Arc::new(presence),
        access: Arc::clone(&access),
    };
    for channel in handle.channels() {
        parts.tasks.spawn(run_pass(Arc::clone(channel), stop.clone()));
    }
    if let Some(room) = room
        && !noted.lock().contains(log)
    {
        note_again(opener, log, room).await;
        noted.lock().insert(log.clone());
    }
    let actor = RoomActor {
        desk,
        lanes,
        names,
        access,
        registry: Arc::clone(registry),
        mail: mail.clone(),
        log: parts.log.clone(),
        keys: Arc::clone(&parts.keys),
        bus: parts.bus.clone(),
        tasks: parts.tasks.clone(),
        admitted: Vec::new(),
        _passes: passes,
    };
    parts.tasks.spawn(actor.run(asks));
    Ok(handle)
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
    let desk = Desk::new(log, folded, parts.reopen.covers(log));
    tracing::debug!(log = %log, head = %desk.state.line().head(), "opened a log");
    Ok((desk, names))
}

/// Sends the notes of a log's last entries once more. Those that were filed are found by their mids.
async fn note_again(opener: &Opener, log: &LogName, room: &Room) {
    let (name, upto) = (log.clone(), room.line.head().seq);
    if upto == 0 {
        return;
    }
    let found = opener.parts.log.ask(move |reader| {
        let budget = Budget { entries: NOTED_AGAIN, bytes: 1 << 20 };
        let slice = reader.backward(&name, upto + 1, budget).ok()?;
        let events = slice.records.into_iter().filter_map(|record| {
            let event = entry::event(&record.header).ok()??;
            Some((record.header.meta(), event))
        });
        Some(events.collect::<Vec<_>>())
    });
    let Ok(Some(events)) = found.await else {
        return;
    };
    let notes: Vec<Note> = events
        .iter()
        .flat_map(|(meta, event)| {
            let notes = of_event(room, log, event, meta.mid, &meta.by);
            notes.into_iter().map(|note| note.at(meta.position.seq))
        })
        .collect();
    if notes.is_empty() {
        return;
    }
    let (mail, stop) = (opener.mail.clone(), opener.parts.stop.clone());
    opener.parts.tasks.spawn(async move {
        for note in notes {
            tokio::select! {
                () = stop.cancelled() => return,
                sent = mail.0.send(note) => if sent.is_err() { return },
            }
        }
    });
}
