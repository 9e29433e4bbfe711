//! What a frame means: whose answer it is, whose entry, whose signal.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::envelope::{self, EnvelopeError, Notice, Reply, ServerFrame, Signal};
use wardroom_protocol::hello::Refreshed;
use wardroom_protocol::history::History;
use wardroom_protocol::ids::{LogName, Position};
use wardroom_protocol::join::Joined;
use wardroom_protocol::mailbox::Filed;
use wardroom_protocol::message::{TypingSignal, Written};
use wardroom_protocol::notice;

use super::{Owed, Work};
use crate::error::{Error, Result};
use crate::event::{Event, Typing, drain_window};
use crate::follow::{Need, Step};
use crate::subscription::Subscription;

impl Work {
    /// Takes a frame. Gives the window of a `drain`, if it was one.
    pub(crate) fn frame(
        &mut self,
        text: Utf8Bytes,
        now: Instant,
    ) -> Result<Option<Duration>, EnvelopeError> {
        match ServerFrame::decode(text.as_str())? {
            ServerFrame::Reply(reply) => self.reply(reply, now),
            ServerFrame::Entry(entry) => {
                self.tells_of_held(&entry, now);
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
            Owed::Refresh => self.tokens.answer(read::<Refreshed>(reply.result), now),
            Owed::Post(room, mid) => {
                self.outbox.answer(&room, mid, read::<Written>(reply.result), now);
            }
            Owed::Held => self.outbox.held.answer(read::<Written>(reply.result), now),
            Owed::Join(log) => {
                if self.logs.get(&log).is_none_or(|it| it.join_id != Some(reply.id)) {
                    return;
                }
                match read::<Joined>(reply.result) {
                    Ok(joined) => self.joined(&log, &joined, now),
                    Err(error) => self.join_refused(&log, error, now),
                }
            }
            Owed::Fill(log) => {
                if self.logs.get(&log).is_none_or(|it| it.fill_id != Some(reply.id)) {
                    return;
                }
                let page =
                    reply.result.ok().and_then(|ok| serde_json::from_str::<History>(ok.get()).ok());
                self.step(&log, now, |it, out| {
                    it.fill_id = None;
                    page.map_or(Need::Join, |page| it.follower.filled(&page, out))
                });
            }
        }
    }

    /// A moderator has decided, and an entry says so: the one that was held, or a note in the mailbox.
    fn tells_of_held(&mut self, entry: &envelope::Entry, now: Instant) {
        if self.outbox.held.is_empty() {
            return;
        }
        match entry.op.as_str() {
            "message.posted" => self.outbox.held.decided(entry.mid, now),
            "notification.filed" => {
                if let Ok(filed) = entry.facts::<Filed>() {
                    self.outbox.held.decided(filed.of, now);
                }
            }
            _ => {}
        }
    }

    pub(super) fn joined(&mut self, log: &LogName, joined: &Joined, now: Instant) {
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

    pub(super) fn join_refused(&mut self, log: &LogName, error: WireError, now: Instant) {
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
        take: impl FnOnce(&mut Subscription, &mut Vec<Step>) -> Need,
    ) {
        // Nothing follows an end, whatever the server says of the log.
        let Some(it) = self.logs.get_mut(log).filter(|it| !it.ending) else {
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
        let Some(it) = self.logs.get(&signal.room) else {
            return;
        };
        let body = signal.d.as_ref().map_or("{}", |d| d.get());
        match (signal.op.as_str(), signal.by) {
            ("typing", Some(by)) => {
                let body = serde_json::from_str::<TypingSignal>(body).unwrap_or_default();
                let (topic, card) = (body.topic, body.card);
                it.deliver_lossy(Event::Typing(Typing { by: by.id, topic, card }));
            }
            ("presence", _) => {
                if let Ok(presence) = serde_json::from_str(body) {
                    it.deliver_lossy(Event::Presence(presence));
                }
            }
            _ => {}
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
            "expiring" => self.tokens.expires(),
            "removed" => {
                let removed = serde_json::from_str::<notice::Removed>(body).ok()?;
                self.removed(&removed.room, now);
            }
            _ => {}
        }
        None
    }

    /// The log may not be read any more: nothing of it follows, also not after a reconnect.
    fn removed(&mut self, log: &LogName, now: Instant) {
        self.step(log, now, |it, out| {
            it.join_id = None;
            it.fill_id = None;
            it.fill = None;
            it.follower.away();
            it.ending = true;
            let error = WireError::new(ErrorCode::Forbidden, "you may not read this log any more");
            out.push((Event::Ended(error), it.follower.cursor().unwrap_or(Position::ZERO)));
            Need::Nothing
        });
    }
}

/// An answer as its op's. One that does not read: its outcome is unknown, so the same is sent again.
fn read<T: DeserializeOwned>(result: Result<Box<RawValue>, WireError>) -> Result<T, WireError> {
    let misread = || WireError::new(ErrorCode::Internal, "the answer does not read as the op's");
    result.and_then(|ok| serde_json::from_str(ok.get()).map_err(|_| misread()))
}
