//! A connection's clocks: what must happen by when. Monotonic time in, verdicts out.

use std::time::Duration;

use tokio::time::Instant;
use wardroom_protocol::code::CloseCode;

use crate::config::Limits;

/// How long a connection may take to finish its closing handshake.
pub(super) const CLOSING: Duration = Duration::from_secs(2);

/// Deadlines.
pub(super) struct Clocks {
    opened: Instant,
    heard: Instant,
    pinged: Instant,
    ping_every: Duration,
    /// When bytes last left, and how many had.
    wrote: (Instant, u64),
    blocked: bool,
    greeted: bool,
    expires: Option<Instant>,
    closing: Option<Instant>,
}

/// What a passed deadline asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Nothing,
    Ping,
    Close(CloseCode),
    /// The closing handshake took too long.
    Over,
}

impl Clocks {
    /// `jitter` from 0 to 1 spreads pings: ten thousand connections of one second do not ping in one.
    pub(super) fn new(now: Instant, limits: &Limits, jitter: f64) -> Self {
        let ping = Duration::from_secs(limits.ping_seconds.max(1));
        Self {
            opened: now,
            heard: now,
            pinged: now,
            ping_every: ping.mul_f64(0.8 + 0.4 * jitter),
            wrote: (now, 0),
            blocked: false,
            greeted: false,
            expires: None,
            closing: None,
        }
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// This side does not read for now: what the peer says meanwhile is not heard, so its silence
    /// does not count.
    pub(super) fn deaf(&mut self, now: Instant) {
        self.heard = now;
    }

    pub(super) fn greeted(&mut self, expires: Option<Instant>) {
        self.greeted = true;
        self.expires = expires;
    }

    pub(super) fn closing(&mut self, now: Instant) {
        self.closing.get_or_insert(now + CLOSING);
    }

    pub(super) fn closing_until(&self) -> Option<Instant> {
        self.closing
    }

    /// The gate was pumped: whether the socket took all, and how many bytes ever left.
    pub(super) fn pumped(&mut self, now: Instant, blocked: bool, written: u64) {
        if self.blocked && !blocked {
            // The silence clock stood still while output was blocked.
            self.heard = now;
        }
        if written != self.wrote.1 || !blocked {
            self.wrote = (now, written);
        }
        self.blocked = blocked;
    }

    pub(super) fn deadline(&self, limits: &Limits) -> Instant {
        if let Some(until) = self.closing {
            return until;
        }
        let seconds = Duration::from_secs;
        let mut deadline = self.pinged + self.ping_every;
        if !self.greeted {
            deadline = deadline.min(self.opened + seconds(limits.hello_seconds));
        }
        if let Some(expires) = self.expires {
            deadline = deadline.min(expires);
        }
        deadline.min(if self.blocked {
            self.wrote.0 + seconds(limits.write_timeout_seconds)
        } else {
            self.heard + seconds(limits.silent_seconds)
        })
    }

    pub(super) fn judge(&mut self, now: Instant, limits: &Limits) -> Verdict {
        let past = |since: Instant, seconds| now >= since + Duration::from_secs(seconds);
        if let Some(until) = self.closing {
            return if now >= until { Verdict::Over } else { Verdict::Nothing };
        }
        if !self.greeted && past(self.opened, limits.hello_seconds) {
            return Verdict::Close(CloseCode::HelloRequired);
        }
        if self.expires.is_some_and(|expires| now >= expires) {
            return Verdict::Close(CloseCode::TokenExpired);
        }
        if self.blocked && past(self.wrote.0, limits.write_timeout_seconds) {
            return Verdict::Close(CloseCode::Slow);
        }
        if !self.blocked && past(self.heard, limits.silent_seconds) {
            return Verdict::Close(CloseCode::Silent);
        }
        if now >= self.pinged + self.ping_every {
            self.pinged = now;
            // Nothing is put behind what does not leave.
            return if self.blocked { Verdict::Nothing } else { Verdict::Ping };
        }
        Verdict::Nothing
    }
}
