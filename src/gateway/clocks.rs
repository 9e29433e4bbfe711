//! A connection's clocks: what must happen by when. Monotonic time in, verdicts out.

use std::time::Duration;

use tokio::time::Instant;
use wardroom_protocol::code::CloseCode;

use crate::config::Limits;

/// How long a connection may take to finish its closing handshake.
pub(super) const CLOSING: Duration = Duration::from_secs(2);

/// How long before its token's end a connection is told.
const EXPIRING: Duration = Duration::from_secs(30);

/// With no more than this left, telling is of no use: no client gets a token in that time.
const TOO_LATE: Duration = Duration::from_secs(2);

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
    /// When to tell that the token ends; `None` once told.
    tell: Option<Instant>,
    closing: Option<Instant>,
}

/// What a passed deadline asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Nothing,
    Ping,
    /// The token ends soon.
    Expiring,
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
            tell: None,
            closing: None,
        }
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// This side does not read for now: what the peer says meanwhile is not heard, so its silence
    /// does not count, and a hello that is being looked at is not late.
    pub(super) fn deaf(&mut self, now: Instant) {
        self.heard = now;
        if !self.greeted {
            self.opened = now;
        }
    }

    /// A token holds from now on. `None`: it outlives the clock.
    pub(super) fn token(&mut self, now: Instant, expires: Option<Instant>) {
        self.greeted = true;
        self.expires = expires;
        self.tell = expires.and_then(|expires| {
            let left = expires.saturating_duration_since(now);
            (left > TOO_LATE).then(|| now + left.saturating_sub(EXPIRING))
        });
    }

    /// Whether the token's time is over.
    pub(super) fn expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
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

    /// When to wake up at the latest.
    pub(super) fn deadline(&self, limits: &Limits) -> Instant {
        let due = self.due(limits);
        if self.closing.is_some() || self.blocked {
            return due;
        }
        due.min(self.heard + Duration::from_secs(limits.silent_seconds))
    }

    /// The same but for silence: what nobody puts off by talking on. That somebody is silent is for the
    /// timer to say, after whatever has arrived was read.
    pub(super) fn due(&self, limits: &Limits) -> Instant {
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
        if let Some(tell) = self.tell {
            deadline = deadline.min(tell);
        }
        if self.blocked {
            deadline = deadline.min(self.wrote.0 + seconds(limits.write_timeout_seconds));
        }
        deadline
    }

    pub(super) fn judge(&mut self, now: Instant, limits: &Limits) -> Verdict {
        let past = |since: Instant, seconds| now >= since + Duration::from_secs(seconds);
        if let Some(until) = self.closing {
            return if now >= until { Verdict::Over } else { Verdict::Nothing };
        }
        if !self.greeted && past(self.opened, limits.hello_seconds) {
            return Verdict::Close(CloseCode::HelloRequired);
        }
        if self.expired(now) {
            return Verdict::Close(CloseCode::TokenExpired);
        }
        if self.blocked && past(self.wrote.0, limits.write_timeout_seconds) {
            return Verdict::Close(CloseCode::Slow);
        }
        if !self.blocked && past(self.heard, limits.silent_seconds) {
            return Verdict::Close(CloseCode::Silent);
        }
        // Told even when the output is blocked: there is one per token.
        if self.tell.is_some_and(|tell| now >= tell) {
            self.tell = None;
            return Verdict::Expiring;
        }
        if now >= self.pinged + self.ping_every {
            self.pinged = now;
            // Nothing is put behind what does not leave.
            return if self.blocked { Verdict::Nothing } else { Verdict::Ping };
        }
        Verdict::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that was opened, and has a token that ends this many milliseconds later.
    fn with_token(left: u64) -> (Clocks, Instant) {
        let now = Instant::now();
        let mut clocks = Clocks::new(now, &Limits::default(), 0.5);
        clocks.token(now, Some(now + Duration::from_millis(left)));
        (clocks, now)
    }

    /// What the clocks say after so many milliseconds, the peer heard until then.
    fn after(clocks: &mut Clocks, opened: Instant, ms: u64) -> Verdict {
        let now = opened + Duration::from_millis(ms);
        clocks.heard(now);
        clocks.pinged = now;
        clocks.judge(now, &Limits::default())
    }

    /// Somebody who said hello with a token for ever, and pings out of the way.
    fn greeted() -> (Clocks, Instant, Limits) {
        let (now, limits) = (Instant::now(), Limits::default());
        let mut clocks = Clocks::new(now, &limits, 0.5);
        clocks.token(now, None);
        clocks.ping_every = Duration::from_hours(1);
        (clocks, now, limits)
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn hello_is_due_within_five_seconds() {
        let (now, limits) = (Instant::now(), Limits::default());
        let mut clocks = Clocks::new(now, &limits, 0.5);
        assert_eq!(clocks.deadline(&limits), now + ms(5_000), "the task wakes up for it");
        clocks.heard(now + ms(4_000));
        assert_eq!(clocks.due(&limits), now + ms(5_000), "whatever else is said");
        assert_eq!(clocks.judge(now + ms(4_999), &limits), Verdict::Nothing);
        let late = Verdict::Close(CloseCode::HelloRequired);
        assert_eq!(clocks.judge(now + ms(5_000), &limits), late);
        // One that came in time and takes long is not late, and after an error there is time for another.
        clocks.deaf(now + ms(4_999));
        assert_eq!(clocks.judge(now + ms(9_998), &limits), Verdict::Nothing);
        assert_eq!(clocks.judge(now + ms(9_999), &limits), late);
    }

    #[test]
    fn pings_come_every_25_seconds_give_or_take_a_fifth() {
        for (jitter, every) in [(0.0, 20_000), (0.5, 25_000), (1.0, 30_000)] {
            let (now, limits) = (Instant::now(), Limits::default());
            let mut clocks = Clocks::new(now, &limits, jitter);
            clocks.token(now, None);
            for round in 1..=3 {
                let due = now + ms(every) * round;
                clocks.heard(due);
                assert_eq!(clocks.judge(due - ms(1), &limits), Verdict::Nothing, "{jitter}");
                assert_eq!(clocks.judge(due, &limits), Verdict::Ping, "{jitter}");
            }
        }
    }

    #[test]
    fn who_is_silent_for_45_seconds_is_gone() {
        let (mut clocks, now, limits) = greeted();
        assert_eq!(clocks.deadline(&limits), now + ms(45_000));
        assert!(clocks.due(&limits) > now + ms(45_000), "who talks is not silent");
        assert_eq!(clocks.judge(now + ms(44_999), &limits), Verdict::Nothing);
        clocks.heard(now + ms(44_999));
        assert_eq!(clocks.judge(now + ms(89_998), &limits), Verdict::Nothing);
        let gone = Verdict::Close(CloseCode::Silent);
        assert_eq!(clocks.judge(now + ms(89_999), &limits), gone);
    }

    #[test]
    fn a_write_may_be_blocked_for_90_seconds_and_silence_does_not_count_meanwhile() {
        let (mut clocks, now, limits) = greeted();
        clocks.pumped(now, true, 10);
        assert_eq!(clocks.judge(now + ms(89_999), &limits), Verdict::Nothing);
        // Some bytes left: it takes little, but it takes.
        clocks.pumped(now + ms(89_999), true, 11);
        assert_eq!(clocks.deadline(&limits), now + ms(179_999));
        assert_eq!(clocks.due(&limits), now + ms(179_999), "who talks has to read as well");
        assert_eq!(clocks.judge(now + ms(179_998), &limits), Verdict::Nothing);
        let slow = Verdict::Close(CloseCode::Slow);
        assert_eq!(clocks.judge(now + ms(179_999), &limits), slow);
        // Out again, it has its whole time to be heard.
        clocks.pumped(now + ms(180_000), false, 12);
        assert_eq!(clocks.judge(now + ms(224_999), &limits), Verdict::Nothing);
        let gone = Verdict::Close(CloseCode::Silent);
        assert_eq!(clocks.judge(now + ms(225_000), &limits), gone);
    }

    #[test]
    fn a_closing_handshake_has_two_seconds_whatever_else_is_due() {
        let (mut clocks, now, limits) = greeted();
        clocks.pumped(now, true, 10);
        clocks.closing(now);
        clocks.closing(now + ms(1_000));
        for at in [clocks.deadline(&limits), clocks.due(&limits)] {
            assert_eq!(at, now + ms(2_000));
        }
        assert_eq!(clocks.judge(now + ms(1_999), &limits), Verdict::Nothing);
        assert_eq!(clocks.judge(now + ms(2_000), &limits), Verdict::Over);
    }

    #[test]
    fn a_token_that_ends_is_told_thirty_seconds_before_and_once() {
        let (mut clocks, opened) = with_token(100_000);
        assert_eq!(after(&mut clocks, opened, 69_999), Verdict::Nothing);
        let told = opened + Duration::from_secs(70);
        assert_eq!(clocks.deadline(&Limits::default()), told, "the task wakes up for it");
        assert_eq!(after(&mut clocks, opened, 70_000), Verdict::Expiring);
        assert_eq!(after(&mut clocks, opened, 70_001), Verdict::Nothing);
        assert_eq!(after(&mut clocks, opened, 99_999), Verdict::Nothing);
        let over = Verdict::Close(CloseCode::TokenExpired);
        assert_eq!(after(&mut clocks, opened, 100_000), over);
    }

    #[test]
    fn a_token_of_a_short_life_is_told_at_once_unless_it_is_too_late() {
        let (mut clocks, opened) = with_token(2_001);
        assert_eq!(after(&mut clocks, opened, 0), Verdict::Expiring);
        assert_eq!(after(&mut clocks, opened, 1), Verdict::Nothing);
        let (mut clocks, opened) = with_token(2_000);
        assert_eq!(after(&mut clocks, opened, 0), Verdict::Nothing);
        assert_eq!(after(&mut clocks, opened, 1_999), Verdict::Nothing);
    }

    #[test]
    fn a_newer_token_is_told_anew_and_moves_the_end() {
        let (mut clocks, opened) = with_token(10_000);
        assert_eq!(after(&mut clocks, opened, 0), Verdict::Expiring);
        let at = opened + Duration::from_secs(5);
        clocks.token(at, Some(at + Duration::from_mins(1)));
        assert_eq!(after(&mut clocks, opened, 10_000), Verdict::Nothing);
        assert!(!clocks.expired(opened + Duration::from_millis(64_999)));
        assert_eq!(after(&mut clocks, opened, 35_000), Verdict::Expiring);
        assert!(clocks.expired(opened + Duration::from_secs(65)));
    }
}
