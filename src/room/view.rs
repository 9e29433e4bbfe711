//! What a reader is told of a log before its entries come.

use std::sync::Arc;

use wardroom_protocol::ids::{Mid, Position, RoomId, TopicId};

use super::Names;
use crate::domain::access::Access;
use crate::domain::{Line, Located, LogState};

/// Where somebody wants to begin reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// After this position.
    After(Position),
    /// At the head.
    Now,
    /// At the beginning.
    Start,
    /// So that this many ordinals come.
    Last(u64),
}

/// Where they will begin, and what the log is at that moment.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The first entry sent is the one after this.
    pub after: Position,
    /// Whether everything after the position asked for will come.
    pub recovered: bool,
    /// The log.
    pub view: View,
}

/// A log as far as it is safe.
#[derive(Clone, Debug)]
pub struct Revealed {
    /// The line of epochs; its head is the watermark.
    pub line: Line,
    /// The newest ordinal up to there.
    pub n: u64,
}

impl Revealed {
    pub(super) fn of(log: &LogState, watermark: u64) -> Self {
        Self {
            line: log.line().upto(watermark),
            n: log.ordinals().map_or(0, |ordinals| ordinals.upto(watermark)),
        }
    }
}

/// A log as of its head.
#[derive(Clone, Debug)]
pub struct View {
    /// The line of epochs, with the head.
    pub line: Line,
    /// The newest ordinal.
    pub n: u64,
    /// Of the room; a lane shows its room's.
    pub access: Arc<Access>,
    /// Of the room.
    pub specialty: Option<RoomId>,
    /// Of the room.
    pub title: Option<Arc<str>>,
    /// How many topics the log holds.
    pub topics: u64,
    /// How many people have written in it.
    pub members: u64,
    /// The messages kept in sight, with their seqs, oldest pin first.
    pub pins: Vec<(Mid, u64)>,
}

/// One topic of a page.
#[derive(Clone, Debug)]
pub struct TopicView {
    /// Its id.
    pub topic: TopicId,
    /// Its name, unless erased.
    pub name: Option<Arc<str>>,
    /// Its numbers.
    pub facts: crate::domain::Topic,
}

impl Reading {
    /// Resolves where to begin in a log; `room` is the room it belongs to.
    pub(super) fn resolve(
        from: Where,
        log: &LogState,
        room: &LogState,
        access: Arc<Access>,
        names: &Names,
    ) -> Self {
        let line = log.line().clone();
        let n = log.ordinals().map_or(0, crate::domain::Ordinals::n);
        let (after, recovered) = match from {
            Where::Now => (line.head(), true),
            Where::Start => (Position::ZERO, true),
            Where::Last(last) => {
                let first = n.saturating_sub(last) + 1;
                let seq = log.ordinals().and_then(|ordinals| ordinals.seq_of(first));
                (seq.map_or(line.head(), |seq| line.position(seq - 1)), true)
            }
            Where::After(position) => match line.locate(position) {
                Located::On => (position, true),
                Located::Off(common) => (common, false),
            },
        };
        let mut view = View {
            line,
            n,
            access,
            specialty: None,
            title: names.title().cloned(),
            topics: 0,
            members: 0,
            pins: Vec::new(),
        };
        if let LogState::Room(room) = room {
            view.specialty.clone_from(&room.specialty);
        }
        if let LogState::Room(own) = log {
            view.topics = own.topics.all.len() as u64;
            view.members = own.authors.len() as u64;
            view.pins.clone_from(&own.pins);
        }
        Self { after, recovered, view }
    }
}
