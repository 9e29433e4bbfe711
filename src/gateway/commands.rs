//! One command: decoded in two steps, checked, and done, begun, or left to a slow part.

use std::sync::Arc;

use wardroom_protocol::code::{CloseCode, ErrorCode, WireError};
use wardroom_protocol::envelope::Command;
use wardroom_protocol::hello::{Hello, Refresh};
use wardroom_protocol::history::ReadHistory;
use wardroom_protocol::join::{Join, Leave, Left};
use wardroom_protocol::member::{Admit, Invite, Knock, LeaveRoom, Remove, SetRole};
use wardroom_protocol::message::{AboutMessage, Edit, Hide, Post, React, Redact, Report, Retract};
use wardroom_protocol::presence::ReadPresence;
use wardroom_protocol::question::{AcceptAnswer, MarkQuestion};
use wardroom_protocol::room::{Archive, ListRooms, ListTopics, SetPolicy};
use wardroom_protocol::topic::{MergeTopics, MoveMessages, RenameTopic, ResolveTopic};

use super::work::{Done, Source};
use super::{answer, connection::Connection, greeting, history, presence, reading, refresh};
use crate::identity::Known;

impl Connection {
    /// Handles one text message. `Err` closes the connection.
    pub(super) fn command(&mut self, text: &str) -> Result<(), CloseCode> {
        let command = Command::decode(text).map_err(|_| CloseCode::BadEnvelope)?;
        crate::fault::point("after_decode");
        let Some(who) = self.who.clone() else {
            return self.first(&command);
        };
        let id = command.id;
        let outcome = match &*command.op {
            "pong" => return Ok(()),
            "typing" => {
                // A signal without id has nobody to tell of its mistakes.
                self.typing(&who, &command)
            }
            op => self.dispatch(op, &command, &who),
        };
        self.services.counts.count(&command.op, outcome.as_ref().err());
        if let (Err(error), Some(id)) = (outcome, id) {
            self.refuse(id, &error);
        }
        Ok(())
    }

    fn refuse(&self, id: u64, error: &WireError) {
        tracing::debug!(connection = self.id, code = error.code, "refused a command");
        self.gate.reply(answer::reply::<()>(id, Err(error)).as_bytes());
    }

    /// Before the hello nothing else is heard.
    fn first(&mut self, command: &Command<'_>) -> Result<(), CloseCode> {
        if command.op != "hello" {
            return Err(CloseCode::HelloRequired);
        }
        let id = command.id.ok_or(CloseCode::BadEnvelope)?;
        match command.body::<Hello>() {
            Ok(hello) => {
                let services = Arc::clone(&self.services);
                self.begin(greeting::greet(services, self.id.clone(), id, hello));
            }
            Err(error) => self.refuse(id, &error),
        }
        Ok(())
    }

