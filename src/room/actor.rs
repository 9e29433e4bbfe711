//! The loop that owns a room and its lanes. Asks come one at a time, in order; each is handled
//! synchronously once what it names is at hand.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::DropGuard;
use tokio_util::task::TaskTracker;
use wardroom_protocol::ids::{Lane, LogName, Position, TopicId};

use super::desk::Desk;
use super::mail::Mail;
use super::recall::search;
use super::rights::Rights;
use super::{Answer, Names, Reading, Registry, Revealed, Submission, TopicView, Where, snapshot};
use crate::cluster::Bus;
use crate::delivery::Reply;
use crate::domain::LogState;
use crate::domain::topic::Filing;
use crate::fault;
use crate::log::{Admitted, Log, Snapshot};
use crate::seal::Keyring;

/// Asks handled before what they wrote goes to the journal.
const AT_ONCE: usize = 32;

/// What a room can be asked.
pub(super) enum Ask {
    /// To write.
    Submit(Box<Submission>, Answer),
    /// Where to begin reading, and what there is. Answered once that is safe.
    Read(Option<Lane>, Where, oneshot::Sender<Reading>),
    /// How far a log is safe, and what it is there. Answered at once.
    Revealed(Option<Lane>, oneshot::Sender<Revealed>),
    /// For a page of topics after one, with the head it describes. Answered once that is safe.
    Topics(Option<TopicId>, usize, oneshot::Sender<Topics>),
    /// To wait until what was taken in before this is safe.
    Settled(oneshot::Sender<()>),
    /// Where a topic's entries are filed. Answered once that is safe.
    Filing(TopicId, oneshot::Sender<Filing>),
    /// To end, if nothing is left to do; whether it did. Asked with the last handle there is.
    Close(oneshot::Sender<bool>),
}

/// A page of topics; `None` if the topic to begin after is unknown.
pub(super) type Topics = Option<(Position, Vec<TopicView>, bool)>;

pub(super) struct RoomActor {
    pub(super) desk: Desk,
    pub(super) lanes: BTreeMap<Lane, Desk>,
    pub(super) names: Names,
    /// What [`super::RoomHandle::may`] sees.
    pub(super) rights: Rights,
    pub(super) registry: Arc<Registry>,
    pub(super) mail: Mail,
    pub(super) log: Log,
    pub(super) keys: Arc<Keyring>,
    pub(super) bus: Bus,
    pub(super) tasks: TaskTracker,
    /// Written and not yet handed to the journal, over all logs in the order of writing. At most what
    /// is taken at once.
    pub(super) admitted: Vec<Admitted>,
    /// Ends the passes when the actor ends.
    pub(super) _passes: DropGuard,
    /// Then says that the log may be opened anew.
    pub(super) _ended: DropGuard,
}

