//! One connection's task: what arrives, what leaves, and the clocks between.
//!
//! It reads commands in order. A slow one holds the next back, never what leaves. What leaves goes
//! through the gate; this task pumps it when the socket was blocked or a reader is behind the tail.

use std::cell::RefCell;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use metrics::{counter, gauge};
use tokio::time::{Instant, sleep_until};
use wardroom_protocol::code::CloseCode;
use wardroom_protocol::envelope;
use wardroom_protocol::notice;

use super::clocks::{CLOSING, Clocks, Verdict};
use super::fetching::Fetch;
use super::following::Followed;
use super::work::{Done, Owed, Work, pending};
use super::{Inbound, Incoming, Services, answer};
use crate::delivery::{Gate, Pumped, REPLIES, REPLY_BYTES, Socket, farewell};
use crate::fault;
use crate::guard::Screened;
use crate::identity::Known;
use crate::room::{Answer, RoomHandle, Submission};
use crate::telemetry::metric;

/// Bytes read from a socket at once.
const READ: usize = 8 * 1024;

/// Messages handled before others have their turn: the journal syncs some while the next are decoded.
const TURN: usize = 8;

thread_local! {
    /// What is read goes here first; per thread, so that idle connections hold none and nobody fills it
    /// with zeros for each read.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// How often a connection that is to leave looks whether something is still owed to it.
const OWED: Duration = Duration::from_millis(20);

pub(super) struct Connection {
    pub(super) services: Arc<Services>,
    pub(super) gate: Arc<Gate>,
    pub(super) id: String,
    pub(super) who: Option<Arc<Known>>,
    pub(super) joined: Vec<Followed>,
    socket: Arc<Socket>,
    inbound: Inbound,
    /// Commands taken and not answered yet, but for those that are answered at once.
    owed: Arc<AtomicUsize>,
    /// Reading waits until less is owed.
    stalled: Arc<AtomicBool>,
    work: Option<Work>,
    fetch: Option<Fetch>,
    pub(super) clocks: Clocks,
    /// When the token in force ends, unix milliseconds; 0 before the hello.
    pub(super) expires_at: u64,
    closing: bool,
}

/// Serves a socket after its upgrade until it is over. `first` is what the client sent early.
pub async fn serve(services: Arc<Services>, socket: Socket, first: Bytes) {
    gauge!(metric::CONNECTIONS).increment(1.0);
    let mut connection = Connection::new(services, socket);
    connection.inbound.feed(&first);
    // Even if it is empty it may be a part of hyper's buffer of 8 KiB, which would live as long as this.
    drop(first);
    tracing::debug!(connection = connection.id, "opened");
    let mut failed = false;
    while AssertUnwindSafe(connection.run()).catch_unwind().await.is_err() && !failed {
        // A bug in one handler. What it was at is dropped and its peer is told; nobody else notices.
        // The metric and the place are the panic hook's.
        failed = true;
        connection.close(CloseCode::ServerError);
    }
    connection.unfollow_all();
    let (frames, bytes) = (connection.gate.frames(), connection.gate.written());
    tracing::info!(connection = connection.id, frames, bytes, "ended");
    counter!(metric::FRAMES_SENT).increment(frames);
    counter!(metric::BYTES_SENT).increment(bytes);
    gauge!(metric::CONNECTIONS).decrement(1.0);
}

impl Connection {
    fn new(services: Arc<Services>, socket: Socket) -> Self {
        let socket = Arc::new(socket);
        let limits = &services.limits;
        let random = uuid::Uuid::new_v4();
        let clocks = Clocks::new(Instant::now(), limits, f64::from(random.as_bytes()[15]) / 255.0);
        Self {
            gate: Arc::new(Gate::new(Arc::clone(&socket))),
            id: random.simple().to_string(),
            who: None,
            joined: Vec::new(),
            inbound: Inbound::new(limits.frame_bytes),
            socket,
            owed: Arc::default(),
            stalled: Arc::default(),
            work: None,
            fetch: None,
            clocks,
            expires_at: 0,
            closing: false,
            services,
        }
    }

    async fn run(&mut self) {
        let mut drain = self.services.drain.clone();
        let mut draining = false;
        loop {
            let now = Instant::now();
            // Before any message: a peer that never stops talking does not outlive its token.
            if !self.closing && self.clocks.expired(now) {
                self.close(CloseCode::TokenExpired);
            }
            if self.gate.takes_a_look()
                && let Some(who) = self.who.clone()
            {
                self.leave_the_dead();
                let lost = self.unfollow_unreadable(&who.principal);
                self.tell_removed(lost);
            }
            if self.take_messages() {
                // Rooms begin with these, and the journal after them, before the next ones are decoded.
                tokio::task::yield_now().await;
                continue;
            }
            let pumped = self.gate.pump();
            let blocked = pumped == Pumped::Blocked;
            self.clocks.pumped(now, blocked, self.gate.written());
            if pumped == Pumped::Over {
                let until = self.clocks.closing_until().unwrap_or_else(|| Instant::now() + CLOSING);
                farewell(&self.socket, until).await;
                return;
            }
            // Not by the timer alone, whose turn comes only when nothing else is there.
            if now >= self.clocks.due(&self.services.limits) {
                if !self.tick(now) {
                    return;
                }
                continue;
            }
            if self.fetch.is_none()
                && let Some(need) = self.gate.need()
            {
                self.fetch = Some(self.read_log(need));
            }
            let full = self.full();
            if self.stalled.load(Ordering::Relaxed) != full {
                self.stalled.store(full, Ordering::SeqCst);
                if full {
                    // Answers that came before this was said woke nobody: they are pumped, then counted.
                    continue;
                }
            }
            let may_read = self.closing || (self.work.is_none() && !full);
            if !may_read {
                self.clocks.deaf(now);
            }
            let socket = Arc::clone(&self.socket);
            tokio::select! {
                biased;
                (done, owed) = pending(&mut self.work), if self.work.is_some() => {
                    self.work = None;
                    self.clocks.deaf(Instant::now());
                    self.finish(done);
                    drop(owed);
                }
                (need, batch) = pending(&mut self.fetch), if self.fetch.is_some() => {
                    self.fetch = None;
                    self.fetched(&need, batch);
                }
                () = self.gate.woken() => {}
                _ = socket.writable(), if blocked => {}
                _ = socket.readable(), if may_read => {
                    if !self.read() {
                        return;
                    }
                }
                _ = drain.changed(), if !draining => {
                    draining = true;
                    self.drain(*drain.borrow());
                }
                () = sleep_until(self.clocks.deadline(&self.services.limits)) => {
                    if !self.tick(Instant::now()) {
                        return;
                    }
                }
            }
        }
    }

    /// Whether as much is owed as may be. `SeqCst`, with `stalled`: the task says one and asks the other, an
    /// answer the other way round, and one of them has to see what the other said.
    fn full(&self) -> bool {
        self.owed.load(Ordering::SeqCst) + self.gate.unsent() >= REPLIES
            || self.gate.unsent_bytes() > REPLY_BYTES
    }

    fn may_read(&self) -> bool {
        self.closing || (self.work.is_none() && !self.full())
    }

    /// Reads once. `false`: the peer has gone.
    fn read(&mut self) -> bool {
        SCRATCH.with_borrow_mut(|buffer| match self.socket.try_read(buffer) {
            Ok(0) => false,
            Ok(length) => {
                self.clocks.heard(Instant::now());
                self.inbound.feed(&buffer[..length]);
                true
            }
            Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
        })
    }

    /// Handles the messages at hand, as far as more may be owed and until others have their turn. `true`:
    /// there may be more.
    fn take_messages(&mut self) -> bool {
        for _ in 0..TURN {
            if !self.may_read() {
                return false;
            }
            let Some(incoming) = self.inbound.take() else {
                return false;
            };
            match incoming {
                Incoming::Text(text) => {
                    fault::panics("in_handler");
                    if let Err(code) = self.command(&text) {
                        self.close(code);
                    }
                }
                Incoming::Binary(_) => self.close(CloseCode::BinaryRefused),
                Incoming::Ping(pong) => self.gate.pong(pong),
                Incoming::Life => {}
                Incoming::Close(echo) => {
                    self.begin_closing("1000");
                    self.gate.close_with(echo);
                }
                Incoming::Breach(code) => self.close(code),
            }
        }
        self.inbound.held() > 0
    }

    pub(super) fn close(&mut self, code: CloseCode) {
        self.begin_closing(code.name());
        self.gate.close(code);
    }

    fn begin_closing(&mut self, code: &str) {
        if !self.closing {
            counter!(metric::CLOSES, "code" => code.to_owned()).increment(1);
            tracing::debug!(connection = self.id, code, "closing");
            self.closing = true;
            self.work = None;
            self.fetch = None;
            // Whatever the peer says now comes too late.
            self.inbound.end();
            self.clocks.closing(Instant::now());
            self.unfollow_all();
        }
    }

    /// A deadline has passed. `false`: the connection is over.
    fn tick(&mut self, now: Instant) -> bool {
        if !self.may_read() {
            self.clocks.deaf(now);
        }
        match self.clocks.judge(now, &self.services.limits) {
            Verdict::Nothing => {}
            Verdict::Over => return false,
            Verdict::Close(code) => self.close(code),
            Verdict::Expiring => {
                self.notice("expiring", &notice::Expiring { expires_at: self.expires_at });
            }
            Verdict::Ping => {
                let ping = notice::Ping { now: self.services.bus.now_ms() };
                self.notice("ping", &ping);
            }
        }
        true
    }

    pub(super) fn notice<T: serde::Serialize>(&self, op: &str, body: &T) {
        let text = envelope::notice(op, body).expect("a notice has string keys and no floats");
        self.gate.reply(text.as_bytes());
    }

    pub(super) fn draining(&self) -> bool {
        self.services.drain.borrow().is_some()
    }

    fn drain(&mut self, within: Option<Duration>) {
        let Some(within) = within else { return };
        let within_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        self.notice("drain", &notice::Drain { within_ms });
        // What is in flight is answered; then the connection closes with a code to come back by.
        let share = f64::from(uuid::Uuid::new_v4().as_bytes()[15]) / 255.0;
        let (gate, owed) = (Arc::clone(&self.gate), Arc::clone(&self.owed));
        let (wait, end) = (within.mul_f64(share), Instant::now() + within);
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            // No writes are taken, so this falls; past the end the log may never answer.
            while owed.load(Ordering::Acquire) > 0 && Instant::now() < end {
                tokio::time::sleep(OWED).await;
            }
            gate.close(CloseCode::Drain);
        });
    }

    /// Starts the slow part of a command.
    pub(super) fn begin(&mut self, work: impl Future<Output = Done> + Send + 'static) {
        let owed = Owed::one_of(&self.owed);
        self.work = Some(Box::pin(async move {
            fault::panics("in_slow_part");
            (work.await, owed)
        }));
    }

    fn finish(&mut self, done: Done) {
        match done {
            Done::Nothing => {}
            Done::Reply(frame) => self.gate.reply(frame.as_bytes()),
            Done::Worded(frame, instead, source) => {
                let holds = move || source.is_true();
                self.gate.reply_while(frame.as_bytes(), instead.as_bytes(), holds);
            }
            Done::Refused(frame, code) => {
                self.gate.reply(frame.as_bytes());
                self.close(code);
            }
            Done::Joined(frame, join) => {
                self.follow(frame.as_deref().unwrap_or_default(), vec![join]);
            }
            Done::Greeted(who, expires_at, frame, joins) => {
                self.holds(who, expires_at);
                self.follow(&frame, joins);
            }
            Done::Refreshed(who, expires_at, frame) => {
                self.refreshed(who, expires_at, frame.as_deref());
            }
            Done::Submit(handle, submission, id) => self.hand_in(&handle, *submission, id),
        }
    }

    /// Hands a command to its room. The answer comes through the gate when it is safe.
    pub(super) fn hand_in(
        &self,
        handle: &RoomHandle,
        submission: Screened<Submission>,
        id: Option<u64>,
    ) {
        let (gate, owed) = (Arc::clone(&self.gate), Owed::one_of(&self.owed));
        let stalled = Arc::clone(&self.stalled);
        handle.submit(
            submission,
            Answer::new(move |outcome| {
                let frame = id.map(|id| match &outcome {
                    Ok(written) => answer::reply(id, Ok(&answer::written(written))),
                    Err(denied) => answer::reply::<()>(id, Err(&answer::denied(denied))),
                });
                if let Some(frame) = frame {
                    gate.reply(frame.as_bytes());
                }
                drop(owed);
                if stalled.load(Ordering::SeqCst) {
                    gate.nudge();
                }
                Some(gate)
            }),
        );
    }
}
