//! Every command that is not a post: reads, and acts that carry their own mid. All are safe to send
//! again, so each one is, until the answer is definite.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;
use wardroom_protocol::code::WireError;

use crate::backoff::Random;
use crate::error::{Error, Result};

/// A command on its way, with its body as text.
pub(crate) struct Request {
    pub(crate) op: &'static str,
    pub(crate) body: Box<RawValue>,
    pub(crate) done: oneshot::Sender<Result<Box<RawValue>>>,
    pub(crate) permit: OwnedSemaphorePermit,
    pub(crate) tries: u32,
    pub(crate) until: Option<Instant>,
}

/// Requests that wait and requests that fly. Bounded by their permits.
pub(crate) struct Requests {
    waiting: VecDeque<Request>,
    flying: HashMap<u64, Request>,
    random: Random,
}

impl Requests {
    pub(crate) fn new(seed: u64) -> Self {
        Self { waiting: VecDeque::new(), flying: HashMap::new(), random: Random::new(seed) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.flying.is_empty()
    }

    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.waiting.iter().filter_map(|it| it.until).min()
    }

    pub(crate) fn push(&mut self, request: Request) {
        self.waiting.push_back(request);
    }

    /// The next one that may go now. Those whose asker has gone are forgotten.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Request> {
        self.waiting.retain(|it| !it.done.is_closed());
        let index = self.waiting.iter().position(|it| it.until.is_none_or(|until| until <= now))?;
        self.waiting.remove(index)
    }

    pub(crate) fn sent(&mut self, id: u64, request: Request) {
        self.flying.insert(id, request);
    }

    pub(crate) fn answer(
        &mut self,
        id: u64,
        answer: Result<Box<RawValue>, WireError>,
        now: Instant,
    ) {
        let Some(mut request) = self.flying.remove(&id) else {
            return;
        };
        match answer {
            Err(error) if error.retryable() => {
                let ceiling = Duration::from_millis(100 << request.tries.min(6));
                let wait = error.retry_after_ms.map_or_else(
                    || ceiling / 2 + self.random.within(ceiling / 2),
                    Duration::from_millis,
                );
                request.tries += 1;
                request.until = Some(now + wait);
                self.waiting.push_back(request);
            }
            answer => finish(request, answer.map_err(Error::Refused)),
        }
    }

    /// The connection went: what flew is sent again first.
    pub(crate) fn disconnected(&mut self) {
        let mut again: Vec<_> = self.flying.drain().collect();
        again.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        for (_, mut request) in again {
            request.until = None;
            self.waiting.push_front(request);
        }
    }

    pub(crate) fn close(&mut self, error: &Error) {
        let flying = std::mem::take(&mut self.flying).into_values();
        for request in std::mem::take(&mut self.waiting).into_iter().chain(flying) {
            finish(request, Err(error.clone()));
        }
    }
}

pub(crate) fn finish(request: Request, outcome: Result<Box<RawValue>>) {
    drop(request.permit);
    // The asker may have stopped waiting.
    let _ = request.done.send(outcome);
}
