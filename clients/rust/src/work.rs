//! What outlives a connection: the logs followed, the outbox, the requests. And what one connection
//! owes: which answer belongs to whom.
//!
//! Synchronous: frames and asks in, frames out. The driver's task is a thin shell around it.

mod incoming;
mod outgoing;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;
use wardroom_protocol::envelope;
use wardroom_protocol::hello::{Greeting, Resumed};
use wardroom_protocol::ids::{LogName, Mid, Position};
use wardroom_protocol::limits;

use crate::ask::Ask;
use crate::error::{Closed, Error};
use crate::follow::Phase;
use crate::outbox::{Outbox, WINDOW};
use crate::request::Requests;
use crate::subscription::{GRACE_ALONE, GRACE_SHARED, Subscription};
use crate::token::Tokens;

/// Answers one connection may owe in all: the posts' and requests' window, and the client's own
/// joins beside it. Below the 64 at which the server stops reading.
const OWED: usize = WINDOW + 12;
/// Signals waiting to be written; more are dropped, as signals may be.
const SIGNALS: usize = 16;

enum Owed {
    Join(LogName),
    Leave,
    Fill(LogName),
    Request,
    Refresh,
    Post(LogName, Mid),
    /// What became of the held post that was asked after.
    Held,
}

pub(crate) struct Work {
    logs: BTreeMap<LogName, Subscription>,
    outbox: Outbox,
    requests: Requests,
    pub(crate) tokens: Tokens,
    owed: HashMap<u64, Owed>,
    leaves: VecDeque<LogName>,
    signals: VecDeque<String>,
    next_id: u64,
    frame_bytes: u64,
}

impl Work {
    pub(crate) fn new(seed: u64, tokens: Tokens) -> Self {
        Self {
            logs: BTreeMap::new(),
            outbox: Outbox::new(seed),
            requests: Requests::new(seed ^ 1),
            tokens,
            owed: HashMap::new(),
            leaves: VecDeque::new(),
            signals: VecDeque::new(),
            next_id: 1,
            frame_bytes: limits::INBOUND_FRAME as u64,
        }
    }

    /// Takes what an app asks for. Nothing is sent before [`pump`](Self::pump).
    pub(crate) fn ask(&mut self, ask: Ask, online: bool) {
        match ask {
            Ask::Join { log, from, sender, flow, done } => {
                let taken = self.logs.get(&log).is_some_and(|it| !it.is_abandoned());
                if taken {
                    let _ = done.send(Err(Error::AlreadyJoined(log)));
                } else {
                    self.leave(&log);
                    self.logs.insert(log, Subscription::new(from, sender, flow, done));
                }
            }
            Ask::Left(log) => {
                if self.logs.get(&log).is_some_and(Subscription::is_abandoned) {
                    self.leave(&log);
                }
            }
            Ask::Post(outgoing) => self.outbox.push(outgoing),
            Ask::Request(request) => self.requests.push(request),
            Ask::Refresh(newer) => {
                self.tokens.renew(newer);
            }
            Ask::Typing(typing) => {
                if online
                    && self.signals.len() < SIGNALS
                    && let Ok(frame) = envelope::command(None, "typing", &typing)
                {
                    self.signals.push_back(frame);
                }
            }
        }
    }

    /// Where to resume from, for `hello`. Those logs count as being joined now.
    pub(crate) fn resume(&mut self) -> BTreeMap<LogName, Position> {
        let mut resume = BTreeMap::new();
        for (log, it) in &mut self.logs {
            if let (Some(cursor), Phase::Away) = (it.follower.cursor(), it.follower.phase())
                && !it.ending
                && resume.len() < limits::LOGS_PER_CONNECTION
            {
                it.follower.joining();
                resume.insert(log.clone(), cursor);
            }
        }
        resume
    }

