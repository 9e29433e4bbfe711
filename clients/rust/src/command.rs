//! Every op of the protocol, as a command: what has no method of its own is asked for by its name.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wardroom_protocol::hello::{Refreshed, Token};
use wardroom_protocol::ids::{LogName, Mid};
use wardroom_protocol::mailbox::MarkRead;
use wardroom_protocol::message::Written;

use crate::ask::Ask;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::ranges::RangeSet;
use crate::request::Request;
use crate::token::{Giver, Newer};

/// Ops that the client sends by itself, and what an app calls instead.
const OWN: [(&str, &str); 7] = [
    ("hello", "Builder::connect"),
    ("refresh", "Client::refresh"),
    ("join", "Client::join"),
    ("leave", "dropping the Room"),
    ("message.post", "Client::post"),
    ("typing", "Room::typing"),
    ("pong", "nothing: the client answers pings"),
];

impl Client {
    /// Sends a command by its op's name, with the body that the protocol crate has for it, as often as it
    /// takes to get a definite answer. What writes answers with [`Written`]. At most 64 of these and of
    /// the methods made of them are without an answer at once; the next call waits.
    ///
    /// The mid in the body is the act's identity: the same one again is the same act, also from another
    /// process. Ops that the client sends by itself are refused with [`Error::OwnOp`].
    ///
    /// ```no_run
    /// use wardroom_client::protocol::ids::Mid;
    /// use wardroom_client::protocol::message::{Edit, React, Reaction};
    /// use wardroom_client::{Client, Result, Written};
    ///
    /// # async fn acts(client: &Client, mine: Mid, theirs: Mid) -> Result<()> {
    /// let room = "cardiology".parse()?;
    /// let body = "Said better".to_owned();
    /// let edit = Edit { room, mid: Client::mid(), of: mine, body, tags: Vec::new() };
    /// let written: Written = client.command("message.edit", &edit).await?;
    /// println!("the edit stands at {}", written.position);
    ///
    /// let room = "cardiology".parse()?;
    /// let thanks = React { room, mid: Client::mid(), of: theirs, reaction: Reaction::Thanks };
    /// let _: Written = client.command("message.react", &thanks).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn command<B, R>(&self, op: &'static str, body: &B) -> Result<R>
    where
        B: Serialize + ?Sized,
        R: DeserializeOwned,
    {
        if let Some((op, instead)) = OWN.into_iter().find(|(own, _)| *own == op) {
            return Err(Error::OwnOp { op, instead });
        }
        let permit = self.request_permit().await?;
        let body = serde_json::value::to_raw_value(body).map_err(|_| Error::Body { op })?;
        let (done, answer) = oneshot::channel();
        let request = Request { op, body, done, permit, tries: 0, until: None };
        self.ask(Ask::Request(request)).await?;
        let answer = answer.await.map_err(|_| self.closed())??;
        serde_json::from_str(answer.get()).map_err(|_| Error::Answer { op })
    }

    /// Marks ordinals of a room as read, `[from, to]` each, in any order, on all devices of yours: they
    /// hear of it in the [mailbox](Self::mailbox). At most 64 ranges. The server takes one marker per room
    /// and 10 seconds; a further one is sent when it may be, and this waits for it.
    pub async fn mark_read(
        &self,
        room: &LogName,
        ranges: impl IntoIterator<Item = [u64; 2]>,
    ) -> Result<Written> {
        let ranges: RangeSet = ranges.into_iter().collect();
        let ranges = ranges.ranges().map(Into::into).collect();
        let mark = MarkRead { room: room.clone(), mid: Mid::fresh(), ranges };
        self.command("read.mark", &mark).await
    }

    /// Your own log: what concerns you elsewhere, and what you have read. It is joined like a room.
    #[must_use]
    pub fn mailbox(&self) -> LogName {
        LogName::mailbox(self.id())
    }

    /// A newer token of the same person, for the connection that lives and for those after it. While the
    /// client is offline the next `hello` brings it. Resolves once the server has taken it, with the new
    /// end and limits; one that is refused changes nothing.
    pub async fn refresh(&self, token: impl Into<String>) -> Result<Refreshed> {
        let permit = self.request_permit().await?;
        let (done, answer) = oneshot::channel();
        let giver = Some(Giver { done, permit });
        self.ask(Ask::Refresh(Newer { token: Token::new(token), giver })).await?;
        answer.await.map_err(|_| self.closed())?
    }

    async fn request_permit(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(self.requests()).acquire_owned().await.map_err(|_| self.closed())
    }
}
