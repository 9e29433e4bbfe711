//! What a room's stream yields: entries by their op, and in-band news about the stream itself.
//!
//! `Debug` of an event shows facts only, never words.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use wardroom_protocol::code::WireError;
use wardroom_protocol::envelope;
use wardroom_protocol::identity::Profile;
use wardroom_protocol::ids::{LogName, Mid, Position, PrincipalId, TopicId};
use wardroom_protocol::join::Joined;
use wardroom_protocol::message::{About, PostedWords, ReasonWords};
use wardroom_protocol::presence::PresenceSignal;
use wardroom_protocol::room::{Created, TitleWords};
use wardroom_protocol::{mailbox, message, notice};

/// One item of a room's stream. New kinds come with new versions: keep a `_` arm.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Somebody said something.
    Posted(Posted),
    /// A message's words were erased. Forget them.
    Redacted(Redacted),
    /// The room began.
    RoomCreated(RoomCreated),
    /// Somebody pointed the moderators to a message (lane `moderators`).
    Reported(Reported),
    /// You have read messages of a room, on this device or another (your mailbox). See
    /// [`Unread::hear`](crate::Unread::hear).
    ReadMarked(ReadMarked),
    /// An entry elsewhere concerns you, and why (your mailbox).
    Filed(Filed),
    /// An entry whose op this version does not know. It counts for positions like any other.
    Unknown(Entry),
    /// Entries are missing here for good. What follows is contiguous again.
    Gap(Gap),
    /// The log was joined again, after a lost connection or an overflow. See [`Rejoined`].
    Rejoined(Box<Rejoined>),
    /// Everything up to the head that the last join named has been delivered; what follows is live.
    CaughtUp(Position),
    /// Somebody is writing. Not an entry; may be dropped.
    Typing(Typing),
    /// Who came and who left. Not an entry; may be dropped, which [`Roster`](crate::Roster) notices.
    Presence(PresenceSignal),
    /// The log cannot be followed any more, and why. The last event of the stream.
    Ended(WireError),
}

impl Event {
    /// The entry, if this event is one.
    #[must_use]
    pub fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Posted(it) => Some(&it.entry),
            Self::Redacted(it) => Some(&it.entry),
            Self::RoomCreated(it) => Some(&it.entry),
            Self::Reported(it) => Some(&it.entry),
            Self::ReadMarked(it) => Some(&it.entry),
            Self::Filed(it) => Some(&it.entry),
            Self::Unknown(entry) => Some(entry),
            _ => None,
        }
    }

    /// The typed event of an entry. What does not read as its op says comes as `Unknown`.
    pub(crate) fn of_entry(parsed: &envelope::Entry, raw: Utf8Bytes) -> Self {
        fn read<F: DeserializeOwned, W: DeserializeOwned>(
            it: &envelope::Entry,
        ) -> serde_json::Result<(F, Option<W>)> {
            Ok((it.facts()?, it.words()?))
        }
        let entry = Entry::new(parsed, raw);
        macro_rules! typed {
            ($name:ident) => {
                match read(parsed) {
                    Ok((facts, words)) => Self::$name($name { entry, facts, words }),
                    Err(_) => Self::Unknown(entry),
                }
            };
        }
        macro_rules! wordless {
            ($name:ident) => {
                match parsed.facts() {
                    Ok(facts) => Self::$name($name { entry, facts }),
                    Err(_) => Self::Unknown(entry),
                }
            };
        }
        match parsed.op.as_str() {
            "message.posted" => typed!(Posted),
            "message.redacted" => typed!(Redacted),
            "room.created" => typed!(RoomCreated),
            "message.reported" => typed!(Reported),
            "read.marked" => wordless!(ReadMarked),
            "notification.filed" => wordless!(Filed),
            _ => Self::Unknown(entry),
        }
    }
}

/// What every entry carries, and its exact bytes.
#[derive(Clone)]
pub struct Entry {
    /// The log it stands in.
    pub log: LogName,
    /// Where it stands.
    pub position: Position,
    /// Its ordinal, if it is reading matter.
    pub n: Option<u64>,
    /// Server time of its ordering, unix milliseconds.
    pub at: u64,
    /// Who acted.
    pub by: PrincipalId,
    /// Its op.
    pub op: String,
    /// Its identity.
    pub mid: Mid,
    /// Lanes only: the room's head when it was written.
    pub head: Option<Position>,
    /// Recovered entries only: the position it once had.
    pub was: Option<Position>,
    /// Whether its words were erased.
    pub erased: bool,
    raw: Utf8Bytes,
}

