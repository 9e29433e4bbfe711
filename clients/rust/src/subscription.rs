//! One log followed on behalf of an app: the follower, and the bounded buffer the app reads from.
//!
//! **When the buffer is full** the client first stops reading the socket, so that TCP holds the
//! server back and it reads from its log at the app's pace. But a socket carries all logs and all
//! replies; so if anything else waits on it, the pause ends after [`GRACE_SHARED`] (and after
//! [`GRACE_ALONE`] in any case). Then the log is left, and joined again from the last entry the app
//! was given as soon as half the buffer is free: the server's log is the buffer. Nothing is lost, the
//! counter of overflows rises, and the other rooms never wait for the slow one.
//!
//! A log that ends has nothing more to come: it holds up nobody, and what is left of it, its end last,
//! waits for the app however long that takes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use wardroom_protocol::ids::Position;
use wardroom_protocol::join::{From, Joined};

use crate::error::Result;
use crate::event::Event;
use crate::follow::{Follower, Step};

/// How long a full buffer may hold up others on the same connection.
pub(crate) const GRACE_SHARED: Duration = Duration::from_millis(100);
/// How long a full buffer may stop the reading if nobody else waits: below the server's ping.
pub(crate) const GRACE_ALONE: Duration = Duration::from_secs(10);

/// What the app's end and the client's end of a buffer tell each other.
#[derive(Debug)]
pub(crate) struct Flow {
    /// The client wants to know when there is room.
    wanted: AtomicBool,
    overflows: AtomicU64,
    wake: Arc<Notify>,
}

impl Flow {
    pub(crate) fn new(wake: Arc<Notify>) -> Self {
        Self { wanted: AtomicBool::new(false), overflows: AtomicU64::new(0), wake }
    }

    pub(crate) fn overflows(&self) -> u64 {
        self.overflows.load(Ordering::Relaxed)
    }

    /// The app took an event. The client looks at the buffer after setting the flag, the app at the
    /// flag after taking: one of them sees the other.
    pub(crate) fn taken(&self, left: usize, capacity: usize) {
        if left <= capacity / 2 && self.wanted.swap(false, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }
}

pub(crate) struct Subscription {
    pub(crate) follower: Follower,
    /// The caller of `join`, until it is answered.
    pub(crate) waiting: Option<oneshot::Sender<Result<Joined>>>,
    /// The command that joins on this connection; answers to older ones are void.
    pub(crate) join_id: Option<u64>,
    /// The hole to ask `history` about.
    pub(crate) fill: Option<Position>,
    /// The command that asked.
    pub(crate) fill_id: Option<u64>,
    /// Not before this moment: the server asked for patience.
    pub(crate) retry_at: Option<Instant>,
    /// The stream ends when the backlog is delivered.
    pub(crate) ending: bool,
    sender: mpsc::Sender<Event>,
    flow: Arc<Flow>,
    /// What one frame gave and the buffer did not take. Bounded, because reading stops meanwhile, and
    /// because nothing is added behind an end.
    backlog: VecDeque<Step>,
    /// What the app has been given up to.
    delivered: Option<Position>,
    blocked: Option<Instant>,
}

impl Subscription {
    pub(crate) fn new(
        begin: From,
        sender: mpsc::Sender<Event>,
        flow: Arc<Flow>,
        waiting: oneshot::Sender<Result<Joined>>,
    ) -> Self {
        Self {
            follower: Follower::new(begin),
            waiting: Some(waiting),
            join_id: None,
            fill: None,
            fill_id: None,
            retry_at: None,
            ending: false,
            sender,
            flow,
            backlog: VecDeque::new(),
            delivered: None,
            blocked: None,
        }
    }

    /// Nobody reads any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.sender.is_closed()
    }

    /// Everything it had to say was said, and no more will come.
    pub(crate) fn is_over(&self) -> bool {
        self.ending && self.backlog.is_empty()
    }

    /// Since when the buffer has been full, if that holds up the reading.
    pub(crate) fn blocked(&self) -> Option<Instant> {
        self.blocked.filter(|_| !self.ending)
    }

    /// The first join was answered: the app stands here.
    pub(crate) fn starts_at(&mut self, after: Position) {
        self.delivered = Some(after);
    }

    /// Hands events to the app, as far as its buffer goes.
    pub(crate) fn deliver(&mut self, steps: Vec<Step>, now: Instant) {
        self.backlog.extend(steps);
        self.drain(now);
    }

    /// Hands over an event that may be lost.
    pub(crate) fn deliver_lossy(&self, event: Event) {
        if self.backlog.is_empty() {
            let _ = self.sender.try_send(event);
        }
    }

    /// There may be room again.
    pub(crate) fn drain(&mut self, now: Instant) {
        loop {
            while let Some((event, reached)) = self.backlog.pop_front() {
                match self.sender.try_send(event) {
                    Ok(()) => self.delivered = Some(reached),
                    Err(TrySendError::Full(event)) => {
                        self.backlog.push_front((event, reached));
                        break;
                    }
                    Err(TrySendError::Closed(_)) => self.backlog.clear(),
                }
            }
            if self.backlog.is_empty() {
                self.blocked = None;
                return;
            }
            self.blocked.get_or_insert(now);
            self.flow.wanted.store(true, Ordering::SeqCst);
            if self.sender.capacity() == 0 {
                return;
            }
        }
    }

    /// The grace is over: forget what the app did not take, and say where it stands.
    pub(crate) fn overflow(&mut self) {
        let reset = self.backlog.iter().any(|(event, _)| match event {
            Event::Rejoined(it) => it.reset,
            _ => false,
        });
        self.backlog.clear();
        self.blocked = None;
        self.fill = None;
        self.fill_id = None;
        self.join_id = None;
        self.flow.overflows.fetch_add(1, Ordering::Relaxed);
        self.follower.lag(self.delivered.unwrap_or(Position::ZERO));
        if reset {
            self.follower.forget();
        }
    }

    /// Whether half the buffer is free again. Asks to be told if it is not.
    pub(crate) fn has_room(&self) -> bool {
        let half = self.sender.max_capacity().div_ceil(2);
        if self.sender.capacity() >= half {
            return true;
        }
        self.flow.wanted.store(true, Ordering::SeqCst);
        self.sender.capacity() >= half
    }
}
