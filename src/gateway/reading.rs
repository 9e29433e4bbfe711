//! Commands that tell what there is: join, rooms, topics. None of them opens a room that its asker
//! may not know of.

use std::sync::Arc;

use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::ids::{LogKind, LogName, Position};
use wardroom_protocol::join::{From, Joined};
use wardroom_protocol::limits;
use wardroom_protocol::room::{
    EpochBase, ListRooms, ListTopics, Pin, RoomState, RoomSummary, Rooms, TopicSummary, Topics,
};

use super::answer;
use super::services::Services;
use super::work::{Join, Source};
use super::writing::known_room;
use crate::domain::access::{Action, Principal};
use crate::domain::{Class, Refusal};
use crate::entry::{class_out, join_out, posting_out, role_out};
use crate::room::{Fault, Hold, OpenFault, Permission, Reading, RoomHandle, Where};

/// Rooms looked at in one go while a page is filled.
const LOOKED_AT: usize = 256;

/// The room or mailbox of a log that this principal may read, opened.
pub(super) async fn readable(
    services: &Services,
    principal: &Principal,
    log: &LogName,
) -> Result<RoomHandle, WireError> {
    if log.kind() == LogKind::Mailbox {
        own(principal, log)?;
        return services.hall.mailbox(&principal.id).await.map_err(answer::not_open);
    }
    let room = known_room(services, log)?;
    let room = services.hall.room(&room).await.map_err(answer::not_open)?;
    may_read(&room, principal, log).await?;
    Ok(room)
}

/// Whether this principal may read a log of a room. To be asked once more behind whatever was waited for.
pub(super) async fn may_read(
    room: &RoomHandle,
    principal: &Principal,
    log: &LogName,
) -> Result<(), WireError> {
    if log.kind() == LogKind::Mailbox {
        return own(principal, log);
    }
    permitted(room, principal, reading_of(log)).await
}

/// Whether somebody may do something in a room, once that is known.
pub(super) async fn permitted(
    room: &RoomHandle,
    principal: &Principal,
    action: Action,
) -> Result<(), WireError> {
    let mut permission = room.may(principal, action);
    if permission == Permission::Pending {
        room.settled().await.map_err(answer::faulted)?;
        permission = room.may(principal, action);
    }
    match permission {
        Permission::Granted => Ok(()),
        Permission::Refused(refusal) => Err(answer::refused(&refusal)),
        // It has changed again meanwhile.
        Permission::Pending => Err(answer::faulted(Fault::Overloaded)),
    }
}

/// Whether this principal may still read a log that it follows.
pub(super) fn still_reads(room: &Hold, principal: &Principal, log: &LogName) -> bool {
    if log.kind() == LogKind::Mailbox {
        return own(principal, log).is_ok();
    }
    room.may(principal, reading_of(log)) == Permission::Granted
}

/// What reading a log takes. Who may read is a property of the log, wherever it is read.
fn reading_of(log: &LogName) -> Action {
    match log.kind() {
        LogKind::Lane(lane) => Action::ReadLane(lane),
        _ => Action::Read,
    }
}

/// A mailbox is its owner's, and to others it does not exist.
fn own(principal: &Principal, log: &LogName) -> Result<(), WireError> {
    let owns = log.owner().is_some_and(|owner| owner == principal.id);
    if owns { Ok(()) } else { Err(answer::refused(&Refusal::UnknownRoom)) }
}

pub(super) async fn join(
    services: &Services,
    principal: &Principal,
    log: &LogName,
    from: From,
) -> Result<(Joined, Join), WireError> {
    let room = readable(services, principal, log).await?;
    enter(room, principal, log, from).await
}

/// Joins a log of a room that is open, and that this principal may read.
pub(super) async fn enter(
    room: RoomHandle,
    principal: &Principal,
    log: &LogName,
    from: From,
) -> Result<(Joined, Join), WireError> {
    let from = match from {
        From::Position(position) => Where::After(position),
        From::Now => Where::Now,
        From::Start => Where::Start,
        From::Last(last) => Where::Last(last),
    };
    let reading = room.read(log, from).await.map_err(answer::faulted)?;
    let channel = room.channel(log).ok_or_else(|| answer::refused(&Refusal::UnknownRoom))?;
    let join = Join { channel: Arc::clone(channel), after: reading.after.seq, hold: room.hold() };
    let mut joined = joined(reading, principal);
    joined.online =
        (log.kind() == LogKind::Room).then(|| room.presence().online_with(&principal.id));
    Ok((joined, join))
}

