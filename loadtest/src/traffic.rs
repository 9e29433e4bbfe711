//! Traffic: rooms, their members and authors, and the way from preparing over the window to the
//! verdict. Every scenario is made of it.
//!
//! One thread drives all of it. The server has the other cores, and the shared state below needs no
//! lock; a borrow is never held across an await.

mod author;
mod eraser;
mod member;
mod settle;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use wardroom_protocol::ids::{LogName, Mid, RoomId};
use wardroom_protocol::join::From;
use wardroom_protocol::message::Written;
use wardroom_protocol::room::{Class, CreateRoom, JoinPolicy};

pub use eraser::erase_one;
pub use member::{Member, Part};

use crate::failure::Failure;
use crate::link::Link;
use crate::meter::{Counts, Meter, Second, Snapshot, Window, milliseconds};
use crate::oracle::{Oracle, RoomIndex};
use crate::target::Target;

/// Seconds that are too few to tell a rate by.
const MOMENT: f64 = 0.25;
/// Between two looks at a window.
const BEAT: Duration = Duration::from_secs(1);
/// Connections that are being opened at once.
pub const OPENING: usize = 64;

/// How authors send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// A closed window: so many messages of each room on their way at once. A message is on its way
    /// until it is acknowledged and every member has it.
    InFlight(u32),
    /// The open model: so many per second, all rooms together, whatever the server does.
    Rate(f64),
}

/// How much of everything.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rooms.
    pub rooms: usize,
    /// Members of each room, beside its author, who does not listen.
    pub members: usize,
    /// How authors send.
    pub pace: Pace,
    /// Bytes of each post's text.
    pub bytes: usize,
}

/// One room.
pub struct Desk {
    /// Its log.
    pub log: LogName,
    /// Its place in the oracle.
    pub index: RoomIndex,
    /// Members whose receipt completes a message.
    pub members: Cell<u32>,
    /// Messages on their way.
    pub in_flight: Cell<u32>,
    /// Wakes the author: a message was completed, or it is time to stop.
    pub wake: Notify,
}

/// A message on its way.
pub struct Flight {
    desk: usize,
    intended: Instant,
    sent: Instant,
    receipts: u32,
    acked: bool,
}

/// What all tasks of a run share.
pub struct Ground {
    /// The judge.
    pub oracle: RefCell<Oracle>,
    /// The figures.
    pub meter: RefCell<Meter>,
    /// The rooms.
    pub desks: Vec<Desk>,
    flights: RefCell<HashMap<Mid, Flight>>,
    /// Authors send nothing more.
    pub stop: Cell<bool>,
}

impl Ground {
    /// A message is complete: its author may send another.
    fn complete(&self, mid: Mid, desk: usize) {
        self.flights.borrow_mut().remove(&mid);
        let desk = &self.desks[desk];
        desk.in_flight.set(desk.in_flight.get().saturating_sub(1));
        desk.wake.notify_one();
    }

    /// A connection ended that nobody asked to: a finding of the verdict.
    pub fn note_end(&self, failure: &Failure) {
        let mut meter = self.meter.borrow_mut();
        meter.ended += 1;
        meter.first_end.get_or_insert_with(|| failure.to_string());
    }
}

/// A run.
pub struct Traffic {
    /// The server.
    pub target: Rc<Target>,
    /// What is shared.
    pub ground: Rc<Ground>,
    /// Everybody who reads.
    pub members: Vec<Rc<Member>>,
    plan: Plan,
    /// Dropped at the end: members are ended with their connections.
    tasks: JoinSet<()>,
    authors: JoinSet<Result<(), Failure>>,
    /// How long it took to connect, hello and join everybody.
    pub joining: Duration,
    /// The server's resident memory when the rooms stood and nobody had joined, bytes.
    pub founded: Option<u64>,
}

impl Traffic {
    /// Founds the rooms and lets everybody join. Nothing is sent yet.
    pub async fn prepare(target: Rc<Target>, plan: Plan) -> Result<Self, Failure> {
        let mut oracle = Oracle::default();
        let run = Mid::fresh().to_string();
        let names: Vec<LogName> = (0..plan.rooms)
            .map(|number| format!("load-{run}-{number}").parse())
            .collect::<Result<_, _>>()
            .expect("a UUID and a number are a slug");
        let desks = names
            .into_iter()
            .map(|log| Desk {
                index: oracle.room(log.as_str()),
                log,
                members: Cell::new(0),
                in_flight: Cell::new(0),
                wake: Notify::new(),
            })
            .collect();
        let ground = Rc::new(Ground {
            oracle: RefCell::new(oracle),
            meter: RefCell::default(),
            desks,
            flights: RefCell::default(),
            stop: Cell::new(false),
        });
        let (mut founder, _) = Link::open(&target.address, &target.author, None).await?;
        for desk in &ground.desks {
            let room: RoomId = desk.log.room().expect("rooms only");
            let create = CreateRoom {
                room,
                mid: Mid::fresh(),
                title: "Load".to_owned(),
                class: Class::Discussion,
                specialty: None,
                join: JoinPolicy::Open,
                with: Vec::new(),
            };
            let _: Written = founder.ask("room.create", &create).await?;
        }
        founder.close().await;
        let mut traffic = Self {
            target,
            ground,
            members: Vec::new(),
            plan,
            tasks: JoinSet::new(),
            authors: JoinSet::new(),
            joining: Duration::ZERO,
            founded: None,
        };
        traffic.founded = traffic.target.process.and_then(|process| process.resident().ok());
        traffic.join_all().await?;
        traffic.tasks.spawn_local(member::watch_timers(Rc::clone(&traffic.ground)));
        Ok(traffic)
    }