impl Entry {
    fn new(parsed: &envelope::Entry, raw: Utf8Bytes) -> Self {
        Self {
            log: parsed.room.clone(),
            position: parsed.position(),
            n: parsed.n,
            at: parsed.at,
            by: parsed.by.id.clone(),
            op: parsed.op.clone(),
            mid: parsed.mid,
            head: parsed.head,
            was: parsed.was,
            erased: parsed.erased,
            raw,
        }
    }

    /// The frame's text, exactly as the server sent it: the same bytes for every reader.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.raw.as_str()
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("log", &self.log)
            .field("position", &self.position)
            .field("n", &self.n)
            .field("op", &self.op)
            .field("mid", &self.mid)
            .field("by", &self.by)
            .field("erased", &self.erased)
            .finish_non_exhaustive()
    }
}

/// An event made of an entry, its facts and its words; `Debug` leaves the words out.
macro_rules! entry_event {
    ($(#[$doc:meta])+ $name:ident, $facts:ty, $words:ty) => {
        $(#[$doc])+
        #[derive(Clone)]
        pub struct $name {
            /// Position, author, mid, raw bytes.
            pub entry: Entry,
            /// The facts.
            pub facts: $facts,
            /// The words; `None` once they are erased.
            pub words: Option<$words>,
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("entry", &self.entry)
                    .field("facts", &self.facts)
                    .finish_non_exhaustive()
            }
        }
    };
}

entry_event!(
    /// A message.
    Posted, message::Posted, PostedWords
);
entry_event!(
    /// An erasure.
    Redacted, About, ReasonWords
);
entry_event!(
    /// A room's beginning.
    RoomCreated, Created, TitleWords
);
entry_event!(
    /// A report to the moderators.
    Reported, About, ReasonWords
);

/// A note in your mailbox: these ordinals of a room were read too.
#[derive(Clone, Debug)]
pub struct ReadMarked {
    /// Position, author, mid, raw bytes.
    pub entry: Entry,
    /// The room, and the ordinals.
    pub facts: mailbox::ReadMarked,
}

/// A note in your mailbox: something elsewhere concerns you.
#[derive(Clone, Debug)]
pub struct Filed {
    /// Position, author, mid, raw bytes.
    pub entry: Entry,
    /// Where, what, and why.
    pub facts: mailbox::Filed,
}

impl Posted {
    /// The text; `None` once it is erased.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.words.as_ref().map(|words| words.body.as_str())
    }

    /// The name on the author's card; `None` once it is erased.
    #[must_use]
    pub fn author(&self) -> Option<&str> {
        self.words.as_ref().map(|words| words.card.name.as_str())
    }
}

/// Entries `from` to `to`, both included, will never come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first seq missing.
    pub from: u64,
    /// The last seq missing.
    pub to: u64,
    /// Why.
    pub reason: String,
    /// The last position before the gap.
    pub last: Position,
}

impl Gap {
    pub(crate) fn from_notice(gap: &notice::Gap, from: u64, last: Position) -> Self {
        Self { from, to: gap.to, reason: gap.reason.clone(), last }
    }
}

/// A log joined again. **Drop every entry you hold above `joined.after`**: it is not on the log's
/// line any more. After an ordinary reconnect that is nothing, because `after` is your last entry.
#[derive(Clone, Debug)]
pub struct Rejoined {
    /// The answer to the join, with the state at its position.
    pub joined: Joined,
    /// The server told this client to drop its positions (close codes 43xx): drop *all* you hold.
    pub reset: bool,
}

/// Somebody is writing. Show it for 6 seconds, or until an entry of theirs comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typing {
    /// Who.
    pub by: PrincipalId,
    /// Under which topic, if it has an id already.
    pub topic: Option<TopicId>,
    /// What to show them by.
    pub card: Option<Profile>,
}

/// The server's notice that the node goes away.
pub(crate) fn drain_window(drain: notice::Drain) -> Duration {
    Duration::from_millis(drain.within_ms)
}
