//! The frame around a body, both ways.
//!
//! Decoding has two steps: the envelope with a raw body, then the typed body. So an unknown op or a
//! bad body is answered with its id, and only a bad envelope closes the connection.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::code::{ErrorCode, WireError};
use crate::ids::{LogName, Mid, Position, PrincipalId};
use crate::limits;

/// Why a frame is no envelope. Closes the connection with `bad_envelope`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON, not an object, a field missing, doubled or unknown.
    #[error("the frame is not an envelope {{id?, op, d?}}")]
    Shape,
    /// Nested deeper than [`limits::JSON_DEPTH`].
    #[error("the frame is nested deeper than {} levels", limits::JSON_DEPTH)]
    TooDeep,
    /// An id above 2^53 - 1.
    #[error("an id is an integer from 0 to 2^53 - 1")]
    Id,
}

/// A command as it arrives: the body is still text.
#[derive(Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Command<'a> {
    /// Echoed in the reply. Without it there is no reply.
    #[serde(default)]
    pub id: Option<u64>,
    /// The op.
    #[serde(borrow)]
    pub op: Cow<'a, str>,
    /// The body.
    #[serde(borrow, default)]
    #[cfg_attr(any(test, feature = "schema"), schemars(with = "Option<serde_json::Value>"))]
    pub d: Option<&'a RawValue>,
}

impl<'a> Command<'a> {
    /// First step: the envelope.
    pub fn decode(text: &'a str) -> Result<Self, EnvelopeError> {
        if openings(text.as_bytes()) > limits::JSON_DEPTH
            && depth(text.as_bytes()) > limits::JSON_DEPTH
        {
            return Err(EnvelopeError::TooDeep);
        }
        let command: Self = serde_json::from_str(text).map_err(|_| EnvelopeError::Shape)?;
        if command.id.is_some_and(|id| id > limits::SAFE_INTEGER) {
            return Err(EnvelopeError::Id);
        }
        Ok(command)
    }

    /// Second step: the typed body. A missing body reads as `{}`. Unknown fields are refused by the
    /// body's type. The error points at the part and repeats nothing of it.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, WireError> {
        let text = self.d.map_or("{}", RawValue::get);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        T::deserialize(&mut deserializer).map_err(|error| body_error(&error))
    }
}

/// What a body's error tells its sender: serde's own text names fields and types, but for an unknown
/// field or a wrong value it repeats input, so only the kind of mistake and the place are kept.
fn body_error(error: &serde_json::Error) -> WireError {
    let text = error.to_string();
    let known = |prefix: &str| {
        text.strip_prefix(prefix).and_then(|rest| rest.split('`').nth(1)).map(ToOwned::to_owned)
    };
    let message = if let Some(field) = known("missing field") {
        return WireError::new(ErrorCode::BadRequest, format!("the field {field} is missing"))
            .at(pointer(&field));
    } else if let Some(field) = known("duplicate field") {
        return WireError::new(ErrorCode::BadRequest, format!("the field {field} stands twice"))
            .at(pointer(&field));
    } else if text.starts_with("unknown field") {
        "the body has a field that this op does not take".to_owned()
    } else if text.starts_with("invalid type") {
        "a field of the body has the wrong type".to_owned()
    } else if let Some(rule) = ID_RULES.iter().find(|rule| text.starts_with(**rule)) {
        (*rule).to_owned()
    } else {
        "the body is not what this op takes".to_owned()
    };
    WireError::new(ErrorCode::BadRequest, format!("{message} (column {} of d)", error.column()))
        .at("/d")
}

/// Where a field named by serde stands. serde tells its name, not the way to it; the few that stand
/// inside another field (a position, a client's name, an origin) point at the body as a whole.
fn pointer(field: &str) -> String {
    match field {
        "epoch" | "seq" | "name" | "author" => "/d".to_owned(),
        field => format!("/d/{field}"),
    }
}

