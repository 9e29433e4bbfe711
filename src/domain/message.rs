//! Messages and the topics they stand under.

use wardroom_protocol::ids::{Mid, TopicId};

use super::{Event, Refusal, Rows, Status};

/// What a message is meant as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Talk.
    Message,
    /// Asks.
    Question,
    /// Answers.
    Answer,
    /// Tells everybody.
    Announcement,
}

/// A topic of a room. Its name is words and lives elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The seq of its first message.
    pub first: u64,
    /// The seq of its newest message.
    pub last: u64,
    /// How many messages it holds.
    pub messages: u64,
}

/// Posting: the parent must stand in this room, and `after` must be logged.
pub(super) fn post(
    topic: TopicId,
    kind: Kind,
    reply_to: Option<Mid>,
    after: Option<Mid>,
    origin: Option<[u8; 16]>,
    rows: &Rows,
) -> Result<Event, Refusal> {
    if after.is_some_and(|mid| rows.get(&mid).is_none()) {
        return Err(Refusal::OutOfOrder);
    }
    if let Some(parent) = reply_to
        && !rows.get(&parent).is_some_and(super::Row::is_message)
    {
        return Err(Refusal::UnknownMessage { field: "/d/reply_to" });
    }
    Ok(Event::MessagePosted { topic, kind, reply_to, origin })
}

/// Redacting: the message must stand here with its words.
pub(super) fn redact(of: Mid, rows: &Rows) -> Result<Event, Refusal> {
    let (row, topic) = target(of, rows)?;
    if matches!(row.status, Status::Erased(_)) {
        return Err(Refusal::AlreadyErased { position: row.position });
    }
    Ok(Event::MessageRedacted { of, seq: row.position.seq, topic })
}

/// Reporting: the message must stand in the room; an erased one may still be reported.
pub(super) fn report(of: Mid, rows: &Rows) -> Result<Event, Refusal> {
    let (row, topic) = target(of, rows)?;
    Ok(Event::MessageReported { of, seq: row.position.seq, topic })
}

fn target(of: Mid, rows: &Rows) -> Result<(&super::Row, TopicId), Refusal> {
    let unknown = Refusal::UnknownMessage { field: "/d/of" };
    let row = rows.get(&of).filter(|row| row.is_message()).ok_or(unknown.clone())?;
    Ok((row, row.topic.ok_or(unknown)?))
}
