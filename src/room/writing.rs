//! How a submission becomes entries: what it names is gathered, decided on, written, and answered
//! once it is safe.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use wardroom_protocol::ids::{Lane, LogName, Mid, PrincipalId};

use super::actor::RoomActor;
use super::desk::Proposal;
use super::mail::{Letter, Note, notes};
use super::{Answer, Denied, Fault, Names, Submission, Worded, Written};
use crate::delivery::{PIECE, Reply, frame, read_after};
use crate::domain::{
    Act, Command, Event, Identified, Judgement, Refusal, Row, Rows, Worded as From, message,
    moderation,
};
use crate::entry::{self, RECORD_VERSION};
use crate::fault;
use crate::log::{Budget, Found};
use crate::seal::Binding;

/// What a submission names, found.
#[derive(Default)]
struct Gathered {
    /// The entries that hold the submission's own mid, by lane: lanes share their room's mids.
    own: Vec<(Option<Lane>, Row)>,
    rows: Rows,
    /// The words of the held message that is to be released.
    held: Option<Bytes>,
}

/// One look-up.
#[derive(Clone, Copy)]
struct Sought {
    lane: Option<Lane>,
    mid: Mid,
    own: bool,
}

/// Why nothing new was written.
enum Stop {
    Known(Option<Lane>, Written),
    Denied(Denied),
    /// A refusal that rests on an entry.
    RestsOn(Option<Lane>, u64, Refusal),
    /// A refusal that may rest on any entry of the room or its lanes.
    Refused(Refusal),
}

impl RoomActor {
    pub(super) async fn handle(&mut self, mut submission: Submission, answer: Answer) {
        let gathered = match self.gather(&mut submission).await {
            Ok(gathered) => gathered,
            Err(denied) => return self.refuse(answer, denied),
        };
        match self.write(&submission, &gathered) {
            Ok((lane, event, written)) => {
                fault::panics("in_reply");
                let seq = written.position.seq;
                let effect = self.on_reveal(&event, &submission);
                let outcome = match event {
                    Event::Moderation(moderation::Event::Held(_)) => {
                        Err(Denied::Refused(Refusal::Held { position: written.position }))
                    }
                    _ => Ok(written),
                };
                let reply = reply(answer, outcome, Fault::Unknown);
                let channel = &self.at(lane).channel;
                match effect {
                    Some(effect) => channel.once_safe(seq, effect, Some(reply)),
                    None => channel.when_safe(seq, reply),
                }
            }
            Err(Stop::Known(lane, written)) => {
                let reply = reply(answer, Ok(written), Fault::Unknown);
                self.at(lane).channel.when_safe(written.position.seq, reply);
            }
            Err(Stop::RestsOn(lane, seq, refusal)) => {
                self.at(lane).channel.when_safe(seq, refused(answer, refusal));
            }
            Err(Stop::Refused(refusal)) => self.when_all_safe(refused(answer, refusal)),
            Err(Stop::Denied(denied)) => self.refuse(answer, denied),
        }
    }

    /// A refusal that rests on nothing.
    fn refuse(&self, answer: Answer, denied: Denied) {
        self.desk.channel.when_safe(0, Box::new(move |_| answer.give(Err(denied))));
    }

    /// The rows of the submission's own mid, and of the mids its command names: from memory, or,
    /// when the filter cannot exclude it, from the store.
    async fn gather(&mut self, submission: &mut Submission) -> Result<Gathered, Denied> {
        let mut gathered = Gathered::default();
        let moderators = self.lanes.contains_key(&Lane::Moderators).then_some(Lane::Moderators);
        let mut sought = vec![Sought { lane: None, mid: submission.mid, own: true }];
        let here = submission.command.names().into_iter();
        sought.extend(here.map(|mid| Sought { lane: None, mid, own: false }));
        if moderators.is_some() {
            sought.push(Sought { lane: moderators, mid: submission.mid, own: true });
            let there = submission.command.names_in_lane().into_iter();
            sought.extend(there.map(|mid| Sought { lane: moderators, mid, own: false }));
        }
        self.look_up(sought, &mut gathered).await?;
        let further = submission.command.names_further(&gathered.rows).into_iter();
        let further = further.map(|mid| Sought { lane: None, mid, own: false }).collect::<Vec<_>>();
        if !further.is_empty() {
            self.look_up(further, &mut gathered).await?;
        }
        if let Command::Moderation(moderation::Command::Release { of, held }) =
            &mut submission.command
            && let Some(row) = gathered.rows.in_lane(of).filter(|row| row.message().is_some())
        {
            self.hand_over();
            let (posted, words) = self.held(row.position.seq).await?;
            *held = posted;
            gathered.held = words;
        }
        Ok(gathered)
    }

