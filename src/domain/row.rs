//! The index row of an entry: what later commands need to know of it, found by mid.
//!
//! Rows are derived: [`reindex`] is the one rule that makes and changes them, used by the live room
//! and by whoever rebuilds the index from headers.

use std::collections::BTreeMap;

use wardroom_protocol::ids::{Mid, Position, PrincipalId, TopicId};

use super::{Event, Meta, Refusal};

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// An act that is not a message: it can be repeated by mid but not be the target of another.
    Act,
    /// A message as it was written.
    Standing,
    /// A message whose words were erased, by the entry with this seq.
    Erased(u64),
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
    /// The topic it is filed under.
    pub topic: Option<TopicId>,
    /// What became of it.
    pub status: Status,
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
        Judgement::Duplicate { position: self.position, at: self.at }
    }

    /// Whether this is a message, erased or not.
    #[must_use]
    pub fn is_message(&self) -> bool {
        !matches!(self.status, Status::Act)
    }
}

/// The rows a command or entry names, looked up by its caller. `None`: looked up and not there.
#[derive(Clone, Debug, Default)]
pub struct Rows(BTreeMap<Mid, Option<Row>>);

impl Rows {
    /// Adds what a look-up found.
    pub fn insert(&mut self, mid: Mid, row: Option<Row>) {
        self.0.insert(mid, row);
    }

    /// The row of a mid, if there is one.
    #[must_use]
    pub fn get(&self, mid: &Mid) -> Option<&Row> {
        self.0.get(mid).and_then(Option::as_ref)
    }
}

/// The rows that an entry makes or changes. `rows` must hold [`Event::target`], if it has one in
/// this log.
#[must_use]
pub fn reindex(event: &Event, meta: &Meta, rows: &Rows) -> Vec<(Mid, Row)> {
    let status = match event {
        Event::MessagePosted { .. } => Status::Standing,
        _ => Status::Act,
    };
    let own = Row {
        position: meta.position,
        at: meta.at,
        by: meta.by.clone(),
        submit: meta.submit,
        topic: event.topic(),
        status,
    };
    let mut changed = vec![(meta.mid, own)];
    if let Event::MessageRedacted { of, .. } = event
        && let Some(target) = rows.get(of)
        && target.status == Status::Standing
    {
        let erased = Row { status: Status::Erased(meta.position.seq), ..target.clone() };
        changed.push((*of, erased));
    }
    changed
}
