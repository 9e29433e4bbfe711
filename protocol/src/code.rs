//! The registry of errors and close codes: one row each, written before the code that uses it.
//!
//! The hundred says what to do. Errors: 1xx try again (after `retry_after_ms`, same mid), 2xx fix the
//! request, 3xx get a new token, 4xx resynchronise. Closes: 40xx reconnect now, 41xx back off,
//! 42xx sign in again, 43xx drop positions and rejoin, 44xx stay away.

use serde::{Deserialize, Serialize};

macro_rules! errors {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal $name:literal $certainty:ident,)+) => {
        /// A stable error code. Names and numbers never change meaning within v1.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[doc = $doc])+ $variant,)+ }

        impl ErrorCode {
            /// Every code, in number order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The number; its hundred says what to do.
            #[must_use]
            pub const fn number(self) -> u16 { match self { $(Self::$variant => $number,)+ } }

            /// The name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $name,)+ } }

            /// Whether the command certainly did not happen. `false`: it may have; retry the same mid.
            #[must_use]
            pub const fn definite(self) -> bool {
                matches!(match self { $(Self::$variant => Certainty::$certainty,)+ }, Certainty::Definite)
            }

            /// What the code means, in one sentence for SPEC.md.
            #[must_use]
            pub const fn meaning(self) -> &'static str { match self { $(Self::$variant => concat!($($doc),+),)+ } }
        }
    };
}

enum Certainty {
    Definite,
    Unknown,
}

errors! {
    /// Something failed that should not have; the outcome of a write is unknown.
    Internal = 100 "internal" Unknown,
    /// A bounded queue is full; nothing was done.
    Overloaded = 101 "overloaded" Definite,
    /// More messages than this person may send; nothing was done.
    RateLimited = 102 "rate_limited" Definite,
    /// The node cannot write its log; nothing was done.
    LogUnavailable = 103 "log_unavailable" Definite,
    /// The entry was ordered but its safety was not confirmed; retry the same mid to learn its fate.
    Unknown = 104 "unknown" Unknown,
    /// The mid named in `after` is not logged yet; nothing was done.
    OutOfOrder = 105 "out_of_order" Definite,
    /// The node is draining; reconnect and send it there.
    Draining = 106 "draining" Definite,
    /// A moderator looks at it first; it is kept. Send the same mid later to learn its fate.
    Held = 107 "held" Unknown,
    /// The body is not what the op asks for; `field` points at the part.
    BadRequest = 200 "bad_request" Definite,
    /// The server does not know this op.
    UnknownOp = 201 "unknown_op" Definite,
    /// There is no such room, or none that you may know of.
    UnknownRoom = 202 "unknown_room" Definite,
    /// Your roles do not allow this.
    Forbidden = 203 "forbidden" Definite,
    /// Larger than the limit for this field.
    TooLarge = 204 "too_large" Definite,
    /// This mid was used before for something else.
    MidReused = 205 "mid_reused" Definite,
    /// This mid was used before by somebody else.
    MidTaken = 206 "mid_taken" Definite,
    /// The room's name is taken.
    RoomExists = 207 "room_exists" Definite,
    /// There is no message with that mid in this room.
    UnknownMessage = 208 "unknown_message" Definite,
    /// This connection has joined as many logs as it may.
    TooManyLogs = 209 "too_many_logs" Definite,
    /// This connection has not joined that log.
    NotJoined = 210 "not_joined" Definite,
    /// The text holds characters that a text may not hold.
    BadText = 211 "bad_text" Definite,
    /// This connection has said hello already.
    AlreadyGreeted = 212 "already_greeted" Definite,
    /// There is nobody with this id, or they do not belong to this room.
    UnknownPerson = 213 "unknown_person" Definite,
    /// There is no topic with this id in this room.
    UnknownTopic = 214 "unknown_topic" Definite,
    /// The name leads to another topic of this room already.
    TopicExists = 215 "topic_exists" Definite,
    /// The room is archived: it can be read, and nothing new is said in it.
    RoomArchived = 216 "room_archived" Definite,
    /// The message was retracted, hidden or erased, and takes this no more.
    MessageGone = 217 "message_gone" Definite,
    /// The announcement's time is over.
    AnnouncementOver = 218 "announcement_over" Definite,
    /// As many as there may be are there already.
    TooMany = 219 "too_many" Definite,
    /// It is not shown and will not be: a moderator declined it, or its author took it back.
    Declined = 220 "declined" Definite,
    /// The room needs an owner, and this one is its last.
    LastOwner = 221 "last_owner" Definite,
    /// The token is not one this server accepts.
    TokenInvalid = 300 "token_invalid" Definite,
    /// The token's time is over.
    TokenExpired = 301 "token_expired" Definite,
    /// The position is not on this log's line; `common` names the last position both sides share.
    PositionUnknown = 400 "position_unknown" Definite,
}