    /// `hello` was answered.
    pub(crate) fn greeted(&mut self, greeting: Greeting, now: Instant) {
        self.frame_bytes = greeting.limits.frame_bytes;
        self.tokens.greeted(&greeting, now);
        for (log, resumed) in greeting.rooms {
            match resumed {
                Resumed::Ok(joined) => self.joined(&log, &joined, now),
                Resumed::Error(error) => self.join_refused(&log, error, now),
            }
        }
        // A log that the answer left out is joined by itself.
        for it in self.logs.values_mut() {
            if it.follower.phase() == Phase::Joining && it.join_id.is_none() {
                it.follower.away();
            }
        }
    }

    /// The connection went.
    pub(crate) fn disconnected(&mut self) {
        self.owed.clear();
        self.leaves.clear();
        self.signals.clear();
        self.outbox.disconnected();
        self.requests.disconnected();
        self.tokens.disconnected();
        for it in self.logs.values_mut() {
            it.follower.away();
            it.join_id = None;
            it.fill = None;
            it.fill_id = None;
        }
    }

    /// The server voided all positions.
    pub(crate) fn forget_positions(&mut self) {
        for it in self.logs.values_mut() {
            it.follower.forget();
        }
    }

    /// Over for good: everybody who waits is told, every stream ends.
    pub(crate) fn close(&mut self, closed: &Closed) {
        let error = Error::Closed(closed.clone());
        self.outbox.close(&error);
        self.requests.close(&error);
        self.tokens.close(&error);
        for (_, it) in std::mem::take(&mut self.logs) {
            if let Some(waiting) = it.waiting {
                let _ = waiting.send(Err(error.clone()));
            }
        }
    }

    /// Whether the socket may be read: no buffer that it fills is full.
    pub(crate) fn reading(&self) -> bool {
        self.logs.values().all(|it| it.blocked().is_none())
    }

    /// An app took events, or a moment passed.
    pub(crate) fn tick(&mut self, now: Instant) {
        let grace = self.grace();
        for (log, it) in &mut self.logs {
            it.drain(now);
            if it.blocked().is_some_and(|since| now >= since + grace) {
                it.overflow();
                self.leaves.push_back(log.clone());
            }
            if it.follower.phase() == Phase::Lagging && it.has_room() {
                it.follower.caught_breath();
            }
        }
        self.sweep();
    }

    /// When to [`tick`](Self::tick) although nothing happens.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let grace = self.grace();
        let blocked = self.logs.values().filter_map(Subscription::blocked);
        let retries = self.logs.values().filter(|it| !it.ending).filter_map(|it| it.retry_at);
        let commands = [self.outbox.wake_at(), self.requests.wake_at(), self.tokens.wake_at()];
        // With as many answers owed as may be, the next one is what to wait for.
        let may = self.owed.len() < WINDOW;
        blocked
            .map(|since| since + grace)
            .chain(retries)
            .chain(commands.into_iter().flatten().filter(|_| may))
            .min()
    }

    /// How long a full buffer may stop the reading: short if anything else waits on the socket.
    fn grace(&self) -> Duration {
        let others = !self.owed.is_empty()
            || !self.outbox.is_empty()
            || !self.requests.is_empty()
            || self.logs.values().filter(|it| !it.ending).count() > 1;
        if others { GRACE_SHARED } else { GRACE_ALONE }
    }

    /// Forgets a log, and says so to the server unless it was the one to end it.
    fn leave(&mut self, log: &LogName) {
        if self.logs.remove(log).is_some_and(|it| !it.ending) {
            self.leaves.push_back(log.clone());
        }
    }

    /// Forgets logs whose stream has ended or whose reader has gone.
    fn sweep(&mut self) {
        let gone: Vec<_> = self
            .logs
            .iter()
            .filter(|(_, it)| it.is_over() || it.is_abandoned())
            .map(|(log, _)| log.clone())
            .collect();
        for log in gone {
            self.leave(&log);
        }
    }
}
