//! What every connection of a node shares.

use std::sync::Arc;

use tokio::sync::watch;
use wardroom_protocol::limits::Limits as WireLimits;

use super::{Counts, Quota};
use crate::cluster::Bus;
use crate::config::Limits;
use crate::domain::access::{Principal, Role};
use crate::identity::{Principals, Verifier};
use crate::log::Log;
use crate::room::Hall;
use crate::seal::Keyring;

/// Whether the node is going away: how long connections have, once it is.
pub type Drain = watch::Receiver<Option<std::time::Duration>>;

/// The node, as its connections use it.
pub struct Services {
    /// Rooms.
    pub hall: Hall,
    /// The durable log.
    pub log: Log,
    /// Keys.
    pub keys: Arc<Keyring>,
    /// Time.
    pub bus: Bus,
    /// Tokens.
    pub verifier: Verifier,
    /// People.
    pub principals: Principals,
    /// Rates.
    pub quota: Quota,
    /// What came.
    pub counts: Counts,
    /// Sizes and times.
    pub limits: Limits,
    /// The node's name.
    pub node: String,
    /// Whether it is going away.
    pub drain: Drain,
}

impl Services {
    /// The limits as a principal is told them.
    #[must_use]
    pub fn wire_limits(&self, principal: &Principal) -> WireLimits {
        let exempt = principal.roles.contains(&Role::Import);
        WireLimits {
            frame_bytes: self.limits.frame_bytes as u64,
            json_depth: wardroom_protocol::limits::JSON_DEPTH as u64,
            logs: self.limits.logs_per_connection as u64,
            history_page: u64::from(self.limits.history_page),
            messages_per_second: (!exempt).then_some(u64::from(self.limits.messages_per_second)),
            burst: (!exempt).then_some(u64::from(self.limits.burst)),
        }
    }
}
