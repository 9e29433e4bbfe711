//! Commands, events and the state of any log: decide and apply, sent to the noun they concern.

use wardroom_protocol::ids::{self, LogKind, LogName, Mid, Position, PrincipalId, RoomId, TopicId};

use super::access::Principal;
use super::room::Asked;
use super::{
    Directory, Founding, Identity, Lane, Line, Mailbox, Ordinals, Refusal, Room, Rows, mailbox,
    member, message, moderation, question, room, topic,
};

/// A state machine inside a log that has a version of its own (K9), e.g. `access`.
pub type Machine = Box<str>;

/// What somebody asks a log to do: facts only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `~directory`: claim a slug.
    RegisterRoom(RoomId, Founding),
    /// A room: its first entry. Derived from the directory's entry, never sent by a client.
    CreateRoom(Founding),
    /// A room: something about it as a whole.
    Room(room::Command),
    /// A room: something about who belongs to it.
    Member(member::Command),
    /// A room: something about a message.
    Message(message::Command),
    /// A room: something about a question.
    Question(question::Command),
    /// A room: something that moderators do, or are asked to.
    Moderation(moderation::Command),
    /// A room: something about a topic.
    Topic(topic::Command),
    /// A mailbox.
    Mailbox(mailbox::Command),
    /// `~identity`: somebody is here for the first time.
    RegisterPrincipal {
        /// The id minted.
        principal: PrincipalId,
    },
}

impl Command {
    /// The mids whose rows decide needs from the log itself, besides the submission's own.
    #[must_use]
    pub fn names(&self) -> Vec<Mid> {
        match self {
            Self::Message(command) => command.names(),
            Self::Question(command) => command.names(),
            Self::Moderation(command) => command.names(),
            Self::Topic(command) => command.names(),
            Self::RegisterRoom(..)
            | Self::CreateRoom(_)
            | Self::Room(_)
            | Self::Member(_)
            | Self::Mailbox(_)
            | Self::RegisterPrincipal { .. } => Vec::new(),
        }
    }

    /// The mids whose rows decide needs from the room's lane `moderators`.
    #[must_use]
    pub fn names_in_lane(&self) -> Vec<Mid> {
        match self {
            Self::Member(command) => command.names_in_lane(),
            Self::Moderation(command) => command.names(),
            // What `after` names may wait for a moderator, and so may what its author takes back.
            Self::Message(
                command @ (message::Command::Post { after: Some(_), .. }
                | message::Command::Retract { .. }),
            ) => command.names(),
            _ => Vec::new(),
        }
    }

    /// Mids that the rows found so far name in turn.
    #[must_use]
    pub fn names_further(&self, rows: &Rows) -> Vec<Mid> {
        let Self::Moderation(moderation::Command::Redact { of }) = self else {
            return Vec::new();
        };
        let message = rows.get(of).and_then(super::Row::message);
        message.map(|facts| facts.edits.iter().map(|(mid, _)| *mid).collect()).unwrap_or_default()
    }
}

/// What happened: an entry's facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A slug was claimed.
    RoomRegistered(RoomId, Founding),
    /// The room begins.
    RoomCreated(Founding),
    /// Something about a room as a whole.
    Room(room::Event),
    /// Something about who belongs to it.
    Member(member::Event),
    /// Something about a message.
    Message(message::Event),
    /// Something about a question.
    Question(question::Event),
    /// Something that moderators do, or are asked to.
    Moderation(moderation::Event),
    /// Something about a topic.
    Topic(topic::Event),
    /// Something in a mailbox.
    Mailbox(mailbox::Event),
    /// Somebody was seen for the first time.
    PrincipalRegistered {
        /// The id minted.
        principal: PrincipalId,
    },
}

impl Event {
    /// The topic it is filed under. Lanes and mailboxes have no topics of their own.
    #[must_use]
    pub fn topic(&self) -> Option<TopicId> {
        match self {
            // A held message keeps its topic in its row, for its release.
            Self::Message(message::Event::Posted(posted))
            | Self::Moderation(moderation::Event::Held(posted)) => Some(posted.topic),
            Self::Message(event) => event.about().map(|about| about.topic),
            Self::Question(event) => Some(event.about().topic),
            Self::Moderation(
                moderation::Event::Redacted(about) | moderation::Event::Hidden(about),
            ) => Some(about.topic),
            Self::Topic(event) => Some(event.topic()),
            _ => None,
        }
    }

