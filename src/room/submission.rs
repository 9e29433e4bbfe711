//! What comes to a room, and what goes back.

use std::sync::Arc;

use bytes::Bytes;
use wardroom_protocol::ids::{LogName, Mid, Position};

use crate::delivery::Gate;
use crate::domain::access::Principal;
use crate::domain::{Command, Refusal};
use crate::seal::Sealed;

/// A command with all that an entry needs besides its place. Made on the caller's task: words never
/// come from decide.
#[derive(Debug)]
pub struct Submission {
    /// Who asks.
    pub principal: Arc<Principal>,
    /// The identity of the act.
    pub mid: Mid,
    /// The facts.
    pub command: Command,
    /// Keyed hash of what was submitted.
    pub submit: [u8; 32],
    /// The words; derived entries of mailboxes have none.
    pub words: Option<Worded>,
}

/// Words, sealed for the log they most likely go to, and still in hand for those who read live. The
/// room seals them again where they go elsewhere: into a lane, or under another mid.
#[derive(Debug)]
pub struct Worded {
    /// The log that they are sealed for.
    pub log: LogName,
    /// As they rest.
    pub sealed: Sealed,
    /// As they read: the proposer's JSON.
    pub open: Bytes,
    /// The name they carry, if they do: a title, or a topic's name.
    pub name: Option<Arc<str>>,
}

/// A command that became an entry, now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where it stands.
    pub position: Position,
    /// When it was ordered, unix milliseconds.
    pub at: u64,
    /// Whether it had been written before.
    pub duplicate: bool,
}

/// Why it did not become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The domain said no.
    Refused(Refusal),
    /// The infrastructure failed.
    Fault(Fault),
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The node cannot write its log; nothing was done.
    LogUnavailable,
    /// A bounded queue is full; nothing was done.
    Overloaded,
    /// Ordered, but its safety was not confirmed.
    Unknown,
    /// The log holds entries of a newer version and is read-only here.
    UpgradeNeeded,
    /// The entry would be larger than a log stores.
    TooLarge,
}

/// Takes the answer, once what it rests on is safe. Returns the gate to push, if there is one.
pub type Answer = Box<dyn FnOnce(Result<Written, Denied>) -> Option<Arc<Gate>> + Send>;
