//! A room's state, and a lane's.

use std::collections::BTreeMap;

use wardroom_protocol::ids::{Mid, PrincipalId, RoomId, TopicId};

use super::access::{Access, Action, JoinPolicy, Posting, Principal, Rank, RoomRole, Standing};
use super::message::{About, Event as MessageEvent};
use super::moderation::Event as ModerationEvent;
use super::topic::Topics;
use super::{
    Act, Author, Event as AnyEvent, Line, Machine, MessageFacts, Meta, Ordinals, Refusal, Row, Rows,
};

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

/// How a room begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    /// What kind of talk it is for.
    pub class: Class,
    /// A slug of the specialty.
    pub specialty: Option<RoomId>,
    /// How one gets in.
    pub join: JoinPolicy,
    /// Direct rooms: the others.
    pub with: Vec<PrincipalId>,
}

impl Founding {
    /// An open room of a class, and nothing else.
    #[must_use]
    pub fn of(class: Class) -> Self {
        Self { class, specialty: None, join: JoinPolicy::Open, with: Vec::new() }
    }
}

/// What somebody asks of a room as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say how one gets in, and what happens to posts. What is `None` stays.
    SetPolicy {
        /// How one gets in.
        join: Option<JoinPolicy>,
        /// What happens to posts.
        posting: Option<Posting>,
    },
    /// Close it for writing, or open it again.
    Archive {
        /// Or open it again.
        archived: bool,
    },
}

/// What happened to a room as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// How one gets in, or what happens to posts, has changed.
    PolicySet {
        /// How one gets in.
        join: Option<JoinPolicy>,
        /// What happens to posts.
        posting: Option<Posting>,
    },
    /// It was closed for writing, or opened again.
    Archived {
        /// Or opened again.
        archived: bool,
    },
}

/// The small part of a room that lives in memory. Messages are rows of the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// The line of epochs.
    pub line: Line,
    /// The ordinals.
    pub ordinals: Ordinals,
    /// Server time of the newest entry, unix milliseconds.
    pub at: u64,
    /// A slug of the specialty.
    pub specialty: Option<RoomId>,
    /// Class, policy, members.
    pub access: Access,
    /// The topics.
    pub topics: Topics,
    /// The messages kept in sight, with their seqs, oldest pin first.
    pub pins: Vec<(Mid, u64)>,
    /// Who has written here.
    pub authors: BTreeMap<PrincipalId, Author>,
    /// One version per state machine (K9): the seq that last bumped it.
    pub control: BTreeMap<Machine, u64>,
}

/// A command on its way through a room's rules.
pub(super) struct Asked<'a> {
    pub(super) room: &'a Room,
    pub(super) principal: &'a Principal,
    pub(super) rows: &'a Rows,
    /// Server time, unix milliseconds.
    pub(super) now: u64,
}

/// A message that a command names: its row, what it is, and how acts refer to it.
pub(super) type Named<'a> = (&'a Row, &'a MessageFacts, About);

impl<'a> Asked<'a> {
    /// Whether this principal may do this; everything that writes needs a room that is not archived.
    pub(super) fn may(&self, action: Action) -> Result<(), Refusal> {
        self.room.access.may(self.principal, action)?;
        match action {
            Action::Post | Action::Pin => self.open(),
            _ => Ok(()),
        }
    }

    /// Whether the room takes anything new.
    pub(super) fn open(&self) -> Result<(), Refusal> {
        if self.room.access.archived { Err(Refusal::Archived) } else { Ok(()) }
    }

    /// Refuses words that would be shown at once where moderators look at them first.
    pub(super) fn speaks_freely(&self) -> Result<(), Refusal> {
        if self.is_looked_at() { Err(Refusal::LookedAtFirst) } else { Ok(()) }
    }

    /// Whether moderators look first at what this principal says.
    pub(super) fn is_looked_at(&self) -> bool {
        let access = &self.room.access;
        access.posting == Posting::Held && access.rank(self.principal) < Rank::Moderator
    }

