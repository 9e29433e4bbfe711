//! `~identity`: who has been here. Which token means which principal is a keyed hash; the names
//! themselves are words.

use std::collections::BTreeMap;

use wardroom_protocol::ids::PrincipalId;

use super::{Event, Line, Meta};

/// The state of `~identity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The line of epochs.
    pub line: Line,
    /// Server time of the newest entry, unix milliseconds.
    pub at: u64,
    /// Everybody who ever said hello, with the seq of their registration.
    pub principals: BTreeMap<PrincipalId, u64>,
}

impl Identity {
    pub(super) fn apply(&mut self, event: &Event, meta: &Meta) {
        self.line.advance(meta.position);
        self.at = meta.at;
        if let Event::PrincipalRegistered { principal } = event {
            self.principals.entry(principal.clone()).or_insert(meta.position.seq);
        }
    }
}