    /// The mid, in the same log, whose row this entry may change.
    #[must_use]
    pub fn target(&self) -> Option<Mid> {
        match self {
            Self::Message(event) => event.about().map(|about| about.of),
            Self::Question(event) => Some(event.about().of),
            // A report stands in the lane and names a message of the room.
            Self::Moderation(moderation::Event::Reported(_)) => None,
            Self::Moderation(event) => event.about().map(|about| about.of),
            _ => None,
        }
    }

    /// The seq, in the same log, whose words this entry erases.
    #[must_use]
    pub fn erases(&self) -> Option<u64> {
        match self {
            Self::Moderation(moderation::Event::Redacted(about)) => Some(about.seq),
            _ => None,
        }
    }

    /// The machines it bumps. Only restrictions bump `access`.
    #[must_use]
    pub fn bumps(&self) -> Vec<Machine> {
        let restricts = match self {
            Self::Member(event) => event.restricts(),
            Self::Room(_) => true,
            _ => false,
        };
        if restricts { vec!["access".into()] } else { Vec::new() }
    }
}

/// One entry that a command becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The lane of the room that it goes to; `None`: the log itself.
    pub lane: Option<ids::Lane>,
    /// Its facts.
    pub event: Event,
    /// Its mid and author.
    pub identity: Identified,
    /// Its words.
    pub words: Worded,
}

/// Whose entry it is, and by which mid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identified {
    /// The submission's.
    Own,
    /// The submitter's, by a mid derived from the submission's and this one: the same however often
    /// it is proposed.
    Derived(Mid),
    /// Somebody else's, who submitted it before.
    As {
        /// Its mid.
        mid: Mid,
        /// Who submitted it.
        by: PrincipalId,
        /// What it is compared by when its mid returns.
        submit: [u8; 32],
    },
}

/// Where an entry's words come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worded {
    /// The submission's.
    Own,
    /// Those of the entry with this seq of the room's lane `moderators`.
    OfLane(u64),
}

impl Act {
    /// An entry of the log itself, the submission's own.
    #[must_use]
    pub fn own(event: Event) -> Self {
        Self { lane: None, event, identity: Identified::Own, words: Worded::Own }
    }
}

/// What the ordering step and the proposer know of an entry besides its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Where it stands.
    pub position: Position,
    /// Its ordinal, if it counts as reading matter.
    pub n: Option<u64>,
    /// Server time of its ordering, unix milliseconds.
    pub at: u64,
    /// Its identity.
    pub mid: Mid,
    /// Who acted.
    pub by: PrincipalId,
    /// Keyed hash of what was submitted.
    pub submit: [u8; 32],
    /// The machines it bumps.
    pub bumps: Vec<Machine>,
}

/// The state of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogState {
    /// A room.
    Room(Box<Room>),
    /// A lane beside a room.
    Lane(Lane),
    /// Somebody's mailbox.
    Mailbox(PrincipalId, Box<Mailbox>),
    /// `~directory`.
    Directory(Directory),
    /// `~identity`.
    Identity(Identity),
}

impl LogState {
    /// The state of an empty log, by its name.
    #[must_use]
    pub fn empty(log: &LogName) -> Self {
        match (log.kind(), log.owner()) {
            (LogKind::Lane(_), _) => Self::Lane(Lane::default()),
            (LogKind::System, _) if *log == LogName::directory() => {
                Self::Directory(Directory::default())
            }
            (LogKind::System, _) => Self::Identity(Identity::default()),
            (LogKind::Mailbox, Some(owner)) => Self::Mailbox(owner, Box::default()),
            (LogKind::Room | LogKind::Mailbox, _) => Self::Room(Box::default()),
        }
    }