    async fn join_all(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        let mut waiting = (0..self.plan.members * self.plan.rooms).collect::<Vec<_>>().into_iter();
        let mut opening = JoinSet::new();
        loop {
            while opening.len() < OPENING
                && let Some(number) = waiting.next()
            {
                let (target, ground) = (Rc::clone(&self.target), Rc::clone(&self.ground));
                let desk = number % self.plan.rooms;
                opening.spawn_local(async move {
                    Member::join(&target, &ground, desk, number, From::Now, Part::Counted).await
                });
            }
            let Some(joined) = opening.join_next().await else {
                break;
            };
            let (member, link) = joined.expect("a join does not panic")?;
            let desk = &self.ground.desks[member.desk];
            desk.members.set(desk.members.get() + 1);
            self.follow(member, link);
        }
        self.joining = begun.elapsed();
        Ok(())
    }

    /// Lets a member read from now on.
    pub fn follow(&mut self, member: Rc<Member>, link: Link) {
        self.members.push(Rc::clone(&member));
        self.tasks.spawn_local(member::read(Rc::clone(&self.ground), member, link));
    }

    /// Authors begin.
    pub async fn start(&mut self) -> Result<(), Failure> {
        let mut links = Vec::with_capacity(self.ground.desks.len());
        for _ in &self.ground.desks {
            links.push(Link::open(&self.target.address, &self.target.author, None).await?.0);
        }
        let begun = Instant::now();
        for (desk, link) in links.into_iter().enumerate() {
            let author = author::Author {
                ground: Rc::clone(&self.ground),
                desk,
                link,
                bytes: self.plan.bytes,
                begun,
            };
            self.authors.spawn_local(author.run(self.plan.pace, self.plan.rooms));
        }
        Ok(())
    }

    /// Counts so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.ground.meter.borrow().total
    }

    /// Opens the window, waits, and closes it. Calls `tick` every second.
    pub async fn window(&self, length: Duration, tick: impl FnMut(&Second)) -> Window {
        self.window_with(length, std::future::ready(()), tick).await.0
    }

    /// A window that lasts at least so long, and until something else is done.
    pub async fn window_with<T>(
        &self,
        length: Duration,
        other: impl Future<Output = T>,
        mut tick: impl FnMut(&Second),
    ) -> (Window, T) {
        let mut other = std::pin::pin!(other);
        let mut done = None;
        self.ground.meter.borrow_mut().open = true;
        let from = self.look();
        let mut last = from;
        loop {
            let mut next = last.at + BEAT;
            if done.is_some() {
                next = next.min(from.at + length);
            }
            tokio::select! {
                () = tokio::time::sleep_until(next.into()) => {}
                it = &mut other, if done.is_none() => {
                    done = Some(it);
                    if from.at.elapsed() < length {
                        continue;
                    }
                }
            }
            let now = self.look();
            let second = self.second(&from, &last, &now);
            last = now;
            // A moment at the end of a window tells no rate.
            if second.length >= MOMENT || now.at.duration_since(from.at) < BEAT {
                self.ground.meter.borrow_mut().seconds.push(second);
                tick(&second);
            }
            if now.at.duration_since(from.at) >= length
                && let Some(it) = done.take()
            {
                self.ground.meter.borrow_mut().open = false;
                return (Window::between(&from, &now), it);
            }
        }
    }

    /// Counts and processor times now.
    #[must_use]
    pub fn look(&self) -> Snapshot {
        Snapshot::take(self.counts(), self.target.process)
    }

    fn second(&self, from: &Snapshot, last: &Snapshot, now: &Snapshot) -> Second {
        let spent = Window::between(last, now);
        let meter = self.ground.meter.borrow();
        let heard = if meter.delivered.is_empty() { &meter.answered } else { &meter.delivered };
        Second {
            at: now.at.duration_since(from.at).as_secs_f64(),
            length: spent.seconds,
            counts: spent.counts,
            p50_ms: milliseconds(heard, 0.5),
            p99_ms: milliseconds(heard, 0.99),
            server_cores: spent.server_share(),
            server_rss: self.target.process.and_then(|process| process.resident().ok()),
            own_cores: spent.own_share(),
            findings: self.ground.oracle.borrow().findings() + meter.ended,
        }
    }
}
