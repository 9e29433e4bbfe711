//! What outlives a connection: the logs followed, the outbox, the requests. And what one connection
//! owes: which answer belongs to whom.
//!
//! Synchronous: frames and asks in, frames out. The driver's task is a thin shell around it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::envelope::{self, EnvelopeError, Notice, Reply, ServerFrame, Signal};
use wardroom_protocol::hello::{Greeting, Resumed};
use wardroom_protocol::history::{History, ReadHistory};
use wardroom_protocol::ids::{LogName, Mid, Position};
use wardroom_protocol::join::{Join, Joined, Leave};
use wardroom_protocol::message::{self, TypingSignal, Written};
use wardroom_protocol::{limits, notice};

use crate::ask::Ask;
use crate::error::{Closed, Error, Result};
use crate::event::{Event, Typing, drain_window};
use crate::follow::{Need, Phase};
use crate::outbox::{Outbox, WINDOW};
use crate::request::{Request, Requests, finish};
use crate::subscription::{GRACE_ALONE, GRACE_SHARED, Subscription};

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
    Post(LogName, Mid),
}

pub(crate) struct Work {
    logs: BTreeMap<LogName, Subscription>,
    outbox: Outbox,
    requests: Requests,
    owed: HashMap<u64, Owed>,
    leaves: VecDeque<LogName>,
    signals: VecDeque<String>,
    next_id: u64,
    frame_bytes: u64,
}

