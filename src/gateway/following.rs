//! The logs a connection follows: taken up by a join, let go by a leave, by the end, or by a newer
//! token that may not read them.

use std::sync::Arc;

use metrics::gauge;
use wardroom_protocol::ids::LogName;
use wardroom_protocol::notice;

use super::connection::Connection;
use super::reading;
use super::work::Join;
use crate::delivery::{Channel, Cursor, Seat};
use crate::domain::access::Principal;
use crate::room::Hold;
use crate::telemetry::metric;

/// A log that is followed.
pub(super) struct Followed {
    pub(super) channel: Arc<Channel>,
    seat: Seat,
    _hold: Hold,
}

impl Connection {
    pub(super) fn follow(&mut self, frame: &str, joins: Vec<Join>) {
        let mut cursors = Vec::with_capacity(joins.len());
        self.joined.reserve_exact(joins.len());
        for Join { channel, after, hold } in joins {
            if !self.follows(channel.log()) {
                let seat = channel.attach(Arc::clone(&self.gate));
                self.joined.push(Followed { channel: Arc::clone(&channel), seat, _hold: hold });
                gauge!(metric::JOINED).increment(1.0);
                self.arrive(channel.log());
            }
            cursors.push(Cursor::new(channel, after));
        }
        self.gate.follow(frame.as_bytes(), cursors);
    }

    pub(super) fn follows(&self, log: &LogName) -> bool {
        self.joined.iter().any(|followed| followed.channel.log() == log)
    }

    /// Stops following a log. `false`: it was not followed.
    pub(super) fn unfollow(&mut self, log: &LogName) -> bool {
        let is_it = |followed: &Followed| followed.channel.log() == log;
        let Some(index) = self.joined.iter().position(is_it) else {
            return false;
        };
        let followed = self.joined.swap_remove(index);
        self.let_go(&followed);
        self.gate.unfollow(log)
    }

    pub(super) fn unfollow_all(&mut self) {
        for followed in std::mem::take(&mut self.joined) {
            self.let_go(&followed);
        }
    }

    fn let_go(&self, Followed { channel, seat, .. }: &Followed) {
        channel.detach(*seat);
        gauge!(metric::JOINED).decrement(1.0);
        self.depart(channel.log());
    }

    /// Stops following every log that this principal may not read, before anything else is told.
    /// Returns those logs, for [`Self::tell_removed`].
    pub(super) fn unfollow_unreadable(&mut self, principal: &Principal) -> Vec<LogName> {
        let logs = self.joined.iter().map(|followed| followed.channel.log());
        let refused: Vec<_> = logs
            .filter(|log| !reading::still_reads(&self.services, principal, log))
            .cloned()
            .collect();
        for log in &refused {
            self.unfollow(log);
        }
        refused
    }

    /// Says which logs are not followed any more.
    pub(super) fn tell_removed(&self, logs: Vec<LogName>) {
        for room in logs {
            self.notice("removed", &notice::Removed { room, reason: "forbidden".to_owned() });
        }
    }
}

/// However a connection ends, also by a bug of its task, nobody takes it for one that follows.
impl Drop for Connection {
    fn drop(&mut self) {
        self.unfollow_all();
    }
}