impl ErrorCode {
    /// The code with this name, if this version knows it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }

    /// Whether trying the same command again can succeed.
    #[must_use]
    pub const fn retryable(self) -> bool {
        self.number() < 200
    }
}

/// An error as the wire carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct WireError {
    /// The code's name.
    pub code: String,
    /// The code's number; read its hundred when the name is new to you.
    pub number: u16,
    /// For people: what failed and what to do next. Holds nothing that anybody wrote.
    pub message: String,
    /// How long to wait before trying again, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// JSON pointer to the part that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The last position both sides share (`position_unknown` only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common: Option<crate::ids::Position>,
}

impl WireError {
    /// An error with its message.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code: code.name().into(),
            number: code.number(),
            message: message.into(),
            retry_after_ms: None,
            field: None,
            common: None,
        }
    }

    /// The same, pointing at a field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.field = Some(pointer.into());
        self
    }

    /// The same, with a time to wait.
    #[must_use]
    pub fn after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// Whether trying the same command again can succeed, by the number's hundred.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        self.number < 200
    }
}

macro_rules! closes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal $name:literal,)+) => {
        /// A close code with its stable name, which is the close frame's reason.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum CloseCode { $($(#[doc = $doc])+ $variant,)+ }

        impl CloseCode {
            /// Every code, in number order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The number.
            #[must_use]
            pub const fn number(self) -> u16 { match self { $(Self::$variant => $number,)+ } }

            /// The reason on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $name,)+ } }

            /// What the code means, in one sentence for SPEC.md.
            #[must_use]
            pub const fn meaning(self) -> &'static str { match self { $(Self::$variant => concat!($($doc),+),)+ } }
        }
    };
}

closes! {
    /// The peer closed and was answered.
    Normal = 1000 "",
    /// A frame broke RFC 6455.
    ProtocolError = 1002 "protocol_error",
    /// A binary frame where text is agreed.
    BinaryRefused = 1003 "binary_refused",
    /// A text frame that is not UTF-8.
    NotUtf8 = 1007 "not_utf8",
    /// A frame or message larger than the limit.
    FrameTooLarge = 1009 "frame_too_large",
    /// The server failed; this connection only.
    ServerError = 1011 "server_error",
    /// The node is going away; reconnect now, resume by position.
    Drain = 4000 "drain",
    /// Nothing could be written to the peer for too long; come back slower and resume by position.
    Slow = 4100 "slow",
    /// Nothing was heard from the peer for too long.
    Silent = 4101 "silent",
    /// Not in use: a node that has no room for another connection answers the upgrade with HTTP 503.
    Busy = 4102 "busy",
    /// No `hello` in time, or another command before it.
    HelloRequired = 4200 "hello_required",
    /// The token is not one this server accepts.
    TokenInvalid = 4201 "token_invalid",
    /// The token's time is over.
    TokenExpired = 4202 "token_expired",
    /// A frame that is not an envelope of `wardroom.v1`.
    BadEnvelope = 4400 "bad_envelope",
}
