//! Commands, events and the state of any log: decide and apply, sent to the noun they concern.

use wardroom_protocol::ids::{self, LogKind, LogName, Mid, Position, PrincipalId, RoomId, TopicId};

use super::access::{Action, Principal};
use super::{Class, Directory, Identity, Kind, Lane, Line, Refusal, Room, Rows, message};

/// A state machine inside a log that has a version of its own (K9), e.g. `access`.
pub type Machine = Box<str>;

/// What somebody asks a log to do: facts only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `~directory`: claim a slug.
    RegisterRoom {
        /// The slug.
        room: RoomId,
        /// What kind of talk it is for.
        class: Class,
        /// A slug of the specialty.
        specialty: Option<RoomId>,
    },
    /// A room: its first entry. Derived from the directory's entry, never sent by a client.
    CreateRoom {
        /// What kind of talk it is for.
        class: Class,
        /// A slug of the specialty.
        specialty: Option<RoomId>,
    },
    /// A room: say something.
    Post {
        /// The topic.
        topic: TopicId,
        /// What it is meant as.
        kind: Kind,
        /// The message it replies to.
        reply_to: Option<Mid>,
        /// The mid that must be logged before this one.
        after: Option<Mid>,
        /// Imports only: keyed hash of the source's author.
        origin: Option<[u8; 16]>,
    },
    /// A room: erase a message's words.
    Redact {
        /// The message.
        of: Mid,
    },
    /// A room: write into its lane `moderators` that a message needs a look.
    Report {
        /// The message.
        of: Mid,
    },
    /// `~identity`: somebody is here for the first time.
    RegisterPrincipal {
        /// The id minted.
        principal: PrincipalId,
    },
}

impl Command {
    /// The mids whose rows decide needs, besides the submission's own.
    #[must_use]
    pub fn names(&self) -> Vec<Mid> {
        match self {
            Self::Post { reply_to, after, .. } => reply_to.iter().chain(after).copied().collect(),
            Self::Redact { of } | Self::Report { of } => vec![*of],
            Self::RegisterRoom { .. }
            | Self::CreateRoom { .. }
            | Self::RegisterPrincipal { .. } => Vec::new(),
        }
    }

    /// The lane of the room that the entry goes to; `None`: the log itself.
    #[must_use]
    pub fn lane(&self) -> Option<ids::Lane> {
        matches!(self, Self::Report { .. }).then_some(ids::Lane::Moderators)
    }
}

/// What happened: an entry's facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A slug was claimed.
    RoomRegistered {
        /// The slug.
        room: RoomId,
        /// What kind of talk it is for.
        class: Class,
        /// A slug of the specialty.
        specialty: Option<RoomId>,
    },
    /// The room begins.
    RoomCreated {
        /// What kind of talk it is for.
        class: Class,
        /// A slug of the specialty.
        specialty: Option<RoomId>,
    },
    /// Somebody said something.
    MessagePosted {
        /// The topic.
        topic: TopicId,
        /// What it is meant as.
        kind: Kind,
        /// The message it replies to.
        reply_to: Option<Mid>,
        /// Imports only: keyed hash of the source's author.
        origin: Option<[u8; 16]>,
    },
    /// A message's words were erased.
    MessageRedacted {
        /// The message.
        of: Mid,
        /// Its seq.
        seq: u64,
        /// Its topic.
        topic: TopicId,
    },
    /// Somebody pointed the moderators to a message.
    MessageReported {
        /// The message, in the room.
        of: Mid,
        /// Its seq in the room.
        seq: u64,
        /// Its topic.
        topic: TopicId,
    },
    /// Somebody was seen for the first time.
    PrincipalRegistered {
        /// The id minted.
        principal: PrincipalId,
    },
}

impl Event {
    /// The topic it is filed under.
    #[must_use]
    pub fn topic(&self) -> Option<TopicId> {
        match self {
            Self::MessagePosted { topic, .. } | Self::MessageRedacted { topic, .. } => Some(*topic),
            // Filed in a lane, under nothing: the lane has no topics of its own.
            Self::MessageReported { .. }
            | Self::RoomRegistered { .. }
            | Self::RoomCreated { .. }
            | Self::PrincipalRegistered { .. } => None,
        }
    }

