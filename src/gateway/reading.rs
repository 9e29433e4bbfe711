//! Commands that tell what there is: join, rooms, topics. None of them opens a room that its asker
//! may not know of.

use std::sync::Arc;

use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::ids::{LogKind, LogName, Position, RoomId};
use wardroom_protocol::join::{From, Joined};
use wardroom_protocol::limits;
use wardroom_protocol::room::{
    EpochBase, ListRooms, ListTopics, RoomState, RoomSummary, Rooms, TopicSummary, Topics,
};

use super::answer;
use super::services::Services;
use super::work::Join;
use crate::domain::access::{Action, Principal};
use crate::domain::{Class, Refusal};
use crate::entry::class_out;
use crate::room::{Fault, Reading, RoomHandle, Where};

/// The room of a log that this principal may read, opened.
pub(super) async fn readable(
    services: &Services,
    principal: &Principal,
    log: &LogName,
) -> Result<RoomHandle, WireError> {
    let room = may_read(services, principal, log)?;
    services.hall.room(&room).await.map_err(answer::not_open)
}

/// The room of a log, if this principal may read the log.
pub(super) fn may_read(
    services: &Services,
    principal: &Principal,
    log: &LogName,
) -> Result<RoomId, WireError> {
    let (room, _) = known_room(services, principal, log)?;
    let action = match log.kind() {
        LogKind::Lane(lane) => Action::ReadLane(lane),
        _ => Action::Read,
    };
    permitted(services, principal, &room, action)?;
    Ok(room)
}

/// The room of a log, if this principal may know of it.
pub(super) fn known_room(
    services: &Services,
    principal: &Principal,
    log: &LogName,
) -> Result<(RoomId, Class), WireError> {
    let unknown = || answer::refused(&Refusal::UnknownRoom);
    let room = log.room().ok_or_else(unknown)?;
    let listed = services.hall.registry().find(&room).ok_or_else(unknown)?;
    principal.may(Action::List, listed.class).map_err(|_| unknown())?;
    Ok((room, listed.class))
}

/// Whether this principal may do this in a room it knows of.
pub(super) fn permitted(
    services: &Services,
    principal: &Principal,
    room: &RoomId,
    action: Action,
) -> Result<(), WireError> {
    let listed = services.hall.registry().find(room);
    let class = listed.ok_or_else(|| answer::refused(&Refusal::UnknownRoom))?.class;
    principal.may(action, class).map_err(|refusal| answer::refused(&refusal))
}

pub(super) async fn join(
    services: &Services,
    principal: &Principal,
    log: &LogName,
    from: From,
) -> Result<(Joined, Join), WireError> {
    let room = readable(services, principal, log).await?;
    let from = match from {
        From::Position(position) => Where::After(position),
        From::Now => Where::Now,
        From::Start => Where::Start,
        From::Last(last) => Where::Last(last),
    };
    let reading = room.read(log, from).await.map_err(answer::faulted)?;
    let channel = room.channel(log).ok_or_else(|| answer::refused(&Refusal::UnknownRoom))?;
    let join = Join { channel: Arc::clone(channel), after: reading.after.seq };
    let mut joined = joined(reading, room.class());
    joined.online =
        (log.kind() == LogKind::Room).then(|| room.presence().online_with(&principal.id));
    Ok((joined, join))
}

fn joined(reading: Reading, class: Option<Class>) -> Joined {
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
            class: class_out(view.class.or(class).unwrap_or(Class::Discussion)),
            title: view.title.as_deref().map(ToOwned::to_owned),
            specialty: view.specialty,
            topics: view.topics,
            members: view.members,
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
    let visible = |listed: &crate::room::Listed| principal.may(Action::List, listed.class).is_ok();
    let (page, more) = services.hall.registry().page(body.after.as_ref(), limit, visible);
    let next = if more { page.last().map(|(room, _)| room.clone()) } else { None };
    let mut rooms = Vec::with_capacity(page.len());
    for (room, listed) in page {
        // Listing opens no room: a closed one's head is asked of the log.
        let open = services.hall.at_hand(&room);
        let online = open.as_ref().map_or(0, |open| open.presence().online());
        let (position, n) = match open {
            Some(open) => {
                let reading = open.read(&room.log(), Where::Now).await.map_err(answer::faulted)?;
                (reading.view.line.head(), reading.view.n)
            }
            None => head(services, room.log()).await?,
        };
        rooms.push(RoomSummary {
            room,
            class: class_out(listed.class),
            title: listed.title.as_deref().map(ToOwned::to_owned),
            specialty: listed.specialty.clone(),
            position,
            n,
            online,
        });
    }
    Ok(Rooms { rooms, next })
}

async fn head(services: &Services, log: LogName) -> Result<(Position, u64), WireError> {
    let head = services.log.ask(move |reader| reader.head(&log)).await;
    match head {
        Ok(Ok(head)) => Ok(head.map_or((Position::ZERO, 0), |head| (head.position, head.n))),
        Ok(Err(_)) => Err(answer::faulted(Fault::LogUnavailable)),
        Err(_) => Err(answer::faulted(Fault::Overloaded)),
    }
}

pub(super) async fn topics(
    services: &Services,
    principal: &Principal,
    body: ListTopics,
) -> Result<Topics, WireError> {
    let limit = page_size(body.limit, limits::LIST_PAGE)?;
    let room = readable(services, principal, &body.room).await?;
    let page = room.topics(body.after, limit).await.map_err(answer::faulted)?;
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
    });
    Ok(Topics { position, topics: topics.collect(), next })
}
