//! The mailbox: a person's own log. What concerns them elsewhere, and what they have read.

use std::collections::BTreeMap;

use wardroom_protocol::ids::{LogName, Mid, PrincipalId, TopicId};

use super::access::Principal;
use super::{Act, Event as AnyEvent, Line, Meta, Ordinals, Refusal};

/// Milliseconds between two marks of one room.
pub const MARK_MS: u64 = 10_000;
/// Ranges in one mark.
pub const RANGES: usize = 64;
/// Ranges kept per room. Beyond, the oldest two become one: what lies between counts as read.
pub const RANGES_KEPT: usize = 512;

/// Why a mailbox hears of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// One was named.
    Mention,
    /// Somebody replied.
    Reply,
    /// One was taken into a room.
    Invited,
    /// One's knock was answered.
    Admitted,
    /// One was taken out of a room.
    Removed,
    /// One is something else in a room.
    Role,
    /// One's message will not be shown.
    Declined,
}

/// What a mailbox is told of an entry elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The log with the entry.
    pub room: LogName,
    /// Its seq.
    pub seq: u64,
    /// Its mid.
    pub of: Mid,
    /// Its topic.
    pub topic: Option<TopicId>,
    /// Why.
    pub why: Why,
}

/// What somebody asks of their mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// These ordinals of a room were read.
    MarkRead {
        /// The room.
        room: LogName,
        /// First and last of each range.
        ranges: Vec<(u64, u64)>,
    },
    /// Derived from an entry elsewhere, never sent by a client.
    File(Filed),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// These ordinals of a room were read.
    ReadMarked {
        /// The room.
        room: LogName,
        /// First and last of each range.
        ranges: Vec<(u64, u64)>,
    },
    /// Something elsewhere concerns its owner.
    Filed(Filed),
}

/// What was read of one room: ranges of ordinals, ascending, apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// First and last of each range.
    pub ranges: Vec<(u64, u64)>,
    /// Server time of the last mark, unix milliseconds.
    pub at: u64,
}

/// The state of a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// The line of epochs.
    pub line: Line,
    /// The ordinals.
    pub ordinals: Ordinals,
    /// Server time of the newest entry, unix milliseconds.
    pub at: u64,
    /// What was read, by room.
    pub read: BTreeMap<LogName, Read>,
}

impl Mailbox {
    pub(super) fn decide(
        &self,
        command: &Command,
        owner: &PrincipalId,
        principal: &Principal,
        now: u64,
    ) -> Result<Vec<Act>, Refusal> {
        let event = match command {
            Command::MarkRead { room, ranges } => {
                if principal.id != *owner {
                    return Err(Refusal::UnknownRoom);
                }
                if ranges.len() > RANGES {
                    let field = "/d/ranges";
                    return Err(Refusal::TooMany { what: "ranges", most: RANGES, field });
                }
                let ascend = ranges.windows(2).all(|two| two[0].1 < two[1].0);
                if ranges.is_empty() || !ascend || ranges.iter().any(|(a, b)| *a == 0 || a > b) {
                    return Err(Refusal::Ranges);
                }
                // Under a clock that has fallen back nobody knows how long ago the last one was.
                if let Some(since) = self.read.get(room).and_then(|read| now.checked_sub(read.at))
                    && since < MARK_MS
                {
                    return Err(Refusal::TooSoon { wait_ms: MARK_MS - since });
                }
                Event::ReadMarked { room: room.clone(), ranges: ranges.clone() }
            }
            Command::File(filed) => Event::Filed(filed.clone()),
        };
        Ok(vec![Act::own(AnyEvent::Mailbox(event))])
    }

    pub(super) fn apply(&mut self, event: &AnyEvent, meta: &Meta) {
        self.line.advance(meta.position);
        self.at = meta.at;
        self.ordinals.advance(meta.position.seq, meta.n);
        if let AnyEvent::Mailbox(Event::ReadMarked { room, ranges }) = event {
            let read = self.read.entry(room.clone()).or_default();
            read.at = meta.at;
            for range in ranges {
                read.add(*range);
            }
        }
    }
}

impl Read {
    fn add(&mut self, (from, to): (u64, u64)) {
        if from > to {
            return;
        }
        // Those that overlap or touch become one.
        let begin = self.ranges.partition_point(|(_, end)| end.saturating_add(1) < from);
        let end = self.ranges.partition_point(|(start, _)| *start <= to.saturating_add(1));
        let (mut from, mut to) = (from, to);
        if begin < end {
            from = from.min(self.ranges[begin].0);
            to = to.max(self.ranges[end - 1].1);
        }
        self.ranges.splice(begin..end, [(from, to)]);
        if self.ranges.len() > RANGES_KEPT {
            let first = self.ranges.remove(0);
            self.ranges[0].0 = first.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        let mut read = Read::default();
        for range in [(5, 6), (1, 2), (9, 9), (3, 3), (7, 8), (20, 30), (25, 40), (1, 1)] {
            read.add(range);
        }
        assert_eq!(read.ranges, [(1, 3), (5, 9), (20, 40)]);
        read.add((4, 19));
        assert_eq!(read.ranges, [(1, 40)]);
        for n in 0..2 * RANGES_KEPT as u64 {
            read.add((100 + 2 * n, 100 + 2 * n));
        }
        assert_eq!(read.ranges.len(), RANGES_KEPT);
        assert_eq!(read.ranges[0].0, 1, "nothing read is forgotten");
    }
}
