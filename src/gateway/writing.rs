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
use crate::domain::access::{Action, may_found};
use crate::entry::class_of;
use crate::guard::{self, Screened};
use crate::identity::Known;
use crate::room::{RoomHandle, Submission};

impl Connection {
    /// Decodes, checks, screens, seals, and hands it to its room.
    pub(super) fn write<T: Writes>(
        &mut self,
        command: &Command<'_>,
        who: &Arc<Known>,
    ) -> Result<(), WireError> {
        let (room, open, submission) = self.prepare::<T>(command, who)?;
        self.submit(command.id, &room, open, submission)
    }

    /// Founding: the directory claims the name, then the room's first entry follows from it.
    pub(super) fn found(
        &mut self,
        command: &Command<'_>,
        who: &Arc<Known>,
    ) -> Result<(), WireError> {
        let body: CreateRoom = command.body()?;
        may_create(who, &body)?;
        let room = body.room;
        let (_, _, submission) = self.prepare::<CreateRoom>(command, who)?;
        let (id, services) = (command.id, Arc::clone(&self.services));
        self.begin(async move {
            let outcome = match services.hall.directory().write(submission).await {
                Ok(claimed) => services.hall.founded(&room).await.map(|written| {
                    let duplicate = claimed.duplicate;
                    answer::written(&crate::room::Written { duplicate, ..written })
                }),
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
        let body: MarkRead = command.body()?;
        let highest = body.ranges.iter().map(|(_, to)| *to).max().unwrap_or(0);
        let (room, _, submission) = self.prepare::<MarkRead>(command, who)?;
        let (id, services, who) = (command.id, Arc::clone(&self.services), Arc::clone(who));
        self.begin(async move {
            let marked = async {
                let handle = reading::readable(&services, &who.principal, &room).await?;
                // What is not safe was shown to nobody.
                let safe = handle.revealed(&room).await.map_err(answer::faulted)?;
                if highest > safe.n {
                    return Err(answer::refused(&Refusal::Ranges));
                }
                services.hall.mailbox(&who.principal.id).await.map_err(answer::not_open)
            };
            match marked.await {
                Ok(mailbox) => Done::Submit(mailbox, Box::new(submission), id),
                Err(error) => Done::reply::<()>(id, Err(&error)),
            }
        });
        Ok(())
    }

    fn prepare<T: Writes>(
        &self,
        command: &Command<'_>,
        who: &Arc<Known>,
    ) -> Result<(LogName, Option<RoomHandle>, Screened<Submission>), WireError> {
        let body: T = command.body()?;
        if self.draining() {
            let message = "this node is going away; connect again and send it with the same mid";
            return Err(WireError::new(ErrorCode::Draining, message));
        }
        self.within_rate(who)?;
        let room = body.room();
        let open = permit(&self.services, &room, who, body.action())?;
        body.sizes()?;
        let (field, people) = body.people();
        if people.iter().any(|person| !self.services.hall.registry().knows(person)) {
            return Err(answer::refused(&Refusal::UnknownPerson).at(field));
        }
        let body = guard::screen(Body(body)).map_err(|finding| answer::found(&finding))?;
        let author = Author { known: who, keys: &self.services.keys };
        let submission = author.submit(&command.op, body).ok_or_else(unknown_word)?;
        Ok((room, open, submission))
    }

    fn submit(
        &mut self,
        id: Option<u64>,
        log: &LogName,
        open: Option<RoomHandle>,
        submission: Screened<Submission>,
    ) -> Result<(), WireError> {
        if let Some(handle) = open {
            self.hand_in(&handle, submission, id);
            return Ok(());
        }
        let room = log.room().ok_or_else(|| answer::refused(&Refusal::UnknownRoom))?;
        let services = Arc::clone(&self.services);
        self.begin(async move {
            match services.hall.room(&room).await {
                Ok(handle) => Done::Submit(handle, Box::new(submission), id),
                Err(fault) => Done::reply::<()>(id, Err(&answer::not_open(fault))),
            }
        });
        Ok(())
    }
}

/// Refuses early what the room would refuse anyway, as far as is known without opening it. Gives the room
/// if it is open.
pub(super) fn permit(
    services: &Services,
    log: &LogName,
    who: &Known,
    action: Action,
) -> Result<Option<RoomHandle>, WireError> {
    let kind = log.kind();
    if kind == LogKind::System && *log == LogName::directory() {
        // Founding; the directory decides by class.
        return Ok(None);
    }
    if kind == LogKind::Room
        && let Some(handle) = services.hall.at_hand(log)
    {
        handle.may(&who.principal, action).map_err(|refusal| answer::refused(&refusal))?;
        return Ok(Some(handle));
    }
    known_room(services, log)?;
    if kind != LogKind::Room {
        // Lanes are written through their room.
        return Err(answer::refused(&Refusal::WrongLog));
    }
    Ok(None)
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
