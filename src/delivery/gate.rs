//! The write gate: one connection's only way out, and where its cursors live.
//!
//! A mutex never held across an await. A pass or a reply writes through it at once while the socket
//! takes bytes; when it does not, the gate is blocked and its connection's own task drains it, round
//! robin over the logs. A frame that was begun is always finished first. There is no queue of
//! entries: what a reader lacks is what lies between its cursor and the log's head.

mod near;
mod replies;

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use wardroom_protocol::code::CloseCode;
use wardroom_protocol::ids::LogName;

use super::outbox::{Outbox, Source};
use super::sending::{FRAMES, send};
use super::{Batch, Channel, Cursor, Socket, frame};

pub(super) use near::Near;

/// What a gate asks its connection's task for.
pub struct Need {
    /// The log to read.
    pub channel: Arc<Channel>,
    /// From after this seq.
    pub after: u64,
}

/// How a pump ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pumped {
    /// Everything is out, or waits for the log to be read.
    Idle,
    /// The socket takes no more for now.
    Blocked,
    /// The close frame is out, or the socket is broken: the connection is over.
    Over,
}

struct Inner {
    outbox: Outbox,
    cursors: Vec<Cursor>,
    /// Whose turn it is.
    turn: usize,
    blocked: bool,
    over: bool,
}

thread_local! {
    /// What one write is made of; per thread, so that a connection that has nothing to say holds
    /// nothing, and a pass over a thousand members allocates once.
    static LISTED: RefCell<Vec<(Bytes, Source)>> = const { RefCell::new(Vec::new()) };
}

/// How one write went.
enum Wrote {
    /// All that was listed is out.
    All,
    /// The socket took a part.
    Part,
    /// The socket takes no more for now.
    Nothing,
}

/// One connection's way out.
pub struct Gate {
    inner: Mutex<Inner>,
    socket: Arc<Socket>,
    /// Somebody wants the connection's task to pump.
    dirty: AtomicBool,
    /// Somebody may read less than before, perhaps who is behind this gate.
    look_again: AtomicBool,
    wake: Notify,
    frames: AtomicU64,
    written: AtomicU64,
}

impl Gate {
    /// A gate before a socket.
    #[must_use]
    pub fn new(socket: Arc<Socket>) -> Self {
        let inner = Inner {
            outbox: Outbox::default(),
            cursors: Vec::new(),
            turn: 0,
            blocked: false,
            over: false,
        };
        Self {
            inner: Mutex::new(inner),
            socket,
            dirty: AtomicBool::new(false),
            look_again: AtomicBool::new(false),
            wake: Notify::new(),
            frames: AtomicU64::new(0),
            written: AtomicU64::new(0),
        }
    }

