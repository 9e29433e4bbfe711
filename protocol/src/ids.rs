//! The names of things: logs, rooms, positions, messages, topics, people.
//!
//! Every constructor parses; what exists is valid. Text forms are what the wire carries.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a name was refused. The text says what is allowed and never repeats the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a room slug.
    #[error("a room is 1 to 64 of a-z, 0-9 and '-'")]
    Room,
    /// Not a log name.
    #[error("a log is a room, room/lane, ~system or @person")]
    Log,
    /// Not a message id.
    #[error("a mid is a UUID in its hyphenated form, and not nil")]
    Mid,
    /// Not a topic id.
    #[error("a topic id is 26 characters of a-z and 2-7, as an entry's d.topic shows it")]
    Topic,
    /// Not a principal id.
    #[error("a principal id is 1 to 64 of a-z, 0-9, '-' and '_'")]
    Principal,
}

/// Serialises through the text form; used by every id below. The text is given in one piece, since to
/// put it together through `Display` costs several times as much and every entry holds some.
macro_rules! text_form {
    ($name:ident, |$id:ident| $text:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let $id = self;
                serializer.serialize_str($text)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

mod mid;
pub use mid::Mid;

fn is_slug(text: &str, longest: usize) -> bool {
    !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A room's immutable slug: 1 to 64 of `a-z`, `0-9` and `-`. Never reused.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(Arc<str>);

impl RoomId {
    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The room's own log.
    #[must_use]
    pub fn log(&self) -> LogName {
        LogName(Arc::clone(&self.0))
    }

    /// The log of one of the room's lanes.
    #[must_use]
    pub fn lane(&self, lane: Lane) -> LogName {
        LogName(format!("{}/{}", self.0, lane.as_str()).into())
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RoomId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        is_slug(text, 64).then(|| Self(text.into())).ok_or(IdError::Room)
    }
}

text_form!(RoomId, |id| id.as_str());

/// A log beside a room with a narrower audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Lane {
    /// Reports and, later, held posts: read by moderators.
    Moderators,
}

impl Lane {
    /// Every lane there is.
    pub const ALL: [Self; 1] = [Self::Moderators];

    /// The lane's name, the part after the slash.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Moderators => "moderators",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == text)
    }
}

/// The name of any log: `cardiology`, `cardiology/moderators`, `~directory`, `@person`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogName(Arc<str>);

/// What kind of log a name denotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogKind {
    /// A room.
    Room,
    /// A lane of a room.
    Lane(Lane),
    /// `~directory`, `~identity`, …: read by nodes, not by connections.
    System,
    /// A person's own log.
    Mailbox,
}

impl LogName {
    /// The log of rooms and policies.
    #[must_use]
    pub fn directory() -> Self {
        Self("~directory".into())
    }

    /// The log of people and bots.
    #[must_use]
    pub fn identity() -> Self {
        Self("~identity".into())
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name denotes.
    #[must_use]
    pub fn kind(&self) -> LogKind {
        if self.0.starts_with('~') {
            return LogKind::System;
        }
        if self.0.starts_with('@') {
            return LogKind::Mailbox;
        }
        match self.0.split_once('/').map(|(_, lane)| Lane::parse(lane)) {
            Some(Some(lane)) => LogKind::Lane(lane),
            _ => LogKind::Room,
        }
    }

    /// A person's mailbox.
    #[must_use]
    pub fn mailbox(person: &PrincipalId) -> Self {
        Self(format!("@{person}").into())
    }

    /// Whose mailbox it is, if it is one.
    #[must_use]
    pub fn owner(&self) -> Option<PrincipalId> {
        self.0.strip_prefix('@').map(|person| PrincipalId(person.into()))
    }

    /// The room this log belongs to: itself, or the room a lane stands beside.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match self.kind() {
            LogKind::Room => Some(RoomId(Arc::clone(&self.0))),
            LogKind::Lane(_) => self.0.split_once('/').map(|(room, _)| RoomId(room.into())),
            LogKind::System | LogKind::Mailbox => None,
        }
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LogName {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let valid = match text.as_bytes().first() {
            Some(b'~') => {
                let rest = &text[1..];
                let (name, node) = rest.split_once('/').unwrap_or((rest, "x"));
                is_slug(name, 32) && is_slug(node, 64)
            }
            Some(b'@') => PrincipalId::from_str(&text[1..]).is_ok(),
            _ => match text.split_once('/') {
                Some((room, lane)) => is_slug(room, 64) && Lane::parse(lane).is_some(),
                None => is_slug(text, 64),
            },
        };
        valid.then(|| Self(text.into())).ok_or(IdError::Log)
    }
}

text_form!(LogName, |id| id.as_str());

/// A place in a log: `seq` counts 1, 2, 3 … without holes; `epoch` rises whenever the numbering
/// authority was lost and re-established. Positions compare epoch first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Unix second of the epoch's beginning; never used twice. 0 in the position before everything.
    pub epoch: u64,
    /// Dense number of the entry; 0 before the first.
    pub seq: u64,
}

impl Position {
    /// The position before everything, on the line of every log.
    pub const ZERO: Self = Self { epoch: 0, seq: 0 };

    /// A position.
    #[must_use]
    pub const fn new(epoch: u64, seq: u64) -> Self {
        Self { epoch, seq }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

/// A topic's identity inside its room: a keyed hash of the folded name of its first use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicId([u8; 16]);

impl TopicId {
    /// From the sixteen bytes of the hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Bytes of the text form.
    pub const TEXT: usize = 26;

    /// The text form, put into `buffer`.
    #[must_use]
    pub fn encode<'a>(&self, buffer: &'a mut [u8; Self::TEXT]) -> &'a str {
        BASE32_NOPAD.encode_mut(&self.0, buffer);
        buffer.make_ascii_lowercase();
        std::str::from_utf8(buffer).expect("base 32 is ASCII")
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; Self::TEXT]))
    }
}

impl FromStr for TopicId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != Self::TEXT || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(IdError::Topic);
        }
        let bytes = BASE32_NOPAD
            .decode(text.to_ascii_uppercase().as_bytes())
            .map_err(|_| IdError::Topic)?;
        bytes.try_into().map(Self).map_err(|_| IdError::Topic)
    }
}

text_form!(TopicId, |topic| topic.encode(&mut [0; TopicId::TEXT]));

/// Who acted, opaque: a person's, bot's or service's id as `~identity` minted it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrincipalId(Arc<str>);

impl PrincipalId {
    /// Whether a text is one: 1 to 64 of `a-z`, `0-9`, `-` and `_`.
    #[must_use]
    pub fn allows(text: &str) -> bool {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        (1..=64).contains(&text.len()) && text.bytes().all(fits)
    }

    /// The id minted from sixteen bytes of a keyed hash.
    #[must_use]
    pub fn from_hash(hash: [u8; 16]) -> Self {
        Self(BASE32_NOPAD.encode(&hash).to_ascii_lowercase().into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PrincipalId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::allows(text).then(|| Self(text.into())).ok_or(IdError::Principal)
    }
}

text_form!(PrincipalId, |id| id.as_str());

/// Lower-case base32 without padding, for opaque hashes that appear as facts.
#[must_use]
pub fn hash_text(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}
