//! Posts that a moderator looks at first: kept by the server, in nobody's way here.
//!
//! A synchronous state machine beside the outbox's queues. A held post has a moment of its own at which
//! the same mid is asked after; it takes no part in the window, in a pause, or in the order of what its
//! author posts later. One question is open at a time and there are at most four a second, so that many
//! held posts leave the author's rate to those that are new. Bounded by the posts' permits.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use wardroom_protocol::code::WireError;
use wardroom_protocol::ids::Mid;
use wardroom_protocol::message::{Post, Written};

use crate::error::{Error, Result};
use crate::outbox::Outgoing;

/// Between two questions.
const SPACING: Duration = Duration::from_millis(250);
/// When to ask, if the server names no time.
const AGAIN: Duration = Duration::from_secs(30);
/// No server puts a question off for longer.
const LONGEST: Duration = Duration::from_hours(1);

#[derive(Default)]
pub(crate) struct Held {
    /// By when to ask, and in the order they came.
    waiting: BTreeMap<(Instant, u64), Outgoing>,
    /// Asked after on this connection, and when that was due.
    asked: Option<(Instant, Outgoing)>,
    /// How many were parked so far.
    parked: u64,
    /// The next question comes no earlier.
    spaced: Option<Instant>,
}

impl Held {
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.asked.is_none()
    }

    /// When the next question is due.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        if self.asked.is_some() {
            return None;
        }
        let (due, _) = *self.waiting.keys().next()?;
        Some(self.spaced.map_or(due, |spaced| spaced.max(due)))
    }

    /// Puts a post aside until the time the server named.
    pub(crate) fn park(&mut self, mut outgoing: Outgoing, error: &WireError, now: Instant) {
        // Released or not, it stands nowhere in its author's order.
        outgoing.post.after = None;
        outgoing.held.send_replace(true);
        let wait = error.retry_after_ms.map_or(AGAIN, Duration::from_millis).min(LONGEST);
        self.put(now + wait, outgoing);
    }

    fn put(&mut self, due: Instant, outgoing: Outgoing) {
        self.parked += 1;
        self.waiting.insert((due, self.parked), outgoing);
    }

    /// The post to ask after now, if one is due.
    pub(crate) fn next(&mut self, now: Instant) -> Option<&Post> {
        if self.wake_at()? > now {
            return None;
        }
        let ((due, _), outgoing) = self.waiting.pop_first()?;
        self.spaced = Some(now + SPACING);
        let (_, outgoing) = self.asked.insert((due, outgoing));
        Some(&outgoing.post)
    }

    /// What the server said to the question.
    pub(crate) fn answer(&mut self, answer: Result<Written, WireError>, now: Instant) {
        let Some((_, outgoing)) = self.asked.take() else {
            return;
        };
        match answer {
            // Also what is no news of the message, such as a full queue: it is held all the same.
            Err(error) if error.retryable() => self.park(outgoing, &error, now),
            answer => outgoing.settle(answer.map_err(Error::Refused)),
        }
    }

    /// The question cannot be sent.
    pub(crate) fn fail(&mut self, error: Error) {
        if let Some((_, outgoing)) = self.asked.take() {
            outgoing.settle(Err(error));
        }
    }

    /// An entry told what became of it: asked after next.
    pub(crate) fn decided(&mut self, mid: Mid, now: Instant) {
        let mut found = self.waiting.iter().filter(|(_, it)| it.post.mid == mid);
        if let Some(key) = found.next().map(|(key, _)| *key)
            && let Some(outgoing) = self.waiting.remove(&key)
        {
            self.put(now.min(key.0), outgoing);
        }
    }

    /// The connection went: a question without an answer is due again.
    pub(crate) fn disconnected(&mut self) {
        if let Some((due, outgoing)) = self.asked.take() {
            self.put(due, outgoing);
        }
    }

    /// The client is over: everybody who waits is told.
    pub(crate) fn close(&mut self, error: &Error) {
        self.disconnected();
        for outgoing in std::mem::take(&mut self.waiting).into_values() {
            outgoing.settle(Err(error.clone()));
        }
    }
}