    async fn look_up(
        &mut self,
        sought: Vec<Sought>,
        gathered: &mut Gathered,
    ) -> Result<(), Denied> {
        let mut missing = Vec::new();
        for sought in sought {
            match self.at(sought.lane).find(&sought.mid) {
                Found::Row(row) => gathered.take(sought, Some(row)),
                Found::Absent => gathered.take(sought, None),
                Found::AskStore => missing.push((sought, self.at(sought.lane).log().clone())),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.hand_over();
        let found = self
            .log
            .ask(move |reader| {
                let rows = missing.into_iter();
                rows.map(|(sought, log)| Ok((sought, reader.row(&log, &sought.mid)?)))
                    .collect::<Result<Vec<_>, crate::log::ReadError>>()
            })
            .await;
        match found {
            Ok(Ok(found)) => {
                for (sought, row) in found {
                    gathered.take(sought, row);
                }
                Ok(())
            }
            Ok(Err(_)) => Err(Denied::Fault(Fault::LogUnavailable)),
            Err(_) => Err(Denied::Fault(Fault::Overloaded)),
        }
    }

    /// A held message of the lane: its facts, and its words unless they were erased.
    async fn held(&self, seq: u64) -> Result<(Option<message::Posted>, Option<Bytes>), Denied> {
        #[derive(Deserialize)]
        struct Shown<'a> {
            #[serde(borrow)]
            d: &'a RawValue,
            #[serde(borrow, default)]
            w: Option<&'a RawValue>,
        }
        let Some(lane) = self.lanes.get(&Lane::Moderators) else {
            return Ok((None, None));
        };
        // The same bytes that moderators were shown, from wherever they are.
        let budget = Budget { entries: 1, ..PIECE };
        let read = read_after(&lane.channel, &self.log, &self.keys, seq - 1, budget).await;
        let batch = read.map_err(|_| Denied::Fault(Fault::LogUnavailable))?;
        let Some((_, sent)) = batch.frames().find(|(at, _)| *at == seq) else {
            return Err(Denied::Fault(Fault::Overloaded));
        };
        let text = frame::payload(&sent);
        let Ok(shown) = serde_json::from_slice::<Shown<'_>>(&text) else {
            return Ok((None, None));
        };
        let posted = match entry::event_of("message.held", shown.d.get().as_bytes()) {
            Ok(Some(Event::Moderation(moderation::Event::Held(posted)))) => Some(posted),
            _ => None,
        };
        Ok((posted, shown.w.map(|words| Bytes::copy_from_slice(words.get().as_bytes()))))
    }

    /// Writes what the command becomes. Returns the last entry, which is the one that is answered.
    fn write(
        &mut self,
        submission: &Submission,
        gathered: &Gathered,
    ) -> Result<(Option<Lane>, Event, Written), Stop> {
        let (by, submit) = (&submission.principal.id, &submission.submit);
        // A held message that was released stands in the room: there is its answer.
        let own = gathered.own.iter().min_by_key(|(lane, _)| *lane);
        if let Some((lane, row)) = own {
            return Err(match row.judge(by, submit) {
                Judgement::Duplicate { position, at } => {
                    Stop::Known(*lane, Written { position, at, duplicate: true })
                }
                // Not on the message, but on what became of it.
                Judgement::Refused(Refusal::Declined) => Stop::Refused(Refusal::Declined),
                Judgement::Refused(refusal) => Stop::RestsOn(*lane, row.position.seq, refusal),
            });
        }
        let now = self.bus.now_ms();
        let state = &self.desk.state;
        let acts = state
            .decide(&submission.command, &submission.principal, &gathered.rows, now)
            .map_err(Stop::Refused)?;
        self.desk.ready(&self.log).map_err(Stop::Denied)?;
        let acts: Vec<_> = acts
            .into_iter()
            .map(|act| {
                let notes = notes(&self.desk, &act, submission, &gathered.rows);
                (act, notes)
            })
            .collect();
        let mut last = None;
        for (act, notes) in acts {
            let lane = act.lane;
            let letters = self.address(lane, notes);
            let (event, written) = match self.write_act(act, submission, gathered) {
                Err(stop) => {
                    letters.into_iter().for_each(Letter::withdraw);
                    // A part of it was written: its retry does the rest, and nobody may call this undone.
                    let unknown = Stop::Denied(Denied::Fault(Fault::Unknown));
                    return Err(if last.is_some() { unknown } else { stop });
                }
                Ok(written) => written,
            };
            if !letters.is_empty() {
                let channel = Arc::clone(&self.at(lane).channel);
                let (mail, seq) = (self.mail.clone(), written.position.seq);
                let tell = move |safe| {
                    let letters = letters.into_iter().filter(|_| safe);
                    letters.for_each(|letter| mail.send(letter.at(seq)));
                };
                channel.once_safe(seq, Box::new(tell), None);
            }
            last = Some((lane, event, written));
        }
        last.ok_or(Stop::Denied(Denied::Fault(Fault::LogUnavailable)))
    }

