//! The index row of an entry: what later commands need to know of it, found by mid.
//!
//! Rows are derived: [`reindex`] is the one rule that makes and changes them, used by the live room
//! and by whoever rebuilds the index from headers.

use std::collections::BTreeMap;

use wardroom_protocol::ids::{Mid, Position, PrincipalId, TopicId};

use super::{Event, Kind, Meta, Refusal, member, message, moderation, question};

/// What became of an entry's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// They are of no interest: an act that can be repeated by mid, and has no words to erase.
    Act,
    /// As they were written.
    Standing,
    /// Erased by the entry with this seq.
    Erased(u64),
}

/// What an entry is to later commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing that another one can name.
    Act,
    /// An edit of a message: erased with it.
    Edit,
    /// Somebody asks to be let in.
    Knock,
    /// A message.
    Message(Box<MessageFacts>),
}

/// A message, as later commands see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageFacts {
    /// What it is meant as.
    pub kind: Kind,
    /// How it stands.
    pub stand: Stand,
    /// Questions: where they stand.
    pub question: question::State,
    /// Announcements: what is asked of readers.
    pub announce: Option<message::Announce>,
    /// Its edits, by mid and seq, oldest first.
    pub edits: Vec<(Mid, u64)>,
}

/// How a message stands, apart from whether its words were erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Shown.
    Shown,
    /// Its author took it back.
    Retracted,
    /// A moderator took it out of sight.
    Hidden,
    /// In the lane `moderators`: waits for a moderator.
    Held,
    /// In the lane: stands in the room since.
    Released,
    /// In the lane: will not be shown.
    Declined,
}

/// One row of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where the entry stands.
    pub position: Position,
    /// Server time of its ordering, unix milliseconds.
    pub at: u64,
    /// Who wrote it.
    pub by: PrincipalId,
    /// Keyed hash of what was submitted: the same mid with another hash is a different act.
    pub submit: [u8; 32],
    /// The topic it was filed under.
    pub topic: Option<TopicId>,
    /// What became of its words.
    pub status: Status,
    /// What it is.
    pub what: What,
}

/// What a repeated mid means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The same act by the same principal: the first answer holds.
    Duplicate {
        /// Where the first one stands.
        position: Position,
        /// When it was ordered.
        at: u64,
    },
    /// Refused.
    Refused(Refusal),
}

impl Row {
    /// Judges a submission whose mid this row already holds.
    #[must_use]
    pub fn judge(&self, by: &PrincipalId, submit: &[u8; 32]) -> Judgement {
        if self.by != *by {
            return Judgement::Refused(Refusal::MidTaken);
        }
        if self.submit != *submit {
            return Judgement::Refused(Refusal::MidReused);
        }
        match self.message().map(|message| message.stand) {
            // Without its words nobody can show it any more.
            Some(Stand::Held) if self.is_erased() => Judgement::Refused(Refusal::Declined),
            Some(Stand::Held) => Judgement::Refused(Refusal::Held { position: self.position }),
            Some(Stand::Declined) => Judgement::Refused(Refusal::Declined),
            _ => Judgement::Duplicate { position: self.position, at: self.at },
        }
    }

    /// What it is as a message, erased or not.
    #[must_use]
    pub fn message(&self) -> Option<&MessageFacts> {
        match &self.what {
            What::Message(facts) => Some(facts),
            What::Act | What::Edit | What::Knock => None,
        }
    }

    /// Whether it is a message that can be read.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !self.is_erased() && self.message().is_some_and(|facts| facts.stand == Stand::Shown)
    }

    /// Whether its words were erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        matches!(self.status, Status::Erased(_))
    }
}

/// The rows a command or entry names, looked up by its caller. `None`: looked up and not there.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    here: BTreeMap<Mid, Option<Row>>,
    lane: BTreeMap<Mid, Option<Row>>,
}

impl Rows {
    /// Adds what a look-up in the log itself found.
    pub fn insert(&mut self, mid: Mid, row: Option<Row>) {
        self.here.insert(mid, row);
    }

    /// Adds what a look-up in the room's lane `moderators` found.
    pub fn insert_lane(&mut self, mid: Mid, row: Option<Row>) {
        self.lane.insert(mid, row);
    }

    /// The row of a mid, if there is one.
    #[must_use]
    pub fn get(&self, mid: &Mid) -> Option<&Row> {
        self.here.get(mid).and_then(Option::as_ref)
    }

    /// The row of a mid in the lane, if there is one.
    #[must_use]
    pub fn in_lane(&self, mid: &Mid) -> Option<&Row> {
        self.lane.get(mid).and_then(Option::as_ref)
    }

    /// The lane's rows as the lane itself sees them.
    #[must_use]
    pub fn of_lane(&self) -> Self {
        Self { here: self.lane.clone(), lane: BTreeMap::new() }
    }
}

/// The rows that an entry makes or changes. `rows` must hold [`Event::target`], if it has one in
/// this log.
#[must_use]
pub fn reindex(event: &Event, meta: &Meta, rows: &Rows) -> Vec<(Mid, Row)> {
    let mut changed = vec![(meta.mid, fresh(event, meta))];
    let Some((of, target)) = event.target().and_then(|of| Some((of, rows.get(&of)?))) else {
        return changed;
    };
    let mut target = target.clone();
    let seq = meta.position.seq;
    let changes = match event {
        Event::Moderation(moderation::Event::Redacted(_)) => erase(&mut target, seq),
        event => match &mut target.what {
            What::Message(facts) => touch(facts, event, meta),
            What::Act | What::Edit | What::Knock => false,
        },
    };
    if changes {
        changed.push((of, target));
    }
    changed
}

