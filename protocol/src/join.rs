//! `join` and `leave`: following a log from a position on. They concern the connection and log nothing.

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{LogName, Position};
use crate::room::RoomState;

/// Where to begin reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    /// After this position.
    Position(Position),
    /// Only what comes from now on.
    #[default]
    Now,
    /// The whole log.
    Start,
    /// The last n entries that count as reading matter, and what stands between them.
    Last(u64),
}

impl Serialize for From {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Last {
            last: u64,
        }
        match *self {
            Self::Position(position) => position.serialize(serializer),
            Self::Now => serializer.serialize_str("now"),
            Self::Start => serializer.serialize_str("start"),
            Self::Last(last) => Last { last }.serialize(serializer),
        }
    }
}

const FROM_RULE: &str = "from is {epoch, seq}, \"now\", \"start\" or {\"last\": n}";

impl<'de> Deserialize<'de> for From {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FromVisitor;
        impl<'de> Visitor<'de> for FromVisitor {
            type Value = From;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(FROM_RULE)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<From, E> {
                match text {
                    "now" => Ok(From::Now),
                    "start" => Ok(From::Start),
                    _ => Err(E::custom(FROM_RULE)),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<From, A::Error> {
                let (mut epoch, mut seq, mut last) = (None, None, None);
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    let slot = match key.as_ref() {
                        "epoch" => &mut epoch,
                        "seq" => &mut seq,
                        "last" => &mut last,
                        _ => return Err(de::Error::custom(FROM_RULE)),
                    };
                    if slot.replace(map.next_value::<u64>()?).is_some() {
                        return Err(de::Error::custom(FROM_RULE));
                    }
                }
                match (epoch, seq, last) {
                    (Some(epoch), Some(seq), None) => Ok(From::Position(Position::new(epoch, seq))),
                    (None, None, Some(last)) => Ok(From::Last(last)),
                    _ => Err(de::Error::custom(FROM_RULE)),
                }
            }
        }
        deserializer.deserialize_any(FromVisitor)
    }
}

/// `join`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The log.
    pub room: LogName,
    /// Where to begin; `"now"` if absent.
    #[serde(default)]
    pub from: From,
}

/// `leave`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Leave {
    /// The log.
    pub room: LogName,
}

/// `leave`'s answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Left {}

/// `join`'s answer. Entries above `after` follow, oldest first, then live ones, with no seam.
/// Entries at or below `position` fill the view; `state` holds them already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Joined {
    /// The log's head: what `state` describes. `{0,0}` while the log is empty.
    pub position: Position,
    /// The first entry sent is the one after this. Drop what you hold above it.
    pub after: Position,
    /// The oldest entry that can be read; `{0,0}` while the log is empty.
    pub first: Position,
    /// The head's ordinal: how many entries count as reading matter.
    pub n: u64,
    /// Whether everything after the position you named will be sent. `false`: your position is not
    /// on this log's line, and `after` is the last one both sides share.
    pub recovered: bool,
    /// Rooms only: how many people are here now, you included; `presence` tells who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<u64>,
    /// The log's state at `position`.
    pub state: RoomState,
}
