//! The loop that owns a room and its lanes. Asks come one at a time, in order; each is handled
//! synchronously once the index rows it names are at hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use wardroom_protocol::ids::{Lane, Mid, Position, TopicId};

use super::desk::Desk;
use super::{
    Answer, Denied, Fault, Listed, Names, Reading, Registry, Submission, TopicView, Where, Written,
};
use crate::cluster::Bus;
use crate::delivery::Channel;
use crate::domain::{Event, Judgement, LogState, Row, Rows};
use crate::entry::open_words;
use crate::log::{Found, Log};
use crate::seal::Keyring;

/// What a room can be asked.
pub(super) enum Ask {
    /// To write.
    Submit(Box<Submission>, Answer),
    /// Where to begin reading, and what there is. Answered once that is safe.
    Read(Option<Lane>, Where, oneshot::Sender<Reading>),
    /// For a page of topics after one, with the head it describes. Answered once that is safe.
    Topics(Option<TopicId>, usize, oneshot::Sender<Topics>),
}

/// A page of topics; `None` if the topic to begin after is unknown.
pub(super) type Topics = Option<(Position, Vec<TopicView>, bool)>;

pub(super) struct RoomActor {
    pub(super) desk: Desk,
    pub(super) lanes: BTreeMap<Lane, Desk>,
    pub(super) names: Names,
    pub(super) registry: Arc<Registry>,
    pub(super) log: Log,
    pub(super) keys: Arc<Keyring>,
    pub(super) bus: Bus,
}

