//! A room's state, and a lane's.

use std::collections::BTreeMap;

use wardroom_protocol::ids::{PrincipalId, RoomId, TopicId};

use super::{Event, Line, Machine, Member, Meta, Topic};

/// What kind of talk a room is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// No patient cases.
    Discussion,
    /// Case conferences.
    Case,
    /// A fixed few.
    Direct,
    /// Patients take part.
    Mixed,
}

/// The small part of a room that lives in memory. Messages are rows of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// The line of epochs.
    pub line: Line,
    /// The ordinal of the newest entry that counts.
    pub n: u64,
    /// Server time of the newest entry, unix milliseconds.
    pub at: u64,
    /// What kind of talk it is for; `None` before `room.created`.
    pub class: Option<Class>,
    /// A slug of the specialty.
    pub specialty: Option<RoomId>,
    /// The topics.
    pub topics: BTreeMap<TopicId, Topic>,
    /// The same, in order of first use.
    pub topic_order: Vec<TopicId>,
    /// Who has written here.
    pub members: BTreeMap<PrincipalId, Member>,
    /// One version per state machine (K9): the seq that last bumped it.
    pub control: BTreeMap<Machine, u64>,
}

impl Room {
    pub(super) fn apply(&mut self, event: &Event, meta: &Meta) {
        self.line.advance(meta.position);
        self.at = meta.at;
        self.n = meta.n.unwrap_or(self.n);
        for machine in &meta.bumps {
            self.control.insert(machine.clone(), meta.position.seq);
        }
        let seq = meta.position.seq;
        match event {
            Event::RoomCreated { class, specialty } => {
                self.class = Some(*class);
                self.specialty.clone_from(specialty);
            }
            Event::MessagePosted { topic, .. } => {
                if let Some(known) = self.topics.get_mut(topic) {
                    known.last = seq;
                    known.messages += 1;
                } else {
                    self.topics.insert(*topic, Topic { first: seq, last: seq, messages: 1 });
                    self.topic_order.push(*topic);
                }
                self.members
                    .entry(meta.by.clone())
                    .and_modify(|member| member.wrote(seq))
                    .or_insert_with(|| Member::new(seq));
            }
            // An erased message still stands in its topic; only its words are gone.
            Event::MessageRedacted { .. }
            | Event::MessageReported { .. }
            | Event::RoomRegistered { .. }
            | Event::PrincipalRegistered { .. } => {}
        }
    }
}

/// A lane's state: its own numbering. What its entries are about is decided by the room's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// The line of epochs.
    pub line: Line,
    /// The ordinal of the newest entry that counts.
    pub n: u64,
    /// Server time of the newest entry, unix milliseconds.
    pub at: u64,
}
