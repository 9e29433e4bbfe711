//! The rules, and nothing but rules. No clock, IO, async or serde; time and rows are arguments.
//!
//! [`LogState::decide`] never changes, [`LogState::apply`] never fails: folding a log's entries gives
//! the live state. State holds facts and positions only; what people wrote never comes here.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod access;
mod directory;
mod identity;
mod line;
mod member;
mod message;
mod ordinals;
pub mod presence;
pub mod refusal;
mod room;
mod row;
mod state;

pub use directory::{Directory, Listing};
pub use identity::Identity;
pub use line::{Line, Located};
pub use member::Member;
pub use message::{Kind, Topic};
pub use ordinals::Ordinals;
pub use refusal::Refusal;
pub use room::{Class, Lane, Room};
pub use row::{Judgement, Row, Rows, Status, reindex};
pub use state::{Command, Event, LogState, Machine, Meta};
