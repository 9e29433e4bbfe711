//! What may be sent now: goodbyes, joins, holes to fill, a newer token, a question after a held post,
//! requests, posts, in this order, and never more than the server owes answers for.

use serde::Serialize;
use tokio::time::Instant;
use wardroom_protocol::envelope;
use wardroom_protocol::history::ReadHistory;
use wardroom_protocol::join::{Join, Leave};
use wardroom_protocol::limits;

use super::{OWED, Owed, Work};
use crate::error::{Error, Result};
use crate::follow::Phase;
use crate::outbox::WINDOW;
use crate::request::{Request, finish};

impl Work {
    /// The frames that may be sent now.
    pub(crate) fn pump(&mut self, now: Instant, out: &mut Vec<String>) {
        out.extend(self.signals.drain(..));
        while self.owed.len() < OWED
            && let Some(room) = self.leaves.pop_front()
        {
            self.send("leave", &Leave { room }, Owed::Leave, out);
        }
        self.pump_joins(now, out);
        if self.owed.len() < WINDOW
            && let Some(refresh) = self.tokens.next(now)
        {
            self.send("refresh", &refresh, Owed::Refresh, out);
        }
        self.pump_held(now, out);
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

    fn pump_held(&mut self, now: Instant, out: &mut Vec<String>) {
        if self.owed.len() < WINDOW
            && let Some(post) = self.outbox.held.next(now)
        {
            match frame(self.next_id, "message.post", post, self.frame_bytes) {
                Ok(text) => {
                    self.owed.insert(self.next_id, Owed::Held);
                    self.next_id += 1;
                    out.push(text);
                }
                Err(error) => self.outbox.held.fail(error),
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
                    let join = Join { room: room.clone(), from };
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
}

fn frame<T: Serialize>(id: u64, op: &str, body: &T, limit: u64) -> Result<String> {
    let text =
        envelope::command(Some(id), op, body).map_err(|_| Error::Body { op: "a command" })?;
    if text.len() as u64 > limit {
        return Err(Error::TooLarge { bytes: text.len(), limit });
    }
    Ok(text)
}
