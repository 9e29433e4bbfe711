//! What waits for a log's watermark: what is to happen once an entry is safe, and the answers to those
//! who asked.
//!
//! An answer does not wait for ever: while a sync hangs, whoever has waited long enough is told so
//! ([`Waiters::give_up`]). What is to happen waits as long as it takes.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::Gate;

/// What leaves once the entry it rests on is safe. Called with `true` then, with `false` if that
/// cannot be known, or not soon. Returns the gate to push, after the members have had the entry.
pub type Reply = Box<dyn FnOnce(bool) -> Option<Arc<Gate>> + Send>;

/// What happens once an entry is safe. Called with `false` if that cannot be known any more.
pub type Effect = Box<dyn FnOnce(bool) + Send>;

pub(super) struct Waiting {
    rests_on: u64,
    since: Instant,
    effect: Option<Effect>,
    reply: Option<Reply>,
}

impl Waiting {
    pub(super) fn leave(self, safe: bool) -> Option<Arc<Gate>> {
        leave(self.effect, self.reply, safe)
    }
}

/// What is to happen first, then the answer.
pub(super) fn leave(effect: Option<Effect>, reply: Option<Reply>, safe: bool) -> Option<Arc<Gate>> {
    if let Some(effect) = effect {
        effect(safe);
    }
    reply.and_then(|reply| reply(safe))
}

/// Ascending by the seq they rest on. Bounded: an answer belongs to a command, and connections have a
/// bounded number of those in flight; what is to happen belongs to an entry that the journal took, and
/// its queue is bounded.
#[derive(Default)]
pub(super) struct Waiters(Mutex<VecDeque<Waiting>>);

impl Waiters {
    pub(super) fn add(&self, rests_on: u64, effect: Option<Effect>, reply: Option<Reply>) {
        let waiting = Waiting { rests_on, since: Instant::now(), effect, reply };
        let mut line = self.0.lock();
        let index = line.partition_point(|known| known.rests_on <= rests_on);
        line.insert(index, waiting);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// What may leave now, and whether what it rests on is safe.
    pub(super) fn due(&self, revealed: u64, failed: bool) -> Vec<(bool, Waiting)> {
        let mut line = self.0.lock();
        let safe = line.partition_point(|known| known.rests_on <= revealed);
        let upto = if failed { line.len() } else { safe };
        line.drain(..upto).map(|waiting| (waiting.rests_on <= revealed, waiting)).collect()
    }

    /// The answers to those who wait since then or longer, and for something that is not safe yet.
    pub(super) fn give_up(&self, since: Instant, revealed: u64) -> Vec<Reply> {
        let mut line = self.0.lock();
        let late = line.iter_mut().filter(|it| it.rests_on > revealed && it.since <= since);
        let replies = late.filter_map(|waiting| waiting.reply.take()).collect();
        line.retain(|waiting| waiting.effect.is_some() || waiting.reply.is_some());
        replies
    }
}
