//! The reference client for Wardroom, over `wardroom.v1`.
//!
//! - [`Client`] opens a connection, says hello, and keeps itself connected: full-jitter backoff, the
//!   server's own wishes first. Its [`State`] can be read and followed.
//! - [`Client::join`] gives a [`Room`]: a stream of typed [`Event`]s, each entry once and in order,
//!   across reconnects. A hole is never silent: it comes in-band as [`Event::Gap`].
//! - [`Room::post`](Writer::post) queues a message and gives a handle; awaiting it gives the
//!   definite answer. The same message id is sent again until there is one. [`Sending::held`] tells that
//!   a moderator looks at it first.
//! - [`Client::command`] sends every other op by its name: edits, reactions, pins, members, policies.
//! - [`Client::refresh`] and [`Builder::token_provider`] keep a client online past its token's end.
//! - [`Timeline`] folds a room's entries into what is to be shown: texts as they were edited, what was
//!   retracted, hidden or erased, reactions, pins, questions, topics. [`Unread`] counts what is unread.
//! - [`wire`] is the frame-level connection below all this, for tests and load testers.
//!
//! Nothing here logs, and no `Debug` shows words or tokens. (tungstenite, below, logs frames through
//! the `log` crate at level `trace`: keep its targets above that.)
//!
//! `README.md` begins with a bot.

mod address;
mod ask;
mod backoff;
mod builder;
mod client;
mod command;
mod driver;
mod error;
mod event;
mod follow;
mod held;
mod outbox;
mod provider;
mod ranges;
mod request;
mod room;
mod roster;
mod sending;
mod state;
mod subscription;
mod timeline;
mod token;
mod trust;
mod unread;
pub mod wire;
mod work;

pub use builder::Builder;
pub use client::Client;
pub use error::{Closed, Error, Result};
pub use event::{
    Entry, Event, Filed, Gap, Posted, ReadMarked, Redacted, Rejoined, Reported, RoomCreated, Typing,
};
pub use ranges::RangeSet;
pub use room::{Draft, Room, Writer};
pub use roster::{Heard, Roster};
pub use sending::Sending;
pub use state::State;
pub use timeline::{Changed, Message, Question, Stand, Timeline, Topic};
pub use unread::Unread;
pub use wardroom_protocol as protocol;
pub use wardroom_protocol::hello::Refreshed;
pub use wardroom_protocol::join::{From, Joined};
pub use wardroom_protocol::message::{MessageKind, Written};
pub use wardroom_protocol::presence::{Person, PresenceSignal};
