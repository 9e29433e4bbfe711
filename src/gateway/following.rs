//! The logs a connection follows: taken up by a join, let go by a leave, by the end, or by a newer
//! token that may not read them.

use std::sync::Arc;

use metrics::gauge;
use wardroom_protocol::code::CloseCode;
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
    pub(super) hold: Hold,
}

impl Followed {
    /// Whether this principal may still read it.
    fn is_read_by(&self, principal: &Principal) -> bool {
        reading::still_reads(&self.hold, principal, self.channel.log())
    }
}

impl Connection {
    pub(super) fn follow(&mut self, frame: &str, joins: Vec<Join>) {
        let mut cursors = Vec::with_capacity(joins.len());
        let mut refused = Vec::new();
        self.joined.reserve_exact(joins.len());
        for Join { channel, after, hold } in joins {
            let log = channel.log();
            if !self.follows(log) {
                let seat = channel.attach(Arc::clone(&self.gate));
                let followed = Followed { channel: Arc::clone(&channel), seat, hold };
                gauge!(metric::JOINED).increment(1.0);
                self.arrive(&followed);
                self.joined.push(followed);
            }
            // Who was taken out since the answer was made is asked to look again only from here on.
            let mut joined = self.joined.iter().filter(|followed| followed.channel.log() == log);
            if let (Some(who), Some(followed)) = (&self.who, joined.next())
                && followed.is_read_by(&who.principal)
            {
                cursors.push(Cursor::new(channel, after));
            } else {
                refused.push(log.clone());
            }
        }
        for log in &refused {
            self.unfollow(log);
        }
        self.gate.follow(frame.as_bytes(), cursors);
        self.tell_removed(refused);
        // A bug that ended one of them since asked only those who followed it by then.
        self.leave_the_dead();
    }

    /// Ends the connection if a bug has ended a room that it follows: it comes back, and resumes from the
    /// log.
    pub(super) fn leave_the_dead(&mut self) {
        if self.joined.iter().any(|followed| followed.hold.is_dead()) {
            self.close(CloseCode::ServerError);
        }
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

    fn let_go(&self, followed: &Followed) {
        followed.channel.detach(followed.seat);
        gauge!(metric::JOINED).decrement(1.0);
        self.depart(followed);
    }

    /// Stops following every log that this principal may not read, before anything else is told.
    /// Returns those logs, for [`Self::tell_removed`].
    pub(super) fn unfollow_unreadable(&mut self, principal: &Principal) -> Vec<LogName> {
        let refused = self.joined.iter().filter(|followed| !followed.is_read_by(principal));
        let refused: Vec<_> = refused.map(|followed| followed.channel.log().clone()).collect();
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