fn joined(reading: Reading, principal: &Principal) -> Joined {
    let access = Arc::clone(&reading.view.access);
    let Reading { after, recovered, view } = reading;
    let position = view.line.head();
    let epochs = view.line.steps().iter();
    Joined {
        position,
        after,
        first: oldest(position, &view.line),
        n: view.n,
        recovered,
        online: None,
        state: RoomState {
            class: class_out(access.class.unwrap_or(Class::Direct)),
            title: view.title.as_deref().map(ToOwned::to_owned),
            specialty: view.specialty,
            topics: view.topics,
            members: view.members,
            join: join_out(access.join),
            posting: posting_out(access.posting),
            archived: access.archived,
            pins: view.pins.into_iter().map(|(of, seq)| Pin { of, seq }).collect(),
            role: access.role(&principal.id).map(role_out),
            epochs: epochs.map(|&(epoch, base)| EpochBase { epoch, base }).collect(),
        },
    }
}

/// The oldest entry that can be read: the first there ever was, since logs are kept whole.
pub(super) fn oldest(head: Position, line: &crate::domain::Line) -> Position {
    if head == Position::ZERO { head } else { line.position(1) }
}

pub(super) fn page_size(limit: Option<u32>, most: u32) -> Result<usize, WireError> {
    let limit = limit.unwrap_or(most);
    if limit == 0 || limit > most {
        let message = format!("a page holds 1 to {most} rows");
        return Err(WireError::new(ErrorCode::BadRequest, message).at("/d/limit"));
    }
    Ok(limit as usize)
}

pub(super) async fn rooms(
    services: &Services,
    principal: &Principal,
    body: ListRooms,
) -> Result<Rooms, WireError> {
    let limit = page_size(body.limit, limits::LIST_PAGE)?;
    let registry = services.hall.registry();
    let mut rooms = Vec::new();
    let mut after = body.after;
    // Who may know of a room is written in its log, so listing opens what it lists.
    'page: loop {
        let listed = registry.after(after.as_ref(), LOOKED_AT);
        let whole = listed.len() == LOOKED_AT;
        for (room, listed) in listed {
            let handle = match services.hall.look(&room).await {
                Ok(handle) => handle,
                // One that cannot be read must not hide the others; the node's own log tells of it.
                Err(OpenFault::Log) => {
                    after = Some(room);
                    continue;
                }
                Err(fault) => return Err(answer::not_open(fault)),
            };
            if handle.may(principal, Action::List) != Permission::Granted {
                after = Some(room);
                continue;
            }
            if rooms.len() == limit {
                break 'page;
            }
            let safe = handle.revealed(&room.log()).await.map_err(answer::faulted)?;
            rooms.push(RoomSummary {
                room: room.clone(),
                class: class_out(listed.founding.class),
                title: listed.title.as_deref().map(ToOwned::to_owned),
                specialty: listed.founding.specialty.clone(),
                position: safe.line.head(),
                n: safe.n,
                online: handle.presence().online(),
            });
            after = Some(room);
        }
        if !whole {
            return Ok(Rooms { rooms, next: None });
        }
    }
    let next = rooms.last().map(|room: &RoomSummary| room.room.clone());
    Ok(Rooms { rooms, next })
}

pub(super) async fn topics(
    services: &Services,
    principal: &Principal,
    body: ListTopics,
) -> Result<(Topics, Source), WireError> {
    let limit = page_size(body.limit, limits::LIST_PAGE)?;
    let room = readable(services, principal, &body.room).await?;
    let page = room.topics(body.after, limit).await.map_err(answer::faulted)?;
    may_read(&room, principal, &body.room).await?;
    let Some((position, page, more)) = page else {
        let message = "there is no such topic in this room; begin without after";
        return Err(WireError::new(ErrorCode::BadRequest, message).at("/d/after"));
    };
    let next = if more { page.last().map(|topic| topic.topic) } else { None };
    let topics = page.into_iter().map(|view| TopicSummary {
        topic: view.topic,
        name: view.name.as_deref().map(ToOwned::to_owned),
        messages: view.facts.messages,
        first: view.facts.first,
        last: view.facts.last,
        resolved: view.facts.resolved,
        merged_into: view.facts.merged_into,
    });
    // Also when a lane was named: topics are the room's. Their names are words of its entries.
    let own = room.channels().next().ok_or_else(|| answer::refused(&Refusal::UnknownRoom))?;
    let source = Source { channel: Arc::clone(own), revealed: position.seq, hold: room.hold() };
    Ok((Topics { position, topics: topics.collect(), next }, source))
}
