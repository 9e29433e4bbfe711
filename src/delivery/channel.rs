//! One log's way to its readers: the tail, who follows it, and what waits for its watermark.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;
use wardroom_protocol::ids::LogName;

use super::waiting::{Effect, Reply, Waiters, Waiting, leave};
use super::{Gate, Tail};

/// Signals that wait for a pass at most; a newer one of the same key replaces the older, and beyond
/// this many new ones are dropped: signals are ephemeral.
const SIGNALS: usize = 64;

/// A signal on its way to everybody who follows the log.
pub(super) struct Signal {
    /// A newer one of the same key replaces it.
    pub(super) key: u64,
    pub(super) frame: Bytes,
    /// The connection it came from, which is not told.
    pub(super) except: Option<Arc<Gate>>,
}

/// Members in slots that never move while taken, so a pass can go through them by pieces.
#[derive(Default)]
struct Members {
    slots: Vec<Option<Arc<Gate>>>,
    free: Vec<usize>,
}

/// The hub of one log.
pub struct Channel {
    log: LogName,
    tail: Tail,
    members: Mutex<Members>,
    waiting: Waiters,
    signals: Mutex<Vec<Signal>>,
}

/// A membership; give it back with [`Channel::detach`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat(usize);

impl Channel {
    /// The channel of a log.
    #[must_use]
    pub fn new(log: LogName, tail: Tail) -> Self {
        Self {
            log,
            tail,
            members: Mutex::default(),
            waiting: Waiters::default(),
            signals: Mutex::default(),
        }
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &LogName {
        &self.log
    }

    /// The log's newest entries.
    #[must_use]
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    /// From the next pass on, this gate is visited.
    pub fn attach(&self, gate: Arc<Gate>) -> Seat {
        let mut members = self.members.lock();
        if let Some(index) = members.free.pop() {
            members.slots[index] = Some(gate);
            return Seat(index);
        }
        members.slots.push(Some(gate));
        Seat(members.slots.len() - 1)
    }

    /// The gate is visited no more.
    pub fn detach(&self, seat: Seat) {
        let mut members = self.members.lock();
        if members.slots.get_mut(seat.0).is_some_and(|slot| slot.take().is_some()) {
            members.free.push(seat.0);
        }
        // Give the memory of a crowd back when it has gone.
        if members.free.len() == members.slots.len() {
            *members = Members::default();
        }
    }

    /// Copies up to `count` seats from `from` on; says whether more lie behind.
    pub(super) fn piece(&self, from: usize, count: usize, out: &mut Vec<Arc<Gate>>) -> bool {
        let members = self.members.lock();
        let rest = members.slots.get(from..).unwrap_or_default();
        out.reserve(rest.len().min(count));
        out.extend(rest.iter().take(count).flatten().cloned());
        rest.len() > count
    }

    /// Asks everybody who follows the log to look again whether they may read it.
    pub fn look_again(&self) {
        let gates: Vec<_> = self.members.lock().slots.iter().flatten().cloned().collect();
        for gate in gates {
            gate.look_again();
        }
    }

    /// Lets `reply` leave once entry `seq` is safe: at once, if it is. Not by a pass then, which would
    /// walk every member for one that asked.
    pub fn when_safe(&self, seq: u64, reply: Reply) {
        self.wait(seq, None, Some(reply));
    }

    /// The same, but behind everything that is to happen once the entries up to there are safe.
    pub fn when_settled(&self, seq: u64, reply: Reply) {
        // Not at once: they may be safe and what follows from it may still wait for the pass.
        self.waiting.add(seq, None, Some(reply));
        self.nudge();
    }

    /// The same for something that is to happen, and for an answer that comes after it.
    pub fn once_safe(&self, seq: u64, effect: Effect, reply: Option<Reply>) {
        self.wait(seq, Some(effect), reply);
    }

    fn wait(&self, seq: u64, effect: Option<Effect>, reply: Option<Reply>) {
        if seq <= self.tail.revealed() {
            if let Some(gate) = leave(effect, reply, true) {
                gate.push();
            }
            return;
        }
        self.waiting.add(seq, effect, reply);
        if seq <= self.tail.revealed() || self.tail.progress().failed() {
            self.nudge();
        }
    }

    /// What may leave now, and whether what it rests on is safe.
    pub(super) fn due(&self, revealed: u64, failed: bool) -> Vec<(bool, Waiting)> {
        self.waiting.due(revealed, failed)
    }

    /// Whether nothing waits for the watermark.
    #[must_use]
    pub fn nobody_waits(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Tells those who have waited since then or longer that what they wait for is not safe yet.
    pub fn give_up(&self, since: Instant) {
        for reply in self.waiting.give_up(since, self.tail.revealed()) {
            if let Some(gate) = reply(false) {
                gate.push();
            }
        }
    }

    /// Sends a signal to everybody who follows the log, except the connection it came from.
    pub fn signal(&self, key: u64, text: &[u8], except: Option<&Arc<Gate>>) {
        let signal = Signal { key, frame: super::frame::text(text), except: except.cloned() };
        let mut signals = self.signals.lock();
        if let Some(slot) = signals.iter_mut().find(|known| known.key == key) {
            *slot = signal;
        } else if signals.len() < SIGNALS {
            signals.push(signal);
        }
        drop(signals);
        self.nudge();
    }

    pub(super) fn take_signals(&self) -> Vec<Signal> {
        std::mem::take(&mut self.signals.lock())
    }

    /// Asks for a pass.
    pub fn nudge(&self) {
        self.tail.progress().poke();
    }
}
