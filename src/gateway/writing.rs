//! Commands that write an entry: one way for all of them, whatever they say.

use std::sync::Arc;

use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::envelope::Command;
use wardroom_protocol::ids::{LogKind, LogName, RoomId};
use wardroom_protocol::mailbox::MarkRead;
use wardroom_protocol::room::CreateRoom;

use super::connection::Connection;
use super::translate::{Author, Body, Writes};
use super::work::Done;
use super::{Services, answer, reading};
use crate::domain::Refusal;
use crate::domain::access::may_found;
use crate::entry::class_of;
use crate::guard::{self, Screened};
use crate::identity::Known;
use crate::room::{Denied, Fault, Permission, RoomHandle, Submission};

impl Connection {
    /// Decodes, checks, screens, seals, and hands it to its room. A room that is not open is opened first,
    /// so that the answers are the same.
    pub(super) fn write<T: Writes>(
        &mut self,
        command: &Command<'_>,
        who: &Arc<Known>,
    ) -> Result<(), WireError> {
        let body: T = self.take_in(command, who)?;
        let (room, action, id) = (body.room(), body.action(), command.id);
        if let Some(handle) = at_hand(&self.services, &room) {
            // What is pending the room knows, and answers once it is safe.
            if let Permission::Refused(refusal) = handle.may(&who.principal, action) {
                return Err(answer::refused(&refusal));
            }
            let submission = submission(&self.services, who, &command.op, body)?;
            self.hand_in(&handle, submission, id);
            return Ok(());
        }
        let (services, who) = (Arc::clone(&self.services), Arc::clone(who));
        let op = command.op.clone().into_owned();
        self.begin(async move {
            let opened = async {
                let handle = writable(&services, &room).await?;
                reading::permitted(&handle, &who.principal, action).await?;
                Ok((handle, submission(&services, &who, &op, body)?))
            };
            match opened.await {
                Ok((handle, submission)) => Done::Submit(handle, Box::new(submission), id),
                Err(error) => Done::reply::<()>(id, Err(&error)),
            }
        });
        Ok(())
    }

    /// Founding: the directory claims the name, then the room's first entry follows from it.
    pub(super) fn found(
        &mut self,
        command: &Command<'_>,
        who: &Arc<Known>,
    ) -> Result<(), WireError> {
        let body: CreateRoom = self.take_in(command, who)?;
        may_create(who, &body)?;
        let room = body.room.clone();
        let submission = submission(&self.services, who, &command.op, body)?;
        let (id, services) = (command.id, Arc::clone(&self.services));
        self.begin(async move {
            let outcome = match services.hall.directory().write(submission).await {
                Ok(claimed) => match services.hall.founded(&room).await {
                    Ok(written) => {
                        let duplicate = claimed.duplicate;
                        Ok(answer::written(&crate::room::Written { duplicate, ..written }))
                    }
                    // The name is claimed for good: nobody may take that for nothing done.
                    Err(Denied::Fault(_)) => Err(Denied::Fault(Fault::Unknown)),
                    Err(denied) => Err(denied),
                },
                Err(denied) => Err(denied),
            };
            let outcome = outcome.map_err(|denied| answer::denied(&denied));
            Done::reply(id, outcome.as_ref())
        });
        Ok(())
    }

    /// A read marker goes to its author's mailbox, if they may read what they marked.
    pub(super) fn mark_read(
        &mut self,
        command: &Command<'_>,
        who: &Arc<Known>,
    ) -> Result<(), WireError> {
        let body: MarkRead = self.take_in(command, who)?;
        let highest = body.ranges.iter().map(|(_, to)| *to).max().unwrap_or(0);
        let room = body.room.clone();
        if room.kind() != LogKind::Room {
            return Err(wrong_log(&room));
        }
        let (id, services, who) = (command.id, Arc::clone(&self.services), Arc::clone(who));
        let op = command.op.clone().into_owned();
        self.begin(async move {
            let marked = async {
                let handle = reading::readable(&services, &who.principal, &room).await?;
                // What is not safe was shown to nobody.
                let safe = handle.revealed(&room).await.map_err(answer::faulted)?;
                if highest > safe.n {
                    return Err(answer::refused(&Refusal::Ranges));
                }
                let submission = submission(&services, &who, &op, body)?;
                let mailbox = services.hall.mailbox(&who.principal.id).await;
                Ok((mailbox.map_err(answer::not_open)?, submission))
            };
            match marked.await {
                Ok((mailbox, submission)) => Done::Submit(mailbox, Box::new(submission), id),
                Err(error) => Done::reply::<()>(id, Err(&error)),
            }
        });
        Ok(())
    }

    /// The body of a command that writes, if one may be sent now.
    fn take_in<T: Writes>(&self, command: &Command<'_>, who: &Arc<Known>) -> Result<T, WireError> {
        let body: T = command.body()?;
        if self.draining() {
            let message = "this node is going away; connect again and send it with the same mid";
            return Err(WireError::new(ErrorCode::Draining, message));
        }
        self.within_rate(who)?;
        Ok(body)
    }
}

/// Checks what needs no room, screens and seals.
fn submission<T: Writes>(
    services: &Services,
    who: &Known,
    op: &str,
    body: T,
) -> Result<Screened<Submission>, WireError> {
    body.sizes()?;
    let (field, people) = body.people();
    if people.iter().any(|person| !services.hall.registry().knows(person)) {
        return Err(answer::refused(&Refusal::UnknownPerson).at(field));
    }
    let body = guard::screen(Body(body)).map_err(|finding| answer::found(&finding))?;
    let author = Author { known: who, keys: &services.keys };
    author.submit(op, body).ok_or_else(unknown_word)
}

/// The room of a log, if it is a room's own log and open.
pub(super) fn at_hand(services: &Services, log: &LogName) -> Option<RoomHandle> {
    (log.kind() == LogKind::Room).then(|| services.hall.at_hand(log)).flatten()
}

/// The room of a log that takes commands, opened.
pub(super) async fn writable(services: &Services, log: &LogName) -> Result<RoomHandle, WireError> {
    if log.kind() != LogKind::Room {
        return Err(wrong_log(log));
    }
    let room = known_room(services, log)?;
    services.hall.room(&room).await.map_err(answer::not_open)
}

/// A log that takes no commands: lanes are written through their room, and of other logs nothing is told.
fn wrong_log(log: &LogName) -> WireError {
    answer::refused(match log.kind() {
        LogKind::Lane(_) => &Refusal::WrongLog,
        _ => &Refusal::UnknownRoom,
    })
}

/// The room of a log, if there is one.
pub(super) fn known_room(services: &Services, log: &LogName) -> Result<RoomId, WireError> {
    let unknown = || answer::refused(&Refusal::UnknownRoom);
    let room = log.room().ok_or_else(unknown)?;
    services.hall.registry().find(&room).ok_or_else(unknown)?;
    Ok(room)
}

fn unknown_word() -> WireError {
    WireError::new(ErrorCode::BadRequest, "this server does not know a word of this body").at("/d")
}

/// Whether somebody may found such a room: asked before its words are sealed.
fn may_create(who: &Known, body: &CreateRoom) -> Result<(), WireError> {
    let class = class_of(body.class).ok_or_else(unknown_word)?;
    may_found(&who.principal, class).map_err(|refusal| answer::refused(&refusal))
}