impl Work {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            logs: BTreeMap::new(),
            outbox: Outbox::new(seed),
            requests: Requests::new(seed ^ 1),
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
            Ask::Join {
                log,
                from,
                sender,
                flow,
                done,
            } => {
                let taken = self.logs.get(&log).is_some_and(|it| !it.is_abandoned());
                if taken {
                    let _ = done.send(Err(Error::AlreadyJoined(log)));
                } else {
                    self.leave(&log);
                    self.logs
                        .insert(log, Subscription::new(from, sender, flow, done));
                }
            }
            Ask::Left(log) => {
                if self.logs.get(&log).is_some_and(Subscription::is_abandoned) {
                    self.leave(&log);
                }
            }
            Ask::Post(outgoing) => self.outbox.push(outgoing),
            Ask::Request(request) => self.requests.push(request),
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
        for (_, it) in std::mem::take(&mut self.logs) {
            if let Some(waiting) = it.waiting {
                let _ = waiting.send(Err(error.clone()));
            }
        }
    }

    /// Whether the socket may be read: no buffer is full.
    pub(crate) fn reading(&self) -> bool {
        self.logs.values().all(|it| it.blocked().is_none())
    }

    /// An app took events, or a moment passed.
    pub(crate) fn tick(&mut self, now: Instant) {
        let others = !self.owed.is_empty()
            || !self.outbox.is_empty()
            || !self.requests.is_empty()
            || self.logs.len() > 1;
        let grace = grace(others);
        for (log, it) in &mut self.logs {
            if it.blocked().is_some() {
                it.drain(now);
            }
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
        let others = !self.owed.is_empty() || self.logs.len() > 1;
        let grace = grace(others || !self.outbox.is_empty() || !self.requests.is_empty());
        let blocked = self.logs.values().filter_map(Subscription::blocked);
        let retries = self.logs.values().filter_map(|it| it.retry_at);
        blocked
            .map(|since| since + grace)
            .chain(retries)
            .chain(self.outbox.wake_at())
            .chain(self.requests.wake_at())
            .min()
    }

    /// The frames that may be sent now.
    pub(crate) fn pump(&mut self, now: Instant, out: &mut Vec<String>) {
        out.extend(self.signals.drain(..));
        while self.owed.len() < OWED
            && let Some(room) = self.leaves.pop_front()
        {
            self.send("leave", &Leave { room }, Owed::Leave, out);
        }
        self.pump_joins(now, out);
        while self.owed.len() < WINDOW
            && let Some(request) = self.requests.next(now)
        {
            self.send_request(request, out);
        }
        while self.owed.len() < WINDOW
            && let Some(post) = self.outbox.next(now)
        {
            let (room, mid) = (post.room.clone(), post.mid);
            let id = self.next_id;
            match frame(id, "message.post", post, self.frame_bytes) {
                Ok(text) => {
                    self.next_id += 1;
                    self.owed.insert(id, Owed::Post(room, mid));
                    out.push(text);
                }
                Err(error) => self.outbox.fail(&room, mid, error),
            }
        }
    }

    fn pump_joins(&mut self, now: Instant, out: &mut Vec<String>) {
        let mut orders = Vec::new();
        for (log, it) in &mut self.logs {
            if self.owed.len() + orders.len() >= OWED {
                break;
            }
            if let Some(after) = it.fill.take() {
                orders.push((log.clone(), Err(after)));
            } else if it.follower.phase() == Phase::Away
                && !it.ending
                && it.retry_at.is_none_or(|at| at <= now)
            {
                it.retry_at = None;
                it.follower.joining();
                orders.push((log.clone(), Ok(it.follower.from())));
            }
        }
        for (room, order) in orders {
            let id = self.next_id;
            match order {
                Ok(from) => {
                    let owed = Owed::Join(room.clone());
                    let join = Join {
                        room: room.clone(),
                        from,
                    };
                    self.send("join", &join, owed, out);
                    if let Some(it) = self.logs.get_mut(&room) {
                        it.join_id = Some(id);
                    }
                }
                Err(after) => {
                    let owed = Owed::Fill(room.clone());
                    let read = ReadHistory {
                        room: room.clone(),
                        after: Some(after),
                        before: None,
                        limit: Some(limits::HISTORY_PAGE),
                        topic: None,
                    };
                    self.send("history", &read, owed, out);
                    if let Some(it) = self.logs.get_mut(&room) {
                        it.fill_id = Some(id);
                    }
                }
            }
        }
    }

    fn send<T: Serialize>(&mut self, op: &str, body: &T, owed: Owed, out: &mut Vec<String>) {
        let id = self.next_id;
        self.next_id += 1;
        if let Ok(text) = frame(id, op, body, u64::MAX) {
            self.owed.insert(id, owed);
            out.push(text);
        }
    }

    fn send_request(&mut self, request: Request, out: &mut Vec<String>) {
        let id = self.next_id;
        match frame(id, request.op, &request.body, self.frame_bytes) {
            Ok(text) => {
                self.next_id += 1;
                self.owed.insert(id, Owed::Request);
                self.requests.sent(id, request);
                out.push(text);
            }
            Err(error) => finish(request, Err(error)),
        }
    }

    /// Takes a frame. Gives the window of a `drain`, if it was one.
    pub(crate) fn frame(
        &mut self,
        text: Utf8Bytes,
        now: Instant,
    ) -> Result<Option<Duration>, EnvelopeError> {
        match ServerFrame::decode(text.as_str())? {
            ServerFrame::Reply(reply) => self.reply(reply, now),
            ServerFrame::Entry(entry) => {
                let log = entry.room.clone();
                self.step(&log, now, |it, out| it.follower.entry(entry, text, out));
            }
            ServerFrame::Signal(signal) => self.signal(signal),
            ServerFrame::Notice(notice) => return Ok(self.notice(&notice, now)),
        }
        Ok(None)
    }

    fn reply(&mut self, reply: Reply, now: Instant) {
        let Some(owed) = self.owed.remove(&reply.id) else {
            return;
        };
        match owed {
            Owed::Leave => {}
            Owed::Request => self.requests.answer(reply.id, reply.result, now),
            Owed::Post(room, mid) => {
                let answer = reply.result.and_then(|ok| {
                    serde_json::from_str::<Written>(ok.get()).map_err(|_| misread())
                });
                self.outbox.answer(&room, mid, answer, now);
            }
            Owed::Join(log) => {
                if self
                    .logs
                    .get(&log)
                    .is_none_or(|it| it.join_id != Some(reply.id))
                {
                    return;
                }
                match reply
                    .result
                    .and_then(|ok| serde_json::from_str::<Joined>(ok.get()).map_err(|_| misread()))
                {
                    Ok(joined) => self.joined(&log, &joined, now),
                    Err(error) => self.join_refused(&log, error, now),
                }
            }
            Owed::Fill(log) => {
                if self
                    .logs
                    .get(&log)
                    .is_none_or(|it| it.fill_id != Some(reply.id))
                {
                    return;
                }
                let page = reply
                    .result
                    .ok()
                    .and_then(|ok| serde_json::from_str::<History>(ok.get()).ok());
                self.step(&log, now, |it, out| {
                    it.fill_id = None;
                    page.map_or(Need::Join, |page| it.follower.filled(&page, out))
                });
            }
        }
    }

    fn joined(&mut self, log: &LogName, joined: &Joined, now: Instant) {
        self.step(log, now, |it, out| {
            it.join_id = None;
            let waiting = it.waiting.take();
            it.follower.joined(joined, waiting.is_some(), out);
            if let Some(waiting) = waiting {
                it.starts_at(joined.after);
                let _ = waiting.send(Ok(joined.clone()));
            }
            Need::Nothing
        });
    }

    fn join_refused(&mut self, log: &LogName, error: WireError, now: Instant) {
        self.step(log, now, |it, out| {
            it.join_id = None;
            it.follower.away();
            if error.retryable() {
                let wait = error.retry_after_ms.unwrap_or(500);
                it.retry_at = Some(now + Duration::from_millis(wait));
                return Need::Nothing;
            }
            if let Some(waiting) = it.waiting.take() {
                it.ending = true;
                let _ = waiting.send(Err(Error::Refused(error)));
                return Need::Nothing;
            }
            let shared = error.common.filter(|common| {
                error.number == ErrorCode::PositionUnknown.number()
                    && it.follower.cursor() != Some(*common)
            });
            if let Some(common) = shared {
                it.follower.rewind(common);
                return Need::Join;
            }
            it.ending = true;
            let at = it.follower.cursor().unwrap_or(Position::ZERO);
            out.push((Event::Ended(error), at));
            Need::Nothing
        });
    }

    /// Lets a log's follower take something, delivers what came of it, and does what it needs.
    fn step(
        &mut self,
        log: &LogName,
        now: Instant,
        take: impl FnOnce(&mut Subscription, &mut Vec<(Event, Position)>) -> Need,
    ) {
        let Some(it) = self.logs.get_mut(log) else {
            return;
        };
        let mut out = Vec::new();
        let need = take(it, &mut out);
        if !out.is_empty() {
            it.deliver(out, now);
        }
        match need {
            Need::Nothing => {}
            Need::Fill(after) => it.fill = Some(after),
            Need::Join => it.follower.away(),
        }
        self.sweep();
    }

    fn signal(&mut self, signal: Signal) {
        let (Some(it), Some(by)) = (self.logs.get(&signal.room), signal.by) else {
            return;
        };
        if signal.op == "typing" {
            let body = signal.d.as_ref();
            let body = body.and_then(|d| serde_json::from_str::<TypingSignal>(d.get()).ok());
            it.deliver_lossy(Event::Typing(Typing {
                by: by.id,
                topic: body.and_then(|body| body.topic),
            }));
        }
    }

    fn notice(&mut self, notice: &Notice, now: Instant) -> Option<Duration> {
        let body = notice.d.as_ref().map_or("{}", |d| d.get());
        match notice.op.as_str() {
            "ping" => {
                if let Ok(pong) = envelope::command(None, "pong", &serde_json::json!({})) {
                    self.signals.push_back(pong);
                }
            }
            "drain" => {
                let drain = serde_json::from_str::<notice::Drain>(body).ok()?;
                return Some(drain_window(drain));
            }
            "gap" => {
                let gap = serde_json::from_str::<notice::Gap>(body).ok()?;
                let log = gap.room.clone();
                self.step(&log, now, |it, out| it.follower.gap(&gap, out));
            }
            _ => {}
        }
        None
    }

    fn leave(&mut self, log: &LogName) {
        if self.logs.remove(log).is_some() {
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
            if self.logs.get(&log).is_some_and(|it| it.ending) {
                self.logs.remove(&log);
            } else {
                self.leave(&log);
            }
        }
    }
}

fn grace(others: bool) -> Duration {
    if others { GRACE_SHARED } else { GRACE_ALONE }
}

/// An answer that does not read: its outcome is unknown, so the same mid is sent again.
fn misread() -> WireError {
    WireError::new(ErrorCode::Internal, "the answer does not read as the op's")
}

fn frame<T: Serialize>(id: u64, op: &str, body: &T, limit: u64) -> Result<String> {
    let text =
        envelope::command(Some(id), op, body).map_err(|_| Error::Answer { op: "a command" })?;
    if text.len() as u64 > limit {
        return Err(Error::TooLarge {
            bytes: text.len(),
            limit,
        });
    }
    Ok(text)
}

/// The body of a typing signal to send.
pub(crate) fn typing(
    room: LogName,
    topic: Option<wardroom_protocol::ids::TopicId>,
) -> message::Typing {
    message::Typing { room, topic }
}
