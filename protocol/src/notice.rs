//! Notices: from the server to one connection.

use serde::{Deserialize, Serialize};

use crate::ids::{LogName, Position};

/// `ping`: answer with the op `pong`. Browsers never see WebSocket pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Ping {
    /// Server time, unix milliseconds.
    pub now: u64,
}

/// `drain`: the node is going away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Drain {
    /// Reconnect at a random moment within this many milliseconds.
    pub within_ms: u64,
}

/// `gap`: entries are lost for good; reading goes on after them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Gap {
    /// The log.
    pub room: LogName,
    /// The first seq missing.
    pub from: u64,
    /// The last seq missing: the cursor goes there, in its epoch.
    pub to: u64,
    /// Why: `lost` (both copies are damaged).
    pub reason: String,
    /// The last position both sides share.
    pub last: Position,
}

/// `expiring`: the token ends soon. Sent once per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Expiring {
    /// Unix milliseconds at which the token ends and the connection closes.
    pub expires_at: u64,
}

/// `removed`: this connection does not follow a log any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Removed {
    /// The log.
    pub room: LogName,
    /// Why: `forbidden` (you may not read it any more).
    pub reason: String,
}