impl RoomActor {
    /// Serves until nobody can ask any more, or whoever asks last asks for the end; or until a bug ends it.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Ask>) {
        if AssertUnwindSafe(self.serve(&mut inbox)).catch_unwind().await.is_err() {
            self.give_up(inbox).await;
        }
    }

    async fn serve(&mut self, inbox: &mut mpsc::Receiver<Ask>) {
        let (mut asks, mut closing) = (Vec::new(), None);
        while inbox.recv_many(&mut asks, AT_ONCE).await > 0 {
            for ask in asks.drain(..) {
                match ask {
                    Ask::Close(reply) => closing = Some(reply),
                    ask => self.answer(ask).await,
                }
            }
            self.hand_over();
            if closing.is_some() && self.is_settled() {
                break;
            }
            if let Some(reply) = closing.take() {
                // Whoever asked still has the handle, and asks again one day.
                let _ = reply.send(false);
            }
            for (log, snapshot) in self.snapshots(snapshot::When::Open) {
                let keep = self.log.clone();
                // Not waited for: what is not kept is folded again one day.
                self.tasks.spawn(async move { keep_snapshot(&keep, log, snapshot).await });
            }
        }
        for (log, snapshot) in self.snapshots(snapshot::When::Closing) {
            keep_snapshot(&self.log, log, snapshot).await;
        }
        if let Some(reply) = closing {
            // From here on the log may be opened anew.
            let _ = reply.send(true);
        }
    }

    fn is_settled(&self) -> bool {
        self.desks().all(Desk::is_settled)
    }

    pub(super) fn desks(&self) -> impl Iterator<Item = &Desk> {
        std::iter::once(&self.desk).chain(self.lanes.values())
    }

    /// The logs that are to be kept anew, as they are now.
    fn snapshots(&mut self, when: snapshot::When) -> Vec<(LogName, Snapshot)> {
        let none = Names::default();
        let own = self.desk.snapshot(&self.names, when);
        let own = own.map(|snapshot| (self.desk.log().clone(), snapshot));
        let lanes = self.lanes.values_mut().filter_map(|desk| {
            let snapshot = desk.snapshot(&none, when)?;
            Some((desk.log().clone(), snapshot))
        });
        own.into_iter().chain(lanes).collect()
    }

    async fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Submit(submission, answer) => {
                fault::panics("in_actor");
                self.handle(*submission, answer).await;
                self.rename().await;
            }
            Ask::Read(lane, from, reply) => self.read(lane, from, reply),
            Ask::Revealed(lane, reply) => {
                let desk = self.at(lane);
                let watermark = desk.channel.tail().revealed();
                let _ = reply.send(Revealed::of(&desk.state, watermark));
            }
            Ask::Topics(after, limit, reply) => self.topics(after, limit, reply),
            // Not now: it is not the last.
            Ask::Close(reply) => drop(reply),
            Ask::Filing(topic, reply) => {
                let filing = match &self.desk.state {
                    LogState::Room(room) => room.topics.filing(&topic),
                    _ => Filing::default(),
                };
                self.once_settled(filing, reply);
            }
            Ask::Settled(reply) => self.once_settled((), reply),
        }
    }

    /// What was written goes to the journal, in the order of writing also from log to log. Called
    /// before this waits for anything, so that what came together is synced, and reaches readers,
    /// together.
    pub(super) fn hand_over(&mut self) {
        self.log.hand_over(&mut self.admitted);
    }

    /// The desk of the log itself, or of one of its lanes.
    pub(super) fn at(&mut self, lane: Option<Lane>) -> &mut Desk {
        lane.and_then(|lane| self.lanes.get_mut(&lane)).unwrap_or(&mut self.desk)
    }

    /// Reads names that went with erased entries again from other entries of the same topic, as
    /// opening the room anew would.
    async fn rename(&mut self) {
        for topic in self.names.take_lost() {
            self.hand_over();
            self.log.catch_up().await;
            let (log, keys) = (self.desk.log().clone(), Arc::clone(&self.keys));
            let upto = self.desk.channel.tail().progress().stored();
            self.names.settle(upto);
            let erased = self.names.erased();
            let found = self
                .log
                .ask(move |reader| search(&topic, upto, &erased, &log, reader, &keys))
                .await;
            match found {
                Ok(Some((seq, event, name))) => self.names.learn(&event, seq, name),
                _ => self.names.recall_fresh(topic),
            }
        }
    }

    fn read(&self, lane: Option<Lane>, from: Where, reply: oneshot::Sender<Reading>) {
        let access = self.rights.newest();
        let lane = lane.and_then(|lane| self.lanes.get(&lane));
        let state = &lane.unwrap_or(&self.desk).state;
        let reading = Reading::resolve(from, state, &self.desk.state, access, &self.names);
        let seq = reading.view.line.head().seq;
        let reply: Reply = Box::new(move |safe| {
            if safe {
                let _ = reply.send(reading);
            }
            None
        });
        match lane {
            None => self.desk.channel.when_safe(seq, reply),
            // It shows what its room is.
            Some(_) => self.when_all_safe(reply),
        }
    }

    /// Lets `reply` leave once everything ordered so far is safe, in the log and in its lanes.
    pub(super) fn when_all_safe(&self, reply: Reply) {
        let all = self.desks().fold(reply, |then, desk| -> Reply {
            let (channel, seq) = (Arc::clone(&desk.channel), desk.state.line().head().seq);
            Box::new(move |safe| {
                if !safe {
                    return then(false);
                }
                channel.when_safe(seq, then);
                None
            })
        });
        all(true);
    }

    /// Answers once everything that was taken in is safe.
    fn once_settled<T: Send + 'static>(&self, value: T, reply: oneshot::Sender<T>) {
        let seq = self.desk.state.line().head().seq;
        self.desk.channel.when_settled(
            seq,
            Box::new(move |safe| {
                if safe {
                    // An asker who has gone needs no answer.
                    let _ = reply.send(value);
                }
                None
            }),
        );
    }

    fn topics(&mut self, after: Option<TopicId>, limit: usize, reply: oneshot::Sender<Topics>) {
        let page = self.topic_page(after, limit);
        let seq = page.as_ref().map_or(0, |(position, ..)| position.seq);
        self.desk.channel.when_safe(
            seq,
            Box::new(move |safe| {
                if safe {
                    let _ = reply.send(page);
                }
                None
            }),
        );
    }

    fn topic_page(&self, after: Option<TopicId>, limit: usize) -> Topics {
        let LogState::Room(room) = &self.desk.state else {
            return None;
        };
        let topics = &room.topics;
        let from = match after {
            None => 0,
            Some(after) => {
                let began = topics.all.get(&after)?.began;
                topics.order.partition_point(|topic| topics.all[topic].began <= began)
            }
        };
        let rest = &topics.order[from..];
        let page = rest.iter().take(limit).map(|topic| TopicView {
            topic: *topic,
            name: self.names.topic(topic).cloned(),
            facts: topics.all[topic].clone(),
        });
        Some((room.line.head(), page.collect(), rest.len() > limit))
    }
}

async fn keep_snapshot(keep: &Log, log: LogName, snapshot: Snapshot) {
    // Busy read threads have more urgent work, and a closed log takes none.
    let _ = keep.ask(move |reader| reader.save_snapshot(&log, &snapshot)).await;
}