    /// Before anything is ordered: whatever happens from here on, no note is forgotten.
    fn address(&mut self, lane: Option<Lane>, notes: Vec<Note>) -> Vec<Letter> {
        if notes.is_empty() {
            return Vec::new();
        }
        let desk = self.at(lane);
        let (log, next) = (desk.log().clone(), desk.state.line().head().seq + 1);
        self.mail.address(notes, &log, next)
    }

    fn write_act(
        &mut self,
        act: Act,
        submission: &Submission,
        gathered: &Gathered,
    ) -> Result<(Event, Written), Stop> {
        let lane = act.lane;
        let target = self.at(lane).log().clone();
        let (proposal, name) = self.propose(act, &target, submission, gathered);
        // A lane's entry says where the room stood, so that clients can merge the two.
        let head = lane.map(|_| self.desk.state.line().head());
        let rows = if lane.is_some() { &gathered.rows.of_lane() } else { &gathered.rows };
        // Not by `at`, which borrows all of the actor.
        let desk = lane.and_then(|lane| self.lanes.get_mut(&lane)).unwrap_or(&mut self.desk);
        let written = desk.write(&proposal, rows, head, (&self.bus, &self.log), &mut self.admitted);
        let (seq, written) = written.map_err(Stop::Denied)?;
        let event = proposal.event;
        if lane.is_none() {
            self.names.settle(self.desk.channel.tail().progress().stored());
            if let Some(name) = name {
                self.names.hear(&event, seq, name);
            }
            if let Some(erased) = event.erases() {
                self.names.forget(erased, seq);
            }
            self.publish(&event, seq);
        }
        Ok((event, written))
    }

    /// An act with its mid, its author and its words, sealed for the log it goes to.
    fn propose(
        &self,
        act: Act,
        target: &LogName,
        submission: &Submission,
        gathered: &Gathered,
    ) -> (Proposal, Option<Arc<str>>) {
        let own = act.identity == Identified::Own;
        let (mid, by, submit): (Mid, PrincipalId, [u8; 32]) = match act.identity {
            Identified::Own => (submission.mid, submission.principal.id.clone(), submission.submit),
            Identified::Derived(of) => {
                let mid = self.keys.following_mid(target, &submission.mid, &of);
                (mid, submission.principal.id.clone(), submission.submit)
            }
            Identified::As { mid, by, submit } => (mid, by, submit),
        };
        let seal = |open: &Bytes| {
            let binding = Binding { log: target, mid: &mid, by: &by, version: RECORD_VERSION };
            (self.keys.seal(binding, open), open.clone())
        };
        let (words, name) = match (&submission.words, act.words) {
            (_, From::OfLane(_)) => {
                let open = gathered.held.as_ref();
                let name = open.and_then(|open| Names::in_words(&act.event, open));
                (open.map(seal), name)
            }
            (Some(Worded { log, sealed, open, name }), From::Own) => {
                let fits = own && log == target;
                let words = if fits { (sealed.clone(), open.clone()) } else { seal(open) };
                (Some(words), name.clone())
            }
            (None, From::Own) => (None, None),
        };
        (Proposal { event: act.event, mid, by, submit, words }, name)
    }
}

impl Gathered {
    fn take(&mut self, sought: Sought, row: Option<Row>) {
        match (sought.own, sought.lane) {
            (true, lane) => self.own.extend(row.map(|row| (lane, row))),
            (false, None) => self.rows.insert(sought.mid, row),
            (false, Some(_)) => self.rows.insert_lane(sought.mid, row),
        }
    }
}

/// A refusal, or what is said while what it rests on is not safe. Nothing was done in either case, except
/// that a held message is kept, and may be shown yet.
fn refused(answer: Answer, refusal: Refusal) -> Reply {
    let otherwise = match refusal {
        Refusal::Held { .. } | Refusal::Declined => Fault::Unknown,
        _ => Fault::LogUnavailable,
    };
    reply(answer, Err(Denied::Refused(refusal)), otherwise)
}

/// An answer that rests on an entry: the outcome, or what is said while that entry is not safe.
fn reply(answer: Answer, outcome: Result<Written, Denied>, otherwise: Fault) -> Reply {
    Box::new(move |safe| answer.give(if safe { outcome } else { Err(Denied::Fault(otherwise)) }))
}
