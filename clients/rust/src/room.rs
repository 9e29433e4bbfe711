//! A log followed by an app: its stream of events, and what one does in it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;
use wardroom_protocol::ids::{LogName, Mid, PrincipalId, TopicId};
use wardroom_protocol::join::Joined;
use wardroom_protocol::message::{MessageKind, Origin, Post, Redact, Report, Typing, Written};
use wardroom_protocol::presence::ReadPresence;

use crate::ask::Ask;
use crate::client::Client;
use crate::error::Result;
use crate::event::{Event, Posted};
use crate::roster::Roster;
use crate::sending::Sending;
use crate::subscription::Flow;

/// A message to be posted. `Debug` shows no words.
#[derive(Clone)]
pub struct Draft {
    topic: String,
    body: String,
    kind: MessageKind,
    mid: Mid,
    reply_to: Option<Mid>,
    tags: Vec<String>,
    mentions: Vec<PrincipalId>,
    origin: Option<Origin>,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("mid", &self.mid)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Draft {
    /// A message under a topic, with a fresh mid.
    #[must_use]
    pub fn new(topic: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            topic: topic.into(),
            body: body.into(),
            kind: MessageKind::Message,
            mid: Mid::fresh(),
            reply_to: None,
            tags: Vec::new(),
            mentions: Vec::new(),
            origin: None,
        }
    }

    /// An answer to a message, under its topic. The topic of an erased message has no name any more;
    /// the answer then goes under "General".
    #[must_use]
    pub fn answer(to: &Posted, body: impl Into<String>) -> Self {
        let topic = to.words.as_ref().map(|words| words.topic.as_str());
        Self::new(topic.unwrap_or("General"), body).kind(MessageKind::Answer).reply_to(to.entry.mid)
    }

    /// What it is meant as.
    #[must_use]
    pub fn kind(mut self, kind: MessageKind) -> Self {
        self.kind = kind;
        self
    }

    /// The message it replies to.
    #[must_use]
    pub fn reply_to(mut self, mid: Mid) -> Self {
        self.reply_to = Some(mid);
        self
    }

    /// A tag, beside those it has.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Somebody whose mailbox is to hear of it.
    #[must_use]
    pub fn mention(mut self, person: PrincipalId) -> Self {
        self.mentions.push(person);
        self
    }

    /// A mid of your own, for instance one that was posted in an earlier life of the app.
    #[must_use]
    pub fn mid(mut self, mid: Mid) -> Self {
        self.mid = mid;
        self
    }

    /// Who wrote it in the source it comes from. Role `import` only.
    #[must_use]
    pub fn origin(mut self, author: impl Into<String>) -> Self {
        self.origin = Some(Origin { author: author.into() });
        self
    }

    /// The command's body for a room.
    #[must_use]
    pub fn into_post(self, room: LogName) -> Post {
        Post {
            room,
            topic: self.topic,
            mid: self.mid,
            kind: self.kind,
            body: self.body,
            reply_to: self.reply_to,
            tags: self.tags,
            mentions: self.mentions,
            announce: None,
            after: None,
            origin: self.origin,
        }
    }
}

/// What one does in a room, apart from reading its stream. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Writer {
    client: Client,
    log: LogName,
}

impl Writer {
    /// The log.
    #[must_use]
    pub fn log(&self) -> &LogName {
        &self.log
    }

    /// Queues a message; see [`Client::post`]. Messages of one client to one room are written in
    /// the order of these calls.
    #[expect(clippy::must_use_candidate, reason = "a post is sent whether awaited or not")]
    pub fn post(&self, draft: Draft) -> Sending {
        self.client.post(draft.into_post(self.log.clone()))
    }

    /// Queues a message, waiting while the outbox is full.
    pub async fn post_when_room(&self, draft: Draft) -> Sending {
        let post = draft.into_post(self.log.clone());
        self.client.post_when_room(post).await
    }

    /// Erases a message's words, for everybody and for good. Role `moderator`.
    pub async fn redact(&self, of: Mid, reason: impl Into<String>) -> Result<Written> {
        let redact =
            Redact { room: self.log.clone(), mid: Mid::fresh(), of, reason: reason.into() };
        self.client.redact(redact).await
    }

    /// Points the moderators to a message.
    pub async fn report(&self, of: Mid, reason: impl Into<String>) -> Result<Written> {
        let report =
            Report { room: self.log.clone(), mid: Mid::fresh(), of, reason: reason.into() };
        self.client.report(report).await
    }

    /// Who is in the room now. Give it the stream's [`Event::Presence`] to keep it true, and ask for a
    /// new one after [`Event::Rejoined`]: another node counts its signals anew.
    pub async fn roster(&self) -> Result<Roster> {
        let mut page = ReadPresence { room: self.log.clone(), after: None, limit: None };
        let mut first = self.client.presence(page.clone()).await?;
        let mut next = first.next.take();
        let mut roster = Roster::new(first);
        while next.is_some() {
            page.after = next;
            let mut more = self.client.presence(page.clone()).await?;
            next = more.next.take();
            roster.add(more);
        }
        Ok(roster)
    }

    /// Says that you are writing. Sent at most; never waited for, not sent while offline.
    pub fn typing(&self, topic: Option<TopicId>) {
        self.client.tell(Ask::Typing(Typing { room: self.log.clone(), topic }));
    }
}

/// A log that this client follows: a stream of [`Event`]s. Dropping it stops following.
///
/// The stream ends after [`Event::Ended`], or when the client is closed.
pub struct Room {
    writer: Writer,
    joined: Joined,
    events: mpsc::Receiver<Event>,
    flow: Arc<Flow>,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("log", &self.writer.log).finish_non_exhaustive()
    }
}

impl std::ops::Deref for Room {
    type Target = Writer;
    fn deref(&self) -> &Writer {
        &self.writer
    }
}

impl Room {
    pub(crate) fn new(
        client: Client,
        log: LogName,
        joined: Joined,
        events: mpsc::Receiver<Event>,
        flow: Arc<Flow>,
    ) -> Self {
        Self { writer: Writer { client, log }, joined, events, flow }
    }

    /// The answer to the join: head, state, and where the stream begins.
    #[must_use]
    pub fn joined(&self) -> &Joined {
        &self.joined
    }

    /// The client it belongs to.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.writer.client
    }

    /// What one does in the room, to be used apart from the stream.
    #[must_use]
    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// The next event; `None` once the stream has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        let event = self.events.recv().await;
        self.taken();
        event
    }

    /// How often the app fell so far behind that its buffer was dropped and read again from the
    /// server's log. Nothing was lost by it; it tells that the app is slower than the room.
    #[must_use]
    pub fn overflows(&self) -> u64 {
        self.flow.overflows()
    }

    fn taken(&self) {
        self.flow.taken(self.events.len(), self.events.max_capacity());
    }
}

impl Stream for Room {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        let event = self.events.poll_recv(cx);
        if event.is_ready() {
            self.taken();
        }
        event
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.events.close();
        self.writer.client.tell(Ask::Left(self.writer.log.clone()));
        self.writer.client.nudge();
    }
}