    /// A message of this room, whatever became of it.
    pub(super) fn standing(&self, of: &Mid, field: &'static str) -> Result<Named<'a>, Refusal> {
        let unknown = Refusal::UnknownMessage { field };
        let row = self.rows.get(of).ok_or(unknown.clone())?;
        let (Some(facts), Some(filed)) = (row.message(), row.topic) else {
            return Err(unknown);
        };
        let seq = row.position.seq;
        let topic = self.room.topics.of(seq, &filed);
        Ok((row, facts, About { of: *of, seq, topic }))
    }

    /// A message of this room that can be read.
    pub(super) fn shown(&self, of: &Mid, field: &'static str) -> Result<Named<'a>, Refusal> {
        let named = self.standing(of, field)?;
        if !named.0.is_shown() {
            return Err(Refusal::Gone { field });
        }
        Ok(named)
    }
}

impl Command {
    pub(super) fn decide(&self, asked: &Asked<'_>) -> Result<Vec<Act>, Refusal> {
        asked.may(Action::Govern)?;
        let event = match self {
            Self::SetPolicy { join, posting } => {
                asked.open()?;
                Event::PolicySet { join: *join, posting: *posting }
            }
            Self::Archive { archived } => Event::Archived { archived: *archived },
        };
        Ok(vec![Act::own(AnyEvent::Room(event))])
    }
}

impl Room {
    /// What a topic's name is hashed to, or an id that may have ended, leads to.
    pub(super) fn resolve(&self, topic: &TopicId) -> TopicId {
        self.topics.resolve(topic)
    }

    /// What somebody is here.
    #[must_use]
    pub fn rank(&self, principal: &Principal) -> Rank {
        self.access.rank(principal)
    }

    fn begin(&mut self, founding: &Founding, by: &PrincipalId) {
        self.specialty.clone_from(&founding.specialty);
        self.access.class = Some(founding.class);
        self.access.join = founding.join;
        // In a direct room nobody is more than the others.
        let founder = match founding.class {
            Class::Direct => RoomRole::Member,
            _ => RoomRole::Owner,
        };
        self.access.people.insert(by.clone(), Standing::Member(founder));
        for person in &founding.with {
            let standing = Standing::Member(RoomRole::Member);
            self.access.people.entry(person.clone()).or_insert(standing);
        }
    }

    pub(super) fn apply(&mut self, event: &AnyEvent, meta: &Meta) {
        self.line.advance(meta.position);
        self.at = meta.at;
        self.ordinals.advance(meta.position.seq, meta.n);
        for machine in &meta.bumps {
            self.control.insert(machine.clone(), meta.position.seq);
        }
        match event {
            AnyEvent::RoomCreated(founding) => self.begin(founding, &meta.by),
            AnyEvent::Room(Event::PolicySet { join, posting }) => {
                self.access.join = join.unwrap_or(self.access.join);
                self.access.posting = posting.unwrap_or(self.access.posting);
            }
            AnyEvent::Room(Event::Archived { archived }) => self.access.archived = *archived,
            AnyEvent::Member(event) => event.apply(&mut self.access),
            AnyEvent::Topic(event) => self.topics.apply(event, meta.position.seq, &meta.by),
            AnyEvent::Message(event) => self.said(event, meta),
            // What is not shown is not kept in sight. An erased message still stands in its topic;
            // only its words are gone.
            AnyEvent::Moderation(
                ModerationEvent::Hidden(about) | ModerationEvent::Redacted(about),
            ) => self.unpin(&about.of),
            AnyEvent::Moderation(_)
            | AnyEvent::Question(_)
            | AnyEvent::Mailbox(_)
            | AnyEvent::RoomRegistered(..)
            | AnyEvent::PrincipalRegistered { .. } => {}
        }
    }

    fn said(&mut self, event: &MessageEvent, meta: &Meta) {
        let seq = meta.position.seq;
        match event {
            MessageEvent::Posted(posted) => {
                let topic = self.topics.resolve(&posted.topic);
                self.topics.count(topic, seq, seq, &meta.by);
                self.authors
                    .entry(meta.by.clone())
                    .and_modify(|author| author.wrote(seq))
                    .or_insert_with(|| Author::new(seq));
            }
            MessageEvent::Pinned(about) => {
                self.unpin(&about.of);
                self.pins.push((about.of, about.seq));
            }
            MessageEvent::Unpinned(about) | MessageEvent::Retracted(about) => self.unpin(&about.of),
            MessageEvent::Edited(_)
            | MessageEvent::Reacted(..)
            | MessageEvent::Unreacted(..)
            | MessageEvent::Acked(_) => {}
        }
    }

    /// Lets go of pins whose messages cannot be read, as far as rows tell: where several nodes write,
    /// a pin may be ordered behind its message's end.
    pub(super) fn settle(&mut self, rows: &Rows) {
        self.pins.retain(|(pinned, _)| rows.get(pinned).is_none_or(Row::is_shown));
    }

    fn unpin(&mut self, of: &Mid) {
        self.pins.retain(|(pinned, _)| pinned != of);
    }
}

/// A lane's state: its own numbering. What its entries are about is decided by the room's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// The line of epochs.
    pub line: Line,
    /// The ordinals.
    pub ordinals: Ordinals,
    /// Server time of the newest entry, unix milliseconds.
    pub at: u64,
}