    /// Frames that left whole, ever.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Bytes that left, ever: progress, for the write timeout.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.socket.sent_under_tls().unwrap_or_else(|| self.written.load(Ordering::Relaxed))
    }

    /// Puts a signal of a log in line, replacing an unsent one with the same key; only if the log is
    /// followed here, so that none overtakes the answer to the join or comes after the leave.
    pub fn signal(&self, channel: &Arc<Channel>, key: u64, frame: &Bytes) {
        let mut inner = self.inner.lock();
        if inner.cursors.iter().any(|cursor| Arc::ptr_eq(cursor.channel(), channel)) {
            inner.outbox.signal(key, frame.clone());
        }
    }

    /// Answers a WebSocket ping: `frame` as the parser made it.
    pub fn pong(&self, frame: Bytes) {
        self.inner.lock().outbox.pong = Some(frame);
    }

    /// Ends the connection: what was begun is finished, then the close frame goes, then nothing.
    pub fn close(&self, code: CloseCode) {
        self.close_with(frame::close(code));
    }

    /// The same with a ready frame, for the echo of the peer's close.
    pub fn close_with(&self, close: Bytes) {
        let mut inner = self.inner.lock();
        if inner.outbox.closed || inner.outbox.close.is_some() {
            // A task that says so again and again would wake itself for ever.
            return;
        }
        inner.outbox.close = Some(close);
        inner.cursors.clear();
        drop(inner);
        self.nudge();
    }

    /// Follows logs from now on: the answer to the join and the cursors enter under one lock, the
    /// answer first, so that no entry overtakes it; an empty one is none. A log already followed gets
    /// its new cursor.
    pub fn follow(&self, answer: &[u8], cursors: Vec<Cursor>) {
        let mut inner = self.inner.lock();
        if !answer.is_empty() {
            inner.outbox.replies.push(frame::text(answer), None);
        }
        // Exactly: most connections follow one log or two.
        inner.cursors.reserve_exact(cursors.len());
        for cursor in cursors {
            inner.cursors.retain(|known| known.channel().log() != cursor.channel().log());
            inner.cursors.push(cursor);
        }
        inner.turn = 0;
    }

    /// Stops following a log. `false`: it was not followed.
    pub fn unfollow(&self, log: &LogName) -> bool {
        let mut inner = self.inner.lock();
        let before = inner.cursors.len();
        inner.cursors.retain(|cursor| cursor.channel().log() != log);
        inner.turn = 0;
        // Unsent signals may be of this log, and any of them may be lost.
        inner.outbox.signals.clear();
        inner.cursors.len() != before
    }

    /// The connection's task waits here for work.
    pub async fn woken(&self) {
        while !self.dirty.swap(false, Ordering::AcqRel) {
            self.wake.notified().await;
        }
    }

    /// Asks the connection's task to pump.
    pub fn nudge(&self) {
        self.dirty.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Asks the connection's task to look again whether it may read what it follows.
    pub fn look_again(&self) {
        self.look_again.store(true, Ordering::Release);
        self.nudge();
    }

    /// Whether that was asked since the last call.
    #[must_use]
    pub fn takes_a_look(&self) -> bool {
        self.look_again.swap(false, Ordering::AcqRel)
    }

    /// Whether the socket takes no more for now.
    #[must_use]
    pub fn blocked(&self) -> bool {
        self.inner.lock().blocked
    }

    /// Writes what there is: called by passes and whoever put something in line. If the gate is in
    /// other hands, blocked or under TLS, its own task is left to do it.
    pub fn push(&self) {
        if self.socket.is_tls() {
            return self.nudge();
        }
        let Some(mut inner) = self.inner.try_lock() else {
            return self.nudge();
        };
        if inner.blocked {
            return;
        }
        let pumped = self.pump_locked(&mut inner);
        if pumped != Pumped::Idle || inner.cursors.iter().any(Cursor::waits_for_log) {
            self.nudge();
        }
    }

    /// Writes what there is: called by the connection's own task, also after `writable`.
    pub fn pump(&self) -> Pumped {
        let mut inner = self.inner.lock();
        inner.blocked = false;
        match self.pump_locked(&mut inner) {
            // All was listed and taken; TLS may still hold some of it.
            Pumped::Idle => match self.socket.try_flush() {
                Ok(true) => Pumped::Idle,
                Ok(false) => inner.block(),
                Err(_) => inner.end(),
            },
            pumped => pumped,
        }
    }

    /// The first log whose reader is behind the tail and has nothing at hand.
    #[must_use]
    pub fn need(&self) -> Option<Need> {
        let inner = self.inner.lock();
        let count = inner.cursors.len();
        (0..count).map(|step| &inner.cursors[(inner.turn + step) % count]).find_map(|cursor| {
            let after = cursor.lacks_from_log()?;
            Some(Need { channel: Arc::clone(cursor.channel()), after })
        })
    }

    /// Hands over what was read for a [`Need`]. Dropped if the cursor has moved since.
    pub fn fill(&self, need: &Need, batch: Batch) {
        let mut inner = self.inner.lock();
        inner.turn += 1;
        let same = |cursor: &&mut Cursor| Arc::ptr_eq(cursor.channel(), &need.channel);
        if let Some(cursor) = inner.cursors.iter_mut().find(same) {
            cursor.fill(need.after, batch);
        }
    }

    fn pump_locked(&self, inner: &mut Inner) -> Pumped {
        LISTED.with_borrow_mut(|listed| {
            loop {
                if inner.over {
                    return inner.end();
                }
                if inner.outbox.closed {
                    // An error is an end as good as any.
                    let out = self.socket.try_flush().unwrap_or(true);
                    return if out { inner.end() } else { inner.block() };
                }
                listed.clear();
                let more = inner.list(listed);
                if listed.is_empty() {
                    return Pumped::Idle;
                }
                match self.write(inner, listed) {
                    // What came while this was written makes its own pass.
                    Ok(Wrote::All) if !more && !inner.outbox.closed => {
                        listed.clear();
                        return Pumped::Idle;
                    }
                    Ok(Wrote::All | Wrote::Part) => {}
                    Ok(Wrote::Nothing) => {
                        listed.clear();
                        return inner.block();
                    }
                    Err(_) => inner.over = true,
                }
            }
        })
    }

    /// One write, and its booking.
    fn write(&self, inner: &mut Inner, listed: &[(Bytes, Source)]) -> io::Result<Wrote> {
        let written = send(&self.socket, listed);
        let written = match written {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Wrote::Nothing),
            Err(error) => return Err(error),
        };
        self.written.fetch_add(written as u64, Ordering::Relaxed);
        let mut left = written;
        for (frame, source) in listed {
            if left == 0 {
                return Ok(Wrote::Part);
            }
            inner.outbox.book(*source);
            match *source {
                Source::Entry(index) => inner.cursors[index].book(),
                Source::Behind(index) => {
                    // Many frames in one piece.
                    let taken = left.min(frame.len());
                    let booked = inner.cursors[index].book_behind(taken);
                    self.frames.fetch_add(booked.whole, Ordering::Relaxed);
                    inner.outbox.begun = booked.rest;
                    left -= taken;
                    if taken < frame.len() {
                        return Ok(Wrote::Part);
                    }
                    continue;
                }
                _ => {}
            }
            if left < frame.len() {
                inner.outbox.begun = Some(frame.slice(left..));
                return Ok(Wrote::Part);
            }
            left -= frame.len();
            self.frames.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Wrote::All)
    }
}

impl Inner {
    /// Lists the next frames to write, about [`FRAMES`] of them. Returns whether more lies behind.
    fn list(&mut self, out: &mut Vec<(Bytes, Source)>) -> bool {
        self.outbox.list(out);
        if let Some(close) = &self.outbox.close {
            out.push((close.clone(), Source::Close));
            return false;
        }
        let count = self.cursors.len();
        let mut more = false;
        for step in 0..count {
            if out.len() >= FRAMES {
                more = true;
                break;
            }
            let index = (self.turn + step) % count;
            more |= self.cursors[index].list(index, FRAMES - out.len(), out);
        }
        if count > 0 {
            self.turn = (self.turn + 1) % count;
        }
        more
    }

    fn block(&mut self) -> Pumped {
        self.blocked = true;
        Pumped::Blocked
    }

    fn end(&mut self) -> Pumped {
        self.over = true;
        self.cursors.clear();
        self.outbox = Outbox { closed: true, ..Outbox::default() };
        Pumped::Over
    }
}