impl RoomActor {
    /// Serves until nobody can ask any more.
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Ask>) {
        while let Some(ask) = inbox.recv().await {
            match ask {
                Ask::Submit(submission, answer) => {
                    match self.gather(&submission).await {
                        Ok((own, rows)) => self.submit(&submission, own, &rows, answer),
                        Err(denied) => settle(&self.desk.channel, 0, answer, Err(denied)),
                    }
                    self.rename().await;
                }
                Ask::Read(lane, from, reply) => self.read(lane, from, reply),
                Ask::Topics(after, limit, reply) => self.topics(after, limit, reply),
            }
        }
    }

    fn target(&mut self, submission: &Submission) -> &mut Desk {
        match submission.command.lane() {
            Some(lane) => self.lanes.get_mut(&lane).unwrap_or(&mut self.desk),
            None => &mut self.desk,
        }
    }

    /// The row of the submission's own mid, and the rows its command names: from memory, or, when
    /// the filter cannot exclude it, from the store.
    async fn gather(&mut self, submission: &Submission) -> Result<(Option<Row>, Rows), Denied> {
        let own_log = self.target(submission).log().clone();
        let room_log = self.desk.log().clone();
        let mut rows = Rows::default();
        let mut own = None;
        let mut missing = Vec::new();
        match self.target(submission).find(&submission.mid) {
            Found::Row(row) => own = Some(row),
            Found::Absent => {}
            Found::AskStore => missing.push((own_log.clone(), submission.mid, true)),
        }
        for mid in submission.command.names() {
            match self.desk.find(&mid) {
                Found::Row(row) => rows.insert(mid, Some(row)),
                Found::Absent => rows.insert(mid, None),
                Found::AskStore => missing.push((room_log.clone(), mid, false)),
            }
        }
        if missing.is_empty() {
            return Ok((own, rows));
        }
        let found = self
            .log
            .ask(move |reader| {
                missing
                    .into_iter()
                    .map(|(log, mid, is_own)| Ok((mid, is_own, reader.row(&log, &mid)?)))
                    .collect::<Result<Vec<(Mid, bool, Option<Row>)>, crate::log::ReadError>>()
            })
            .await;
        let found = match found {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => return Err(Denied::Fault(Fault::LogUnavailable)),
            Err(_) => return Err(Denied::Fault(Fault::Overloaded)),
        };
        for (mid, is_own, row) in found {
            if is_own {
                own = row;
            } else {
                rows.insert(mid, row);
            }
        }
        Ok((own, rows))
    }

    fn submit(&mut self, submission: &Submission, own: Option<Row>, rows: &Rows, answer: Answer) {
        let channel = Arc::clone(&self.target(submission).channel);
        match self.decide_and_write(submission, own, rows) {
            Ok((event, seq, written)) => {
                let answer = self.on_reveal(event, submission, answer);
                settle(&channel, seq, answer, Ok(written));
                self.target(submission).catch_up(seq);
            }
            Err(Stop::Known(written)) => {
                settle(&channel, written.position.seq, answer, Ok(written));
            }
            Err(Stop::Denied(denied)) => settle(&channel, 0, answer, Err(denied)),
        }
    }

    fn decide_and_write(
        &mut self,
        submission: &Submission,
        own: Option<Row>,
        rows: &Rows,
    ) -> Result<(Event, u64, Written), Stop> {
        if let Some(row) = own {
            return Err(match row.judge(&submission.principal.id, &submission.submit) {
                Judgement::Duplicate { position, at } => {
                    Stop::Known(Written { position, at, duplicate: true })
                }
                Judgement::Refused(refusal) => Stop::Denied(Denied::Refused(refusal)),
            });
        }
        let event = self
            .desk
            .state
            .decide(&submission.command, &submission.principal, rows)
            .map_err(|refusal| Stop::Denied(Denied::Refused(refusal)))?;
        // A lane's entry says where the room stood, so that clients can merge the two.
        let head = submission.command.lane().map(|_| self.desk.state.line().head());
        let log = self.log.clone();
        let bus = self.bus.clone();
        let target = self.target(submission);
        target.ready(&log).map_err(Stop::Denied)?;
        let (seq, written) =
            target.write(&event, submission, rows, head, (&bus, &log)).map_err(Stop::Denied)?;
        if let Some(name) = &submission.words.name {
            self.names.learn(&event, seq, Arc::clone(name));
        }
        if let Event::MessageRedacted { seq, topic, .. } = &event {
            self.names.forget(topic, *seq);
        }
        Ok((event, seq, written))
    }

    /// What else happens at the moment an entry is safe.
    fn on_reveal(&mut self, event: Event, submission: &Submission, answer: Answer) -> Answer {
        let Event::RoomRegistered { room, class, specialty } = event else {
            return answer;
        };
        let listed = Listed {
            class,
            specialty,
            by: submission.principal.id.clone(),
            mid: submission.mid,
            title: submission.words.name.clone(),
            words: Some(submission.words.open.clone()),
        };
        let registry = Arc::clone(&self.registry);
        Box::new(move |outcome| {
            if outcome.is_ok() {
                registry.insert(room, listed);
            }
            answer(outcome)
        })
    }

    /// Reads names that went with erased entries again from other entries of the same topic, as
    /// opening the room anew would.
    async fn rename(&mut self) {
        for topic in self.names.take_lost() {
            let (log, keys) = (self.desk.log().clone(), Arc::clone(&self.keys));
            let upto = self.desk.channel.tail().progress().stored();
            let found = self
                .log
                .ask(move |reader| -> Option<(u64, Event, Arc<str>)> {
                    let seqs = reader.topic(&log, &topic, 0, upto, 64, false).ok()?;
                    for record in reader.get(&log, &seqs).ok()?.records {
                        let event = crate::entry::event(&record.header).ok()??;
                        if let Some(words) = open_words(&record, &keys).ok()?
                            && let Some(name) = Names::in_words(&event, &words)
                        {
                            return Some((record.header.position.seq, event, name));
                        }
                    }
                    None
                })
                .await;
            if let Ok(Some((seq, event, name))) = found {
                self.names.learn(&event, seq, name);
            }
        }
    }

    fn read(&mut self, lane: Option<Lane>, from: Where, reply: oneshot::Sender<Reading>) {
        let desk = lane.and_then(|lane| self.lanes.get(&lane)).unwrap_or(&self.desk);
        let reading = Reading::resolve(from, &desk.state, &self.desk.state, &self.names);
        let seq = reading.view.line.head().seq;
        desk.channel.when_safe(
            seq,
            Box::new(move |safe| {
                if safe {
                    // An asker who has gone needs no answer.
                    let _ = reply.send(reading);
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
        let from = match after {
            None => 0,
            Some(after) => {
                let first = room.topics.get(&after)?.first;
                room.topic_order.partition_point(|topic| room.topics[topic].first <= first)
            }
        };
        let rest = &room.topic_order[from..];
        let page = rest.iter().take(limit).map(|topic| TopicView {
            topic: *topic,
            name: self.names.topic(topic).cloned(),
            facts: room.topics[topic],
        });
        Some((room.line.head(), page.collect(), rest.len() > limit))
    }
}

/// Why nothing new was written.
enum Stop {
    Known(Written),
    Denied(Denied),
}

/// Lets an answer go once what it rests on is safe. A refusal rests on nothing.
fn settle(channel: &Arc<Channel>, seq: u64, answer: Answer, outcome: Result<Written, Denied>) {
    channel.when_safe(
        seq,
        Box::new(move |safe| {
            answer(if safe { outcome } else { Err(Denied::Fault(Fault::Unknown)) })
        }),
    );
}
