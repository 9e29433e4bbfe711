//! Commands that read: join, rooms, topics, history.

use std::sync::Arc;

use serde_json::value::RawValue;
use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::history::{History, ReadHistory, SeqRange};
use wardroom_protocol::ids::{LogKind, LogName, Position, RoomId};
use wardroom_protocol::join::{From, Joined};
use wardroom_protocol::limits;
use wardroom_protocol::room::{
    EpochBase, ListRooms, ListTopics, RoomState, RoomSummary, Rooms, TopicSummary, Topics,
};

use super::answer;
use super::services::Services;
use super::work::Join;
use crate::delivery::{BatchError, Channel, frame, read_after};
use crate::domain::access::{Action, Principal};
use crate::domain::{Class, Located, Refusal};
use crate::entry::{class_out, render_record};
use crate::log::Budget;
use crate::room::{Fault, Reading, RoomHandle, Where};

/// The room of a log that this principal may read, opened.
pub(super) async fn readable(
    services: &Services,
    principal: &Principal,
    log: &LogName,
) -> Result<RoomHandle, WireError> {
    let (room, _) = known_room(services, principal, log)?;
    let action = match log.kind() {
        LogKind::Lane(lane) => Action::ReadLane(lane),
        _ => Action::Read,
    };
    permitted(services, principal, &room, action)?;
    services.hall.room(&room).await.map_err(answer::not_open)
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
    Ok((joined(reading, room.class()), join))
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
fn oldest(head: Position, line: &crate::domain::Line) -> Position {
    if head == Position::ZERO { head } else { line.position(1) }
}

fn page_size(limit: Option<u32>, most: u32) -> Result<usize, WireError> {
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
        let (position, n) = match services.hall.at_hand(&room) {
            Some(open) => {
                let reading =
                    open.read(&room.log(), Where::Now).await.map_err(answer::faulted)?;
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

/// What a history page is made of before its entries are read.
struct Page {
    /// Entries with after < seq <= upto.
    after: u64,
    upto: u64,
    limit: usize,
    /// From the end of the range rather than from its beginning.
    newest: bool,
}

pub(super) async fn history(
    services: &Services,
    principal: &Principal,
    body: ReadHistory,
) -> Result<History, WireError> {
    let limit = page_size(body.limit, services.limits.history_page)?;
    let room = readable(services, principal, &body.room).await?;
    let reading = room.read(&body.room, Where::Now).await.map_err(answer::faulted)?;
    let line = reading.view.line;
    let position = line.head();
    for (asked, field) in [(body.after, "/d/after"), (body.before, "/d/before")] {
        if let Some(asked) = asked
            && let Located::Off(common) = line.locate(asked)
        {
            let message = "this position is not on the log's line; go on from the common one";
            let mut error = WireError::new(ErrorCode::PositionUnknown, message).at(field);
            error.common = Some(common);
            return Err(error);
        }
    }
    let page = match (body.after, body.before) {
        (Some(_), Some(_)) => {
            let message = "give after or before, not both";
            return Err(WireError::new(ErrorCode::BadRequest, message).at("/d/before"));
        }
        (Some(after), None) => {
            Page { after: after.seq, upto: position.seq, limit, newest: false }
        }
        (None, before) => {
            let upto = before.map_or(position.seq, |before| before.seq.saturating_sub(1));
            Page { after: 0, upto, limit, newest: true }
        }
    };
    let channel = room.channel(&body.room).ok_or_else(|| answer::refused(&Refusal::UnknownRoom))?;
    let read = match body.topic {
        Some(topic) => by_topic(services, channel, topic, &page).await,
        None if page.newest => before(services, channel, &page).await,
        None => after(services, channel, &page).await,
    };
    let read = read.map_err(|error| {
        tracing::error!(log = %body.room, error = %error, "a history page could not be read");
        answer::faulted(match error {
            BatchError::Ask(_) => Fault::Overloaded,
            BatchError::Read(_) | BatchError::Open(_) => Fault::LogUnavailable,
        })
    })?;
    let more = read.range.is_some_and(|range| {
        if page.newest { range.from > 1 } else { range.to < page.upto }
    });
    let entries = read.entries.iter().map(|text| {
        let text = String::from_utf8_lossy(text).into_owned();
        RawValue::from_string(text).expect("a rendered entry is JSON")
    });
    Ok(History {
        entries: entries.collect(),
        range: read.range,
        holes: read.holes,
        position,
        first: oldest(position, &line),
        more,
    })
}

struct Pages {
    entries: Vec<bytes::Bytes>,
    range: Option<SeqRange>,
    holes: Vec<SeqRange>,
}

/// Entries above a position: the same loop that serves live readers.
async fn after(
    services: &Services,
    channel: &Arc<Channel>,
    page: &Page,
) -> Result<Pages, BatchError> {
    let batch = read_after(channel, &services.log, &services.keys, page.after).await?;
    let mut pages = Pages { entries: Vec::new(), range: None, holes: Vec::new() };
    let (mut size, mut last) = (0, page.after);
    for (upto, sent) in batch.frames {
        let text = frame::payload(&sent);
        if upto > page.upto || pages.entries.len() == page.limit {
            break;
        }
        size += text.len();
        if size > limits::HISTORY_BYTES && !pages.entries.is_empty() {
            break;
        }
        if is_entry(&text) {
            pages.entries.push(text);
        } else {
            pages.holes.push(SeqRange { from: last + 1, to: upto });
        }
        last = upto;
    }
    pages.range = (last > page.after).then_some(SeqRange { from: page.after + 1, to: last });
    Ok(pages)
}

/// Entries begin with their room; the only other frame of a batch is the notice of a gap.
fn is_entry(text: &[u8]) -> bool {
    text.starts_with(br#"{"room":"#)
}

/// The last entries of a range: the newest from the tail, older ones from the store.
async fn before(
    services: &Services,
    channel: &Arc<Channel>,
    page: &Page,
) -> Result<Pages, BatchError> {
    let stored = channel.tail().progress().stored();
    if page.upto > stored {
        return Ok(newest_of_tail(channel, page, stored));
    }
    let (log, keys) = (channel.log().clone(), Arc::clone(&services.keys));
    let budget = Budget { entries: page.limit, bytes: limits::HISTORY_BYTES };
    let upto = page.upto;
    services
        .log
        .ask(move |reader| -> Result<Pages, BatchError> {
            let slice = reader.backward(&log, upto + 1, budget)?;
            let mut entries = Vec::with_capacity(slice.records.len());
            for record in &slice.records {
                entries.push(render_record(record, &keys)?.into());
            }
            let holes: Vec<_> =
                slice.holes.iter().map(|&(from, to)| SeqRange { from, to }).collect();
            let first = slice.records.first().map(|record| record.header.position.seq);
            let first = first.into_iter().chain(holes.iter().map(|hole| hole.from)).min();
            let range = first.map(|from| SeqRange { from, to: upto });
            Ok(Pages { entries, range, holes })
        })
        .await?
}

/// The end of a range that the store does not have whole yet: it is in the tail.
fn newest_of_tail(channel: &Arc<Channel>, page: &Page, stored: u64) -> Pages {
    let from = page.upto.saturating_sub(page.limit as u64).max(page.after);
    let from = if channel.tail().reaches(from) { from } else { stored };
    let mut entries = Vec::new();
    // Shared frames, so taking all and keeping the newest that fit copies nothing.
    let _reached = channel.tail().read(from, page.limit, usize::MAX, |sent| {
        entries.push(frame::payload(&sent));
    });
    entries.truncate(usize::try_from(page.upto - from).unwrap_or(usize::MAX));
    let last = from + entries.len() as u64;
    let mut size = 0;
    let fit = entries.iter().rev().enumerate().take_while(|(index, text)| {
        size += text.len();
        *index == 0 || size <= limits::HISTORY_BYTES
    });
    let fit = fit.count();
    entries.drain(..entries.len() - fit);
    let range = (fit > 0).then_some(SeqRange { from: last + 1 - fit as u64, to: last });
    Pages { entries, range, holes: Vec::new() }
}

/// A topic's entries, from the index: complete for the part of the log that the store has.
async fn by_topic(
    services: &Services,
    channel: &Arc<Channel>,
    topic: wardroom_protocol::ids::TopicId,
    page: &Page,
) -> Result<Pages, BatchError> {
    let (log, keys) = (channel.log().clone(), Arc::clone(&services.keys));
    let upto = page.upto.min(channel.tail().progress().stored());
    let (after, limit, newest) = (page.after, page.limit, page.newest);
    services
        .log
        .ask(move |reader| -> Result<Pages, BatchError> {
            let mut seqs = reader.topic(&log, &topic, after, upto, limit, newest)?;
            let full = seqs.len() == limit;
            if newest {
                // Asked newest first, so that a page too large loses its oldest.
                seqs.sort_unstable_by(|a, b| b.cmp(a));
            } else {
                seqs.sort_unstable();
            }
            let (mut entries, mut size, mut cut) = (Vec::new(), 0, false);
            let mut last = None;
            for seq in seqs {
                let Some(record) = reader.get(&log, &[seq])?.records.pop() else { continue };
                let text = render_record(&record, &keys)?;
                size += text.len();
                if size > limits::HISTORY_BYTES && !entries.is_empty() {
                    cut = true;
                    break;
                }
                entries.push(bytes::Bytes::from(text));
                last = Some(seq);
            }
            let partial = (full || cut).then_some(last).flatten();
            let range = if newest {
                entries.reverse();
                SeqRange { from: partial.unwrap_or(after + 1), to: upto }
            } else {
                SeqRange { from: after + 1, to: partial.unwrap_or(upto) }
            };
            let range = (range.from <= range.to).then_some(range);
            Ok(Pages { entries, range, holes: Vec::new() })
        })
        .await?
}
