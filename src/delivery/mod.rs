//! From a log to sockets: one loop for live delivery, resume, slow readers and replay.
//!
//! A subscription is a cursor over a [`Tail`] with the log behind it, never a queue. A [`Channel`]
//! joins the tail of one log with the connections that follow it; its pass walks them and writes to
//! each socket all that its cursor lacks. A [`Gate`] is one connection's only way out. [`Presence`]
//! tells those who follow a room who else does.

mod batch;
mod channel;
mod cursor;
mod farewell;
pub mod frame;
mod gate;
mod outbox;
mod pass;
mod presence;
mod read;
mod sending;
mod socket;
mod tail;
mod waiting;

pub use batch::Batch;
pub use channel::{Channel, Seat};
pub use cursor::Cursor;
pub use farewell::farewell;
pub use gate::{Gate, Need, Pumped};
pub use outbox::{REPLIES, REPLY_BYTES};
pub use pass::run as run_pass;
pub use presence::{Carded, Presence, Shown, key as signal_key};
pub use read::{BatchError, PIECE, read_after};
pub use socket::Socket;
pub use tail::Tail;
pub use waiting::{Effect, Reply};