/// The fixed texts of [`crate::ids::IdError`] that may pass through to the sender.
const ID_RULES: &[&str] = &[
    "a room is 1 to 64 of a-z, 0-9 and '-'",
    "a log is a room, room/lane, ~system or @person",
    "a mid is a UUID in its hyphenated form, and not nil",
    "a topic id is 26 characters of a-z and 2-7, as an entry's d.topic shows it",
    "from is {epoch, seq}, \"now\", \"start\" or {\"last\": n}",
];

/// How many brackets open, also inside strings: at least the depth, and hardly ever many. Looking at
/// each byte alike is several times as fast as finding the strings.
fn openings(text: &[u8]) -> usize {
    // Of a block that a byte can count, so that many are added up at once.
    let of =
        |block: &[u8]| block.iter().map(|byte| u8::from(matches!(byte, b'{' | b'['))).sum::<u8>();
    text.chunks(usize::from(u8::MAX)).map(|block| usize::from(of(block))).sum()
}

/// Deepest nesting of arrays and objects in a JSON text; brackets inside strings do not count.
/// Runs before the parser, so that depth costs a scan and never a stack.
#[must_use]
pub fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut at) = (0_usize, 0_usize, 0);
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(text, at),
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Where what follows a string begins; `at` is behind its first quote. Most of a frame is strings, so
/// they are leapt over.
fn string_end(text: &[u8], mut at: usize) -> usize {
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        // What a backslash stands before is part of the string.
        at += 1;
    }
    text.len()
}

#[derive(Serialize)]
struct CommandOut<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    op: &'a str,
    d: &'a T,
}

/// A command's frame.
pub fn command<T: Serialize>(id: Option<u64>, op: &str, d: &T) -> serde_json::Result<String> {
    serde_json::to_string(&CommandOut { id, op, d })
}

#[derive(Serialize)]
struct OkOut<'a, T> {
    id: u64,
    ok: &'a T,
}

#[derive(Serialize)]
struct ErrorOut<'a> {
    id: u64,
    error: &'a WireError,
}

/// A reply's frame.
pub fn reply<T: Serialize>(id: u64, result: Result<&T, &WireError>) -> serde_json::Result<String> {
    match result {
        Ok(ok) => serde_json::to_string(&OkOut { id, ok }),
        Err(error) => serde_json::to_string(&ErrorOut { id, error }),
    }
}

#[derive(Serialize)]
struct NoticeOut<'a, T> {
    op: &'a str,
    d: &'a T,
}

/// A notice's frame.
pub fn notice<T: Serialize>(op: &str, d: &T) -> serde_json::Result<String> {
    serde_json::to_string(&NoticeOut { op, d })
}

#[derive(Serialize)]
struct SignalOut<'a, T> {
    room: &'a LogName,
    op: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<By>,
    d: &'a T,
}

/// A signal's frame; `by` where somebody acted.
pub fn signal<T: Serialize>(
    room: &LogName,
    op: &str,
    by: Option<&PrincipalId>,
    d: &T,
) -> serde_json::Result<String> {
    let by = by.map(|id| By { id: id.clone() });
    serde_json::to_string(&SignalOut { room, op, by, d })
}

/// Who acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct By {
    /// The opaque id.
    pub id: PrincipalId,
}

/// An entry as a client reads it. Unknown fields are ignored; facts and words are still text, so
/// that an op nobody knows yet passes through whole.
#[derive(Clone, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Entry {
    /// The log it stands in.
    pub room: LogName,
    /// The numbering epoch.
    pub epoch: u64,
    /// Its dense number.
    pub seq: u64,
    /// Its ordinal, if it is reading matter.
    #[serde(default)]
    pub n: Option<u64>,
    /// Server time of its ordering, unix milliseconds.
    pub at: u64,
    /// Who acted.
    pub by: By,
    /// The op.
    pub op: String,
    /// Its identity.
    pub mid: Mid,
    /// Lanes only: the room's head when it was written; merge the two logs by it.
    #[serde(default)]
    pub head: Option<Position>,
    /// Recovered entries only: the position it once had.
    #[serde(default)]
    pub was: Option<Position>,
    /// The facts.
    #[cfg_attr(
        any(test, feature = "schema"),
        schemars(with = "serde_json::Map<String, serde_json::Value>")
    )]
    pub d: Box<RawValue>,
    /// The words, unless there were none or they are erased.
    #[serde(default)]
    #[cfg_attr(
        any(test, feature = "schema"),
        schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")
    )]
    pub w: Option<Box<RawValue>>,
    /// Whether the words were erased.
    #[serde(default)]
    pub erased: bool,
}