    /// The mid, in the same log, whose row this entry may change.
    #[must_use]
    pub fn target(&self) -> Option<Mid> {
        match self {
            Self::MessageRedacted { of, .. } => Some(*of),
            _ => None,
        }
    }

    /// The seq, in the same log, whose words this entry erases.
    #[must_use]
    pub fn erases(&self) -> Option<u64> {
        match self {
            Self::MessageRedacted { seq, .. } => Some(*seq),
            _ => None,
        }
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
    /// `~directory`.
    Directory(Directory),
    /// `~identity`.
    Identity(Identity),
}

impl LogState {
    /// The state of an empty log, by its name.
    #[must_use]
    pub fn empty(log: &LogName) -> Self {
        match log.kind() {
            LogKind::Lane(_) => Self::Lane(Lane::default()),
            LogKind::System if *log == LogName::directory() => {
                Self::Directory(Directory::default())
            }
            LogKind::System => Self::Identity(Identity::default()),
            LogKind::Room | LogKind::Mailbox => Self::Room(Box::default()),
        }
    }

    /// Whether the command may become an entry, and which. Changes nothing. For a command with a
    /// lane, `self` is the room; the event goes to the lane.
    pub fn decide(
        &self,
        command: &Command,
        principal: &Principal,
        rows: &Rows,
    ) -> Result<Event, Refusal> {
        match (self, command) {
            (Self::Directory(directory), Command::RegisterRoom { room, class, specialty }) => {
                principal.may(Action::Create, *class)?;
                directory.register(room, *class, specialty.as_ref())
            }
            (Self::Identity(_), Command::RegisterPrincipal { principal }) => {
                Ok(Event::PrincipalRegistered { principal: principal.clone() })
            }
            (Self::Room(room), Command::CreateRoom { class, specialty }) => match room.class {
                Some(_) => Err(Refusal::RoomExists),
                None => Ok(Event::RoomCreated { class: *class, specialty: specialty.clone() }),
            },
            (Self::Room(room), command) => {
                let class = room.class.ok_or(Refusal::UnknownRoom)?;
                match command {
                    Command::Post { topic, kind, reply_to, after, origin } => {
                        principal.may(Action::Post, class)?;
                        if origin.is_some() {
                            principal.may(Action::PostAs, class)?;
                        }
                        message::post(*topic, *kind, *reply_to, *after, *origin, rows)
                    }
                    Command::Redact { of } => {
                        principal.may(Action::Redact, class)?;
                        message::redact(*of, rows)
                    }
                    Command::Report { of } => {
                        principal.may(Action::Report, class)?;
                        message::report(*of, rows)
                    }
                    _ => Err(Refusal::WrongLog),
                }
            }
            _ => Err(Refusal::WrongLog),
        }
    }

    /// Takes in an entry that happened. Never fails, whatever the entry.
    pub fn apply(&mut self, event: &Event, meta: &Meta) {
        match self {
            Self::Room(room) => room.apply(event, meta),
            Self::Lane(lane) => {
                lane.line.advance(meta.position);
                lane.at = meta.at;
                lane.n = meta.n.unwrap_or(lane.n);
            }
            Self::Directory(directory) => directory.apply(event, meta),
            Self::Identity(identity) => identity.apply(event, meta),
        }
    }

    /// The line of epochs.
    #[must_use]
    pub fn line(&self) -> &Line {
        match self {
            Self::Room(room) => &room.line,
            Self::Lane(lane) => &lane.line,
            Self::Directory(directory) => &directory.line,
            Self::Identity(identity) => &identity.line,
        }
    }

    /// The ordinal of the newest entry that counts.
    #[must_use]
    pub fn n(&self) -> u64 {
        match self {
            Self::Room(room) => room.n,
            Self::Lane(lane) => lane.n,
            Self::Directory(_) | Self::Identity(_) => 0,
        }
    }

    /// Server time of the newest entry, unix milliseconds.
    #[must_use]
    pub fn at(&self) -> u64 {
        match self {
            Self::Room(room) => room.at,
            Self::Lane(lane) => lane.at,
            Self::Directory(directory) => directory.at,
            Self::Identity(identity) => identity.at,
        }
    }
}