    /// Whether the command may become entries, and which, in the order in which they are written:
    /// the last is the one that is answered. Changes nothing. For a command of a room, `self` is the
    /// room, also where the entry goes to a lane. `now`: server time, unix milliseconds.
    pub fn decide(
        &self,
        command: &Command,
        principal: &Principal,
        rows: &Rows,
        now: u64,
    ) -> Result<Vec<Act>, Refusal> {
        match (self, command) {
            (Self::Directory(directory), Command::RegisterRoom(room, founding)) => {
                directory.register(room, founding, principal)
            }
            (Self::Identity(_), Command::RegisterPrincipal { principal }) => {
                let event = Event::PrincipalRegistered { principal: principal.clone() };
                Ok(vec![Act::own(event)])
            }
            (Self::Mailbox(owner, mailbox), Command::Mailbox(command)) => {
                mailbox.decide(command, owner, principal, now)
            }
            (Self::Room(room), Command::CreateRoom(founding)) => match room.access.class {
                Some(_) => Err(Refusal::RoomExists),
                None => Ok(vec![Act::own(Event::RoomCreated(founding.clone()))]),
            },
            (Self::Room(room), command) => {
                let asked = Asked { room, principal, rows, now };
                match command {
                    Command::Room(command) => command.decide(&asked),
                    Command::Member(command) => command.decide(&asked),
                    Command::Message(command) => command.decide(&asked),
                    Command::Question(command) => command.decide(&asked),
                    Command::Moderation(command) => command.decide(&asked),
                    Command::Topic(command) => command.decide(&asked),
                    Command::RegisterRoom(..)
                    | Command::CreateRoom(_)
                    | Command::Mailbox(_)
                    | Command::RegisterPrincipal { .. } => Err(Refusal::WrongLog),
                }
            }
            _ => Err(Refusal::WrongLog),
        }
    }

    /// Takes in an entry that happened. Never fails, whatever the entry.
    pub fn apply(&mut self, event: &Event, meta: &Meta) {
        match self {
            Self::Room(room) => room.apply(event, meta),
            Self::Lane(_) => self.skip(meta),
            Self::Mailbox(_, mailbox) => mailbox.apply(event, meta),
            Self::Directory(directory) => directory.apply(event, meta),
            Self::Identity(identity) => identity.apply(event, meta),
        }
    }

    /// Lets go of what these rows say is gone. To be called with the row of a message that was pinned,
    /// which [`LogState::apply`] does not look up.
    pub fn settle(&mut self, rows: &Rows) {
        if let Self::Room(room) = self {
            room.settle(rows);
        }
    }

    /// The mids whose rows [`LogState::settle`] takes.
    #[must_use]
    pub fn rests_on(&self) -> Vec<Mid> {
        match self {
            Self::Room(room) => room.pins.iter().map(|(mid, _)| *mid).collect(),
            _ => Vec::new(),
        }
    }

    /// Takes in the place of an entry whose op this version does not know: it folds as nothing.
    pub fn skip(&mut self, meta: &Meta) {
        let (line, at, ordinals) = match self {
            Self::Room(room) => (&mut room.line, &mut room.at, Some(&mut room.ordinals)),
            Self::Lane(lane) => (&mut lane.line, &mut lane.at, Some(&mut lane.ordinals)),
            Self::Mailbox(_, box_) => (&mut box_.line, &mut box_.at, Some(&mut box_.ordinals)),
            Self::Directory(directory) => (&mut directory.line, &mut directory.at, None),
            Self::Identity(identity) => (&mut identity.line, &mut identity.at, None),
        };
        line.advance(meta.position);
        *at = meta.at;
        if let Some(ordinals) = ordinals {
            ordinals.advance(meta.position.seq, meta.n);
        }
    }

    /// The line of epochs.
    #[must_use]
    pub fn line(&self) -> &Line {
        match self {
            Self::Room(room) => &room.line,
            Self::Lane(lane) => &lane.line,
            Self::Mailbox(_, mailbox) => &mailbox.line,
            Self::Directory(directory) => &directory.line,
            Self::Identity(identity) => &identity.line,
        }
    }

    /// The ordinals; system logs have none.
    #[must_use]
    pub fn ordinals(&self) -> Option<&Ordinals> {
        match self {
            Self::Room(room) => Some(&room.ordinals),
            Self::Lane(lane) => Some(&lane.ordinals),
            Self::Mailbox(_, mailbox) => Some(&mailbox.ordinals),
            Self::Directory(_) | Self::Identity(_) => None,
        }
    }

    /// Server time of the newest entry, unix milliseconds.
    #[must_use]
    pub fn at(&self) -> u64 {
        match self {
            Self::Room(room) => room.at,
            Self::Lane(lane) => lane.at,
            Self::Mailbox(_, mailbox) => mailbox.at,
            Self::Directory(directory) => directory.at,
            Self::Identity(identity) => identity.at,
        }
    }
}
