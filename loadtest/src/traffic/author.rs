//! An author: one connection that posts into one room and listens to its answers only.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use wardroom_protocol::code::WireError;
use wardroom_protocol::ids::Mid;
use wardroom_protocol::message::{MessageKind, Post, Written};

use super::{Flight, Ground, Pace};
use crate::failure::Failure;
use crate::link::{Link, Reply};
use crate::schedule::Schedule;
use crate::words;

/// Posts without an answer at most, in the open model. Beyond it sends wait, and since latency counts
/// from the intended time, the wait is in the figures.
const UNANSWERED: usize = 1_024;

/// The author of one room.
pub(super) struct Author {
    pub(super) ground: Rc<Ground>,
    pub(super) desk: usize,
    pub(super) link: Link,
    pub(super) bytes: usize,
    pub(super) begun: Instant,
}

/// What came in.
enum Heard {
    Answer(u64, Result<Written, WireError>),
    /// A notice: nothing to do. What a drain means for a load test is that its connections end.
    Notice,
    Nonsense,
}

impl Author {
    /// Posts until told to stop, then waits for the last answer.
    pub(super) async fn run(mut self, pace: Pace, rooms: usize) -> Result<(), Failure> {
        const NOT_OURS: Failure = Failure::Answer { op: "message.post" };
        let ground = Rc::clone(&self.ground);
        let desk = &ground.desks[self.desk];
        let mut schedule = match pace {
            Pace::Rate(rate) => Some(Schedule::new(rate, self.desk as u64, rooms as u64)),
            Pace::InFlight(_) => None,
        };
        let mut asked = HashMap::new();
        loop {
            while !ground.stop.get() {
                let intended = match (&mut schedule, pace) {
                    (Some(schedule), _) if asked.len() < UNANSWERED => {
                        schedule.take(self.begun.elapsed()).map(|due| self.begun + due)
                    }
                    (None, Pace::InFlight(most)) if desk.in_flight.get() < most => {
                        Some(Instant::now())
                    }
                    _ => None,
                };
                let Some(intended) = intended else {
                    break;
                };
                let (id, mid) = self.post(intended)?;
                asked.insert(id, mid);
            }
            if ground.stop.get() && asked.is_empty() {
                return Ok(());
            }
            let due = schedule.as_ref().map(|schedule| self.begun + schedule.due());
            let due = due.filter(|_| !ground.stop.get() && asked.len() < UNANSWERED);
            let until = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                heard = self.link.receive("posting", hear) => {
                    let mut heard = Some(heard?);
                    // Answers come many at a time. All that are here are taken before the next posts are
                    // made, so that these leave in one write, as the yardsticks' do.
                    while let Some(one) = heard {
                        match one {
                            Heard::Answer(id, outcome) => {
                                let mid = asked.remove(&id).ok_or(NOT_OURS)?;
                                self.answered(mid, outcome);
                            }
                            Heard::Notice => {}
                            Heard::Nonsense => return Err(NOT_OURS),
                        }
                        heard = self.link.at_hand("posting", hear)?;
                    }
                }
                () = desk.wake.notified() => {}
                () = until => {}
            }
        }
    }

    fn post(&mut self, intended: Instant) -> Result<(u64, Mid), Failure> {
        let desk = &self.ground.desks[self.desk];
        let mid = Mid::fresh();
        self.ground.oracle.borrow_mut().said(desk.index, mid, self.bytes);
        let post = Post {
            room: desk.log.clone(),
            topic: words::TOPIC.to_owned(),
            mid,
            kind: MessageKind::Message,
            body: words::body(mid, self.bytes),
            reply_to: None,
            tags: Vec::new(),
            mentions: Vec::new(),
            announce: None,
            after: None,
            origin: None,
        };
        let sent = Instant::now();
        let flight = Flight { desk: self.desk, intended, sent, receipts: 0, acked: false };
        self.ground.flights.borrow_mut().insert(mid, flight);
        desk.in_flight.set(desk.in_flight.get() + 1);
        self.ground.meter.borrow_mut().total.sent += 1;
        Ok((self.link.tell("message.post", &post)?, mid))
    }

    fn answered(&self, mid: Mid, outcome: Result<Written, WireError>) {
        match outcome {
            Ok(written) => {
                let (position, duplicate) = (written.position, written.duplicate);
                self.ground.oracle.borrow_mut().acknowledged(mid, position, duplicate);
                self.acknowledged(mid);
            }
            Err(error) => {
                if error.code == "unknown" {
                    self.ground.oracle.borrow_mut().unknown(mid);
                } else {
                    self.ground.oracle.borrow_mut().refused(mid);
                }
                let code = error.code.clone();
                *self.ground.meter.borrow_mut().errors.entry(code).or_default() += 1;
                self.ground.complete(mid, self.desk);
            }
        }
    }

    fn acknowledged(&self, mid: Mid) {
        let mut meter = self.ground.meter.borrow_mut();
        meter.total.acked += 1;
        let mut flights = self.ground.flights.borrow_mut();
        let Some(flight) = flights.get_mut(&mid) else {
            return;
        };
        flight.acked = true;
        meter.record(|it| &mut it.answered, flight.intended.elapsed());
        let complete = flight.receipts >= self.ground.desks[self.desk].members.get();
        drop((flights, meter));
        if complete {
            self.ground.complete(mid, self.desk);
        }
    }
}

fn hear(text: &str) -> Heard {
    if text.starts_with(r#"{"op":"#) {
        return Heard::Notice;
    }
    let answer = || {
        let reply: Reply<'_> = serde_json::from_str(text).ok()?;
        let outcome = match (reply.ok, reply.error) {
            (Some(ok), None) => Ok(serde_json::from_str(ok.get()).ok()?),
            (None, Some(error)) => Err(error),
            _ => return None,
        };
        Some(Heard::Answer(reply.id, outcome))
    };
    answer().unwrap_or(Heard::Nonsense)
}
