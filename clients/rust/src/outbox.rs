//! Posts that wait for a definite answer.
//!
//! A synchronous state machine: posts and answers in, frames to send out. Keeps one author's order
//! per room, resends the same mid until the answer is definite, and slows down when told to. What a
//! moderator looks at first is put aside (`held`). Bounded by the permits that `room` hands out; a post
//! without one never gets here, and a held one keeps its own.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::Instant;
use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::ids::{LogName, Mid};
use wardroom_protocol::message::{Post, Written};

use crate::backoff::Random;
use crate::error::{Error, Result};
use crate::held::Held;

/// Posts that may be unanswered on one connection. The server stops reading at 64 replies owed.
pub(crate) const WINDOW: usize = 48;

/// Told once, when the answer is definite.
pub(crate) type Done = oneshot::Sender<Result<Written>>;

/// A post on its way in.
pub(crate) struct Outgoing {
    pub(crate) post: Post,
    pub(crate) done: Done,
    /// Whether a moderator looks at it; its handle reads this.
    pub(crate) held: watch::Sender<bool>,
    pub(crate) permit: OwnedSemaphorePermit,
}

impl Outgoing {
    /// The answer is definite.
    pub(crate) fn settle(self, outcome: Result<Written>) {
        drop(self.permit);
        self.held.send_replace(false);
        // Nobody waits: the handle was dropped, which cancels nothing.
        let _ = self.done.send(outcome);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// To be sent as soon as its turn comes.
    Ready,
    /// Sent on this connection, not answered.
    Flying,
    /// Refused with `out_of_order`: sent again when the one before it is, or is done.
    Behind,
}

struct Item {
    outgoing: Outgoing,
    stage: Stage,
}

pub(crate) struct Outbox {
    rooms: BTreeMap<LogName, VecDeque<Item>>,
    pub(crate) held: Held,
    flying: usize,
    /// How many may fly: halved when the server says stop, one more per answer.
    window: usize,
    /// Nothing is sent before this moment: the server asked for a pause.
    pause: Option<Instant>,
    /// Refusals in a row that named no time to wait.
    tries: u32,
    /// The room served last, so that a busy room does not keep the others waiting.
    last: Option<LogName>,
    random: Random,
}

impl Outbox {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rooms: BTreeMap::new(),
            held: Held::default(),
            flying: 0,
            window: WINDOW,
            pause: None,
            tries: 0,
            last: None,
            random: Random::new(seed),
        }
    }

    /// Whether no answer is waited for. What is held waits for people.
    pub(crate) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// When to look again although nothing happened.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let may = self.flying < self.window && !self.rooms.is_empty();
        self.pause.filter(|_| may).into_iter().chain(self.held.wake_at()).min()
    }

    pub(crate) fn push(&mut self, outgoing: Outgoing) {
        let queue = self.rooms.entry(outgoing.post.room.clone()).or_default();
        queue.push_back(Item { outgoing, stage: Stage::Ready });
    }

    /// The next post to send, with its `after` set, if one may go now.
    pub(crate) fn next(&mut self, now: Instant) -> Option<&Post> {
        if self.flying >= self.window || self.pause.is_some_and(|until| now < until) {
            return None;
        }
        self.pause = None;
        let (room, index) = self.choose()?;
        self.last = Some(room.clone());
        self.flying += 1;
        let queue = self.rooms.get_mut(&room)?;
        // Its follower had come too early; this one goes first now.
        if let Some(follower) = queue.get_mut(index + 1)
            && follower.stage == Stage::Behind
        {
            follower.stage = Stage::Ready;
        }
        let before = index.checked_sub(1).and_then(|it| queue.get(it));
        let after = before.map(|it| it.outgoing.post.mid);
        let item = queue.get_mut(index)?;
        item.stage = Stage::Flying;
        item.outgoing.post.after = after;
        Some(&item.outgoing.post)
    }

    /// Rooms in turn; in a room, the first one not flying, unless it waits for the one before it.
    fn choose(&self) -> Option<(LogName, usize)> {
        let sendable = |(room, queue): (&LogName, &VecDeque<Item>)| {
            let index = queue.iter().position(|it| it.stage != Stage::Flying)?;
            let may = index == 0 || queue[index].stage == Stage::Ready;
            may.then(|| (room.clone(), index))
        };
        let later = self.last.as_ref().and_then(|last| {
            let beyond = (std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded);
            self.rooms.range::<LogName, _>(beyond).find_map(sendable)
        });
        later.or_else(|| self.rooms.iter().find_map(sendable))
    }

    /// What the server said to a post sent on this connection.
    pub(crate) fn answer(
        &mut self,
        room: &LogName,
        mid: Mid,
        answer: Result<Written, WireError>,
        now: Instant,
    ) {
        let Some(index) = self.find(room, mid) else {
            return;
        };
        self.flying = self.flying.saturating_sub(1);
        match answer {
            Ok(written) => {
                self.taken();
                self.finish(room, index, Ok(written));
            }
            Err(error) if error.code == ErrorCode::Held.name() => {
                self.taken();
                if let Some(outgoing) = self.take(room, index) {
                    self.held.park(outgoing, &error, now);
                }
            }
            Err(error) if error.code == ErrorCode::OutOfOrder.name() && index > 0 => {
                self.stage(room, index, Stage::Behind);
            }
            // The one it named was refused or is held: it goes without.
            Err(error) if error.code == ErrorCode::OutOfOrder.name() && self.named(room) => {
                self.stage(room, index, Stage::Ready);
            }
            Err(error) if error.retryable() => {
                self.slow_down(&error, now);
                self.stage(room, index, Stage::Ready);
            }
            Err(error) => self.finish(room, index, Err(Error::Refused(error))),
        }
    }

    /// A post that cannot be sent at all.
    pub(crate) fn fail(&mut self, room: &LogName, mid: Mid, error: Error) {
        if let Some(index) = self.find(room, mid) {
            self.flying = self.flying.saturating_sub(1);
            self.finish(room, index, Err(error));
        }
    }

    /// The server took a post.
    fn taken(&mut self) {
        self.window = (self.window + 1).min(WINDOW);
        self.tries = 0;
    }

    fn slow_down(&mut self, error: &WireError, now: Instant) {
        self.window = (self.window / 2).max(1);
        let wait = error.retry_after_ms.map_or_else(
            || {
                let ceiling = Duration::from_millis(100 << self.tries.min(6));
                ceiling / 2 + self.random.within(ceiling / 2)
            },
            Duration::from_millis,
        );
        self.tries = self.tries.saturating_add(1);
        let until = now + wait;
        self.pause = Some(self.pause.map_or(until, |set| set.max(until)));
    }

    /// The connection went: whatever flew is unknown, and is sent again with the same mid.
    pub(crate) fn disconnected(&mut self) {
        for item in self.rooms.values_mut().flatten() {
            item.stage = Stage::Ready;
        }
        self.flying = 0;
        self.window = WINDOW;
        self.pause = None;
        self.held.disconnected();
    }

    /// The client is over: everybody who waits is told.
    pub(crate) fn close(&mut self, error: &Error) {
        for item in std::mem::take(&mut self.rooms).into_values().flatten() {
            item.outgoing.settle(Err(error.clone()));
        }
        self.held.close(error);
        self.flying = 0;
    }

    fn find(&self, room: &LogName, mid: Mid) -> Option<usize> {
        let queue = self.rooms.get(room)?;
        queue.iter().position(|it| it.outgoing.post.mid == mid && it.stage == Stage::Flying)
    }

    fn stage(&mut self, room: &LogName, index: usize, stage: Stage) {
        if let Some(item) = self.rooms.get_mut(room).and_then(|it| it.get_mut(index)) {
            item.stage = stage;
        }
    }

    /// Whether the first post of a room was sent with another one's mid in `after`.
    fn named(&self, room: &LogName) -> bool {
        let first = self.rooms.get(room).and_then(VecDeque::front);
        first.is_some_and(|it| it.outgoing.post.after.is_some())
    }

    fn finish(&mut self, room: &LogName, index: usize, outcome: Result<Written>) {
        if let Some(outgoing) = self.take(room, index) {
            outgoing.settle(outcome);
        }
    }

    fn take(&mut self, room: &LogName, index: usize) -> Option<Outgoing> {
        let queue = self.rooms.get_mut(room)?;
        let item = queue.remove(index);
        if queue.is_empty() {
            self.rooms.remove(room);
        }
        item.map(|it| it.outgoing)
    }
}

#[cfg(test)]
mod tests;