fn fresh(event: &Event, meta: &Meta) -> Row {
    let (status, what) = match event {
        Event::Message(message::Event::Posted(posted)) => {
            (Status::Standing, What::Message(Box::new(posted.facts(Stand::Shown))))
        }
        Event::Moderation(moderation::Event::Held(posted)) => {
            (Status::Standing, What::Message(Box::new(posted.facts(Stand::Held))))
        }
        Event::Message(message::Event::Edited(_)) => (Status::Standing, What::Edit),
        Event::Member(member::Event::Knocked(_)) => (Status::Act, What::Knock),
        _ => (Status::Act, What::Act),
    };
    Row {
        position: meta.position,
        at: meta.at,
        by: meta.by.clone(),
        submit: meta.submit,
        topic: event.topic(),
        status,
        what,
    }
}

fn erase(row: &mut Row, seq: u64) -> bool {
    let standing = row.status == Status::Standing;
    if standing {
        row.status = Status::Erased(seq);
    }
    standing
}

/// What an entry about a message changes in its row. Whether it changed anything.
fn touch(facts: &mut MessageFacts, event: &Event, meta: &Meta) -> bool {
    let before = facts.clone();
    match event {
        // A store that outlived its process is given again what it has.
        Event::Message(message::Event::Edited(_))
            if facts.edits.iter().all(|(mid, _)| *mid != meta.mid) =>
        {
            facts.edits.push((meta.mid, meta.position.seq));
        }
        // What took it out of sight first stands.
        Event::Message(message::Event::Retracted(_)) if facts.stand == Stand::Shown => {
            facts.stand = Stand::Retracted;
        }
        Event::Moderation(moderation::Event::Hidden(_)) => {
            facts.stand = match facts.stand {
                Stand::Held => Stand::Declined,
                Stand::Shown => Stand::Hidden,
                stand => stand,
            };
        }
        Event::Moderation(moderation::Event::Released(_)) => facts.stand = Stand::Released,
        Event::Question(question::Event::Accepted { answer, .. }) => {
            facts.question = question::State::Answered(*answer);
        }
        Event::Question(question::Event::Marked { state, .. }) => facts.question = *state,
        _ => {}
    }
    *facts != before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::{About, Event as Said, Posted, Reaction};
    use crate::domain::moderation::Event as Moderated;
    use crate::domain::question::{Event as Settled, State};

    fn mid(seq: u64) -> Mid {
        Mid::derived([u8::try_from(seq).expect("a short log"); 16])
    }

    /// Takes in a log's entries from this one on.
    fn take(rows: &mut BTreeMap<Mid, Row>, entries: &[Event], from: usize) {
        for (seq, event) in (1..).zip(entries).skip(from) {
            let meta = Meta {
                position: Position::new(1, seq),
                n: None,
                at: seq,
                mid: mid(seq),
                by: "ana".parse().expect("an id"),
                submit: [0; 32],
                bumps: Vec::new(),
            };
            let mut named = Rows::default();
            if let Some(of) = event.target() {
                named.insert(of, rows.get(&of).cloned());
            }
            rows.extend(reindex(event, &meta, &named));
        }
    }

    /// A store that outlived its process may hold more than was noted, and is given that again.
    #[test]
    fn entries_that_come_again_change_no_row() {
        let topic = TopicId::from_bytes([7; 16]);
        let about = |seq| About { of: mid(seq), seq, topic };
        let first = about(1);
        let posted = Posted::under(topic, Kind::Question);
        let of_a_room = [
            Event::Message(Said::Edited(first)),
            Event::Message(Said::Retracted(first)),
            Event::Message(Said::Reacted(first, Reaction::Thanks)),
            Event::Message(Said::Unreacted(first, Reaction::Thanks)),
            Event::Message(Said::Pinned(first)),
            Event::Message(Said::Unpinned(first)),
            Event::Message(Said::Acked(first)),
            Event::Question(Settled::Accepted { about: first, answer: mid(9) }),
            Event::Question(Settled::Marked { about: first, state: State::NeedsInfo }),
            Event::Moderation(Moderated::Hidden(first)),
            Event::Moderation(Moderated::Redacted(first)),
            // Of what came second, which may be an edit.
            Event::Moderation(Moderated::Redacted(about(2))),
        ];
        let of_a_lane = [
            Event::Moderation(Moderated::Reported(first)),
            Event::Moderation(Moderated::Released(first)),
            Event::Moderation(Moderated::Hidden(first)),
            Event::Moderation(Moderated::Redacted(first)),
        ];
        let logs = [
            (Event::Message(Said::Posted(posted.clone())), &of_a_room[..]),
            (Event::Moderation(Moderated::Held(posted)), &of_a_lane[..]),
        ];
        for (begins, events) in logs {
            let pairs = events.iter().flat_map(|one| events.iter().map(move |two| (one, two)));
            for (one, two) in pairs {
                let entries = [begins.clone(), one.clone(), two.clone(), one.clone()];
                let mut rows = BTreeMap::new();
                take(&mut rows, &entries, 0);
                for from in 0..entries.len() {
                    let mut again = rows.clone();
                    take(&mut again, &entries, from);
                    assert_eq!(again, rows, "from {from} of {entries:?}");
                }
            }
        }
    }
}