impl Entry {
    /// Where it stands.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::new(self.epoch, self.seq)
    }

    /// The facts as a type.
    pub fn facts<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.d.get())
    }

    /// The words as a type; `None` if there are none or they are erased.
    pub fn words<T: DeserializeOwned>(&self) -> serde_json::Result<Option<T>> {
        self.w.as_ref().map(|words| serde_json::from_str(words.get())).transpose()
    }
}

/// A reply as a client reads it.
#[derive(Clone)]
pub struct Reply {
    /// The command's id.
    pub id: u64,
    /// What came of it.
    pub result: Result<Box<RawValue>, WireError>,
}

/// A signal as a client reads it.
#[derive(Clone)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Signal {
    /// The log whose members get it.
    pub room: LogName,
    /// The op.
    pub op: String,
    /// Who acted, where somebody did.
    pub by: Option<By>,
    /// The body.
    #[cfg_attr(
        any(test, feature = "schema"),
        schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")
    )]
    pub d: Option<Box<RawValue>>,
}

/// A notice as a client reads it.
#[derive(Clone)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Notice {
    /// The op.
    pub op: String,
    /// The body.
    #[cfg_attr(
        any(test, feature = "schema"),
        schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")
    )]
    pub d: Option<Box<RawValue>>,
}

/// Any frame a server sends.
#[derive(Clone, Debug)]
pub enum ServerFrame {
    /// Has an `id`.
    Reply(Reply),
    /// Has a `room` and a `seq`.
    Entry(Box<Entry>),
    /// Has a `room` and no `seq`.
    Signal(Signal),
    /// Has neither.
    Notice(Notice),
}

wordless!(Command<'_> { id, op });
wordless!(Entry { room, epoch, seq, n, at, by, op, mid, erased });
wordless!(Reply { id });
wordless!(Signal { room, op, by });
wordless!(Notice { op });

#[derive(Deserialize)]
struct Probe<'a> {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    room: Option<LogName>,
    #[serde(default, borrow)]
    op: Option<Cow<'a, str>>,
    #[serde(default)]
    by: Option<By>,
    #[serde(default)]
    d: Option<Box<RawValue>>,
    #[serde(default)]
    ok: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<WireError>,
}

impl ServerFrame {
    /// Reads a frame. An error means that the peer does not speak `wardroom.v1`.
    pub fn decode(text: &str) -> Result<Self, EnvelopeError> {
        let probe: Probe<'_> = serde_json::from_str(text).map_err(|_| EnvelopeError::Shape)?;
        if let Some(id) = probe.id {
            let result = match (probe.ok, probe.error) {
                (Some(ok), None) => Ok(ok),
                (None, Some(error)) => Err(error),
                _ => return Err(EnvelopeError::Shape),
            };
            return Ok(Self::Reply(Reply { id, result }));
        }
        if probe.seq.is_some() {
            let entry = serde_json::from_str(text).map_err(|_| EnvelopeError::Shape)?;
            return Ok(Self::Entry(Box::new(entry)));
        }
        let op = probe.op.ok_or(EnvelopeError::Shape)?.into_owned();
        Ok(match probe.room {
            Some(room) => Self::Signal(Signal { room, op, by: probe.by, d: probe.d }),
            None => Self::Notice(Notice { op, d: probe.d }),
        })
    }
}