    fn dispatch(
        &mut self,
        op: &str,
        command: &Command<'_>,
        who: &Arc<Known>,
    ) -> Result<(), WireError> {
        let id = command.id;
        match op {
            "hello" => Err(WireError::new(
                ErrorCode::AlreadyGreeted,
                "this connection has said hello; open another one for another token",
            )),
            "refresh" => {
                let body: Refresh = command.body()?;
                // Verifying costs more than most commands, and a bad token is as dear as a good one.
                self.within_rate(who)?;
                let (services, who) = (Arc::clone(&self.services), Arc::clone(who));
                self.begin(refresh::refresh(services, self.id.clone(), id, who, body));
                Ok(())
            }
            "join" => self.join(id, command.body()?, who),
            "leave" => self.leave(id, &command.body()?),
            "rooms" => {
                let body: ListRooms = command.body()?;
                self.query(id, who, async move |services, known| {
                    reading::rooms(&services, &known.principal, body).await
                });
                Ok(())
            }
            "topics" => {
                let body: ListTopics = command.body()?;
                self.query_words(id, who, async move |services, known| {
                    reading::topics(&services, &known.principal, body).await
                });
                Ok(())
            }
            "history" => {
                let body: ReadHistory = command.body()?;
                self.query_words(id, who, async move |services, known| {
                    history::page(&services, &known.principal, body).await
                });
                Ok(())
            }
            "presence" => {
                let body: ReadPresence = command.body()?;
                self.query(id, who, async move |services, known| {
                    presence::page(&services, &known.principal, body).await
                });
                Ok(())
            }
            "room.create" => self.found(command, who),
            "read.mark" => self.mark_read(command, who),
            "room.policy" => self.write::<SetPolicy>(command, who),
            "room.archive" => self.write::<Archive>(command, who),
            "member.invite" => self.write::<Invite>(command, who),
            "member.knock" => self.write::<Knock>(command, who),
            "member.admit" => self.write::<Admit>(command, who),
            "member.leave" => self.write::<LeaveRoom>(command, who),
            "member.remove" => self.write::<Remove>(command, who),
            "member.role" => self.write::<SetRole>(command, who),
            "message.post" => self.write::<Post>(command, who),
            "message.edit" => self.write::<Edit>(command, who),
            "message.retract" => self.write::<Retract>(command, who),
            "message.react" | "message.unreact" => self.write::<React>(command, who),
            "message.pin" | "message.unpin" | "announcement.ack" | "message.release" => {
                self.write::<AboutMessage>(command, who)
            }
            "answer.accept" => self.write::<AcceptAnswer>(command, who),
            "question.mark" => self.write::<MarkQuestion>(command, who),
            "topic.rename" => self.write::<RenameTopic>(command, who),
            "topic.resolve" => self.write::<ResolveTopic>(command, who),
            "topic.move" => self.write::<MoveMessages>(command, who),
            "topic.merge" => self.write::<MergeTopics>(command, who),
            "message.redact" => self.write::<Redact>(command, who),
            "message.report" => self.write::<Report>(command, who),
            "message.hide" => self.write::<Hide>(command, who),
            _ => Err(WireError::new(
                ErrorCode::UnknownOp,
                "this server does not know the op; it speaks wardroom.v1 as its SPEC.md tells",
            )),
        }
    }

    pub(super) fn within_rate(&self, who: &Known) -> Result<(), WireError> {
        self.services.quota.take(&who.principal).map_err(|wait| {
            // Up: whoever waits as long as they are told is not refused again.
            let ms = u64::try_from(wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX).max(1);
            let message = "more messages than one person may send; slow down";
            WireError::new(ErrorCode::RateLimited, message).after_ms(ms)
        })
    }

    fn join(&mut self, id: Option<u64>, body: Join, who: &Arc<Known>) -> Result<(), WireError> {
        let most = self.services.limits.logs_per_connection;
        if self.joined.len() >= most && !self.follows(&body.room) {
            return Err(greeting::too_many(most).at("/d/room"));
        }
        let (services, who) = (Arc::clone(&self.services), Arc::clone(who));
        self.begin(async move {
            match reading::join(&services, &who.principal, &body.room, body.from).await {
                Ok((joined, join)) => {
                    Done::Joined(id.map(|id| answer::reply(id, Ok(&joined))), join)
                }
                Err(error) => Done::reply::<()>(id, Err(&error)),
            }
        });
        Ok(())
    }

    fn leave(&mut self, id: Option<u64>, body: &Leave) -> Result<(), WireError> {
        if !self.unfollow(&body.room) {
            let message = "this connection does not follow that log";
            return Err(WireError::new(ErrorCode::NotJoined, message).at("/d/room"));
        }
        if let Some(id) = id {
            self.gate.reply(answer::reply(id, Ok(&Left {})).as_bytes());
        }
        Ok(())
    }

    fn query<T, Q>(
        &mut self,
        id: Option<u64>,
        who: &Arc<Known>,
        query: impl FnOnce(Arc<super::Services>, Arc<Known>) -> Q + Send + 'static,
    ) where
        T: serde::Serialize,
        Q: Future<Output = Result<T, WireError>> + Send,
    {
        let (services, who) = (Arc::clone(&self.services), Arc::clone(who));
        self.begin(async move {
            let answer = query(services, who).await;
            Done::reply(id, answer.as_ref())
        });
    }

    /// The same for an answer with words that may be erased before it leaves.
    fn query_words<T, Q>(
        &mut self,
        id: Option<u64>,
        who: &Arc<Known>,
        query: impl FnOnce(Arc<super::Services>, Arc<Known>) -> Q + Send + 'static,
    ) where
        T: serde::Serialize,
        Q: Future<Output = Result<(T, Source), WireError>> + Send,
    {
        let (services, who) = (Arc::clone(&self.services), Arc::clone(who));
        self.begin(async move { Done::worded(id, query(services, who).await) });
    }
}
