//! One command: decoded in two steps, checked, and done, begun, or left to a slow part.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use wardroom_protocol::code::{CloseCode, ErrorCode, WireError};
use wardroom_protocol::envelope::Command;
use wardroom_protocol::hello::{Hello, Refresh};
use wardroom_protocol::history::ReadHistory;
use wardroom_protocol::ids::{LogName, RoomId};
use wardroom_protocol::join::{Join, Leave, Left};
use wardroom_protocol::message::{Post, Redact, Report};
use wardroom_protocol::presence::ReadPresence;
use wardroom_protocol::room::{CreateRoom, ListRooms, ListTopics};
use wardroom_protocol::{limits, op};

use super::translate::{Author, Body};
use super::work::Done;
use super::{answer, connection::Connection, greeting, history, presence, reading, refresh};
use crate::domain::Refusal;
use crate::domain::access::Action;
use crate::guard::{self, Screened, Worded};
use crate::identity::Known;
use crate::room::Submission;
use crate::telemetry::metric;

impl Connection {
    /// Handles one text message. `Err` closes the connection.
    pub(super) fn command(&mut self, text: &str) -> Result<(), CloseCode> {
        let command = Command::decode(text).map_err(|_| CloseCode::BadEnvelope)?;
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
        count(&command.op, outcome.as_ref().err());
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
                self.query(id, who, async move |services, known| {
                    reading::topics(&services, &known.principal, body).await
                });
                Ok(())
            }
            "history" => {
                let body: ReadHistory = command.body()?;
                self.query(id, who, async move |services, known| {
                    history::page(&services, &known.principal, body).await
                });
                Ok(())
            }
            "presence" => {
                let body: ReadPresence = command.body()?;
                let page = presence::page(&self.services, &who.principal, &body)?;
                if let Some(id) = id {
                    self.gate.reply(answer::reply(id, Ok(&page)).as_bytes());
                }
                Ok(())
            }
            "message.post" => {
                let post: Screened<Body<Post>> = self.screened(command, who)?;
                let room = post.get().0.room.clone();
                self.permit(&room, who, Action::Post)?;
                if post.get().0.tags.len() > limits::TAGS {
                    let message = format!("a message has at most {} tags", limits::TAGS);
                    return Err(WireError::new(ErrorCode::TooLarge, message).at("/d/tags"));
                }
                if post.get().0.origin.is_some() {
                    self.permit(&room, who, Action::PostAs)?;
                }
                let submission = self.author(who).post(post).ok_or_else(unknown_word)?;
                self.submit(id, &room, submission)
            }
            "message.redact" => {
                let redact: Screened<Body<Redact>> = self.screened(command, who)?;
                let room = redact.get().0.room.clone();
                self.permit(&room, who, Action::Redact)?;
                let submission = self.author(who).redact(redact);
                self.submit(id, &room, submission)
            }
            "message.report" => {
                let report: Screened<Body<Report>> = self.screened(command, who)?;
                let room = report.get().0.room.clone();
                self.permit(&room, who, Action::Report)?;
                let wrong = || answer::refused(&Refusal::WrongLog);
                let submission = self.author(who).report(report).ok_or_else(wrong)?;
                self.submit(id, &room, submission)
            }
            "room.create" => {
                let create: Screened<Body<CreateRoom>> = self.screened(command, who)?;
                let room = create.get().0.room.clone();
                let submission = self.author(who).create(create).ok_or_else(unknown_word)?;
                self.create(id, room, submission);
                Ok(())
            }
            _ => Err(WireError::new(
                ErrorCode::UnknownOp,
                "this server does not know the op; it speaks wardroom.v1 as its SPEC.md tells",
            )),
        }
    }

    fn author<'a>(&'a self, known: &'a Known) -> Author<'a> {
        Author { known, keys: &self.services.keys }
    }

    /// Decodes a body that writes, takes it from the quota, and has the guard look at its words.
    fn screened<T>(
        &self,
        command: &Command<'_>,
        who: &Known,
    ) -> Result<Screened<Body<T>>, WireError>
    where
        T: DeserializeOwned,
        Body<T>: Worded,
    {
        let body: T = command.body()?;
        if self.draining() {
            let message = "this node is going away; connect again and send it with the same mid";
            return Err(WireError::new(ErrorCode::Draining, message));
        }
        self.within_rate(who)?;
        guard::screen(Body(body)).map_err(|finding| answer::found(&finding))
    }

    fn within_rate(&self, who: &Known) -> Result<(), WireError> {
        self.services.quota.take(&who.principal).map_err(|wait| {
            let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            let message = "more messages than one person may send; slow down";
            WireError::new(ErrorCode::RateLimited, message).after_ms(ms)
        })
    }

    pub(super) fn permit(
        &self,
        log: &LogName,
        who: &Known,
        action: Action,
    ) -> Result<(), WireError> {
        let (room, _) = reading::known_room(&self.services, &who.principal, log)?;
        if room.log() != *log {
            // Lanes are written through their room.
            return Err(answer::refused(&Refusal::WrongLog));
        }
        reading::permitted(&self.services, &who.principal, &room, action)
    }

    fn submit(
        &mut self,
        id: Option<u64>,
        log: &LogName,
        submission: Screened<Submission>,
    ) -> Result<(), WireError> {
        let room = log.room().ok_or_else(|| answer::refused(&Refusal::UnknownRoom))?;
        if let Some(handle) = self.services.hall.at_hand(&room) {
            self.hand_in(&handle, submission, id);
            return Ok(());
        }
        let services = Arc::clone(&self.services);
        self.begin(async move {
            match services.hall.room(&room).await {
                Ok(handle) => Done::Submit(handle, Box::new(submission), id),
                Err(fault) => reply_or_nothing::<()>(id, Err(&answer::not_open(fault))),
            }
        });
        Ok(())
    }

    /// Founding: the directory claims the name, then the room's first entry follows from it.
    fn create(&mut self, id: Option<u64>, room: RoomId, submission: Screened<Submission>) {
        let services = Arc::clone(&self.services);
        self.begin(async move {
            let outcome = match services.hall.directory().write(submission).await {
                Ok(claimed) => services.hall.founded(&room).await.map(|written| {
                    let duplicate = claimed.duplicate;
                    answer::written(&crate::room::Written { duplicate, ..written })
                }),
                Err(denied) => Err(denied),
            };
            let outcome = outcome.map_err(|denied| answer::denied(&denied));
            reply_or_nothing(id, outcome.as_ref())
        });
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
                    let id = id.unwrap_or_default();
                    Done::Joined(answer::reply(id, Ok(&joined)), join)
                }
                Err(error) => reply_or_nothing::<()>(id, Err(&error)),
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
            reply_or_nothing(id, answer.as_ref())
        });
    }
}

/// Counts a command: refused at once, or taken. Labels come from the registries, never from a peer.
fn count(op: &str, refused: Option<&WireError>) {
    let op = op::find(op::Kind::Command, op).map_or("unknown", |op| op.name);
    let outcome = refused.and_then(|error| ErrorCode::from_name(&error.code));
    let outcome = outcome.map_or("taken", ErrorCode::name);
    metrics::counter!(metric::COMMANDS, "op" => op, "outcome" => outcome).increment(1);
}

fn unknown_word() -> WireError {
    WireError::new(ErrorCode::BadRequest, "this server does not know this kind or class").at("/d")
}

/// A command without id gets no reply.
fn reply_or_nothing<T: serde::Serialize>(id: Option<u64>, outcome: Result<&T, &WireError>) -> Done {
    id.map_or(Done::Nothing, |id| Done::Reply(answer::reply(id, outcome)))
}
