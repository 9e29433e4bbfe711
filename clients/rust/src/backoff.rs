//! How long to wait before the next try: full jitter, so that a thousand clients never knock at once.
//!
//! Owns the attempt counter and a small random generator with a printable seed. Never sleeps.

use std::time::Duration;

/// The first try waits at most this long.
pub(crate) const FIRST: Duration = Duration::from_millis(250);
/// No try waits longer than this.
pub(crate) const LONGEST: Duration = Duration::from_secs(20);

/// A small generator (`SplitMix64`). Good for spreading, not for secrets.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed nobody chose.
    pub(crate) fn seed() -> u64 {
        uuid::Uuid::new_v4().as_u64_pair().1
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Anywhere from nothing to `longest`, both included.
    pub(crate) fn within(&mut self, longest: Duration) -> Duration {
        let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX - 1);
        Duration::from_micros(self.next() % (micros + 1))
    }
}

/// Full jitter: each wait is anywhere from nothing to a ceiling that doubles from
/// [`FIRST`] to [`LONGEST`].
#[derive(Debug)]
pub(crate) struct Backoff {
    attempt: u32,
    random: Random,
}

impl Backoff {
    pub(crate) fn new(seed: u64) -> Self {
        Self { attempt: 0, random: Random::new(seed) }
    }

    /// The ceiling of the next wait.
    pub(crate) fn ceiling(&self) -> Duration {
        FIRST.saturating_mul(1 << self.attempt.min(16)).min(LONGEST)
    }

    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        let ceiling = self.ceiling();
        self.attempt = self.attempt.saturating_add(1);
        self.random.within(ceiling)
    }

    /// A wait the server asked for: `at_least`, and up to half as long again, spread.
    pub(crate) fn asked(&mut self, at_least: Duration) -> Duration {
        self.attempt = self.attempt.saturating_add(1);
        at_least + self.random.within(at_least / 2)
    }

    /// Any moment within a window the server gave.
    pub(crate) fn within(&mut self, window: Duration) -> Duration {
        self.random.within(window)
    }

    /// Begin no lower than the given attempt: the peer asked for distance.
    pub(crate) fn at_least(&mut self, attempt: u32) {
        self.attempt = self.attempt.max(attempt);
    }

    /// A connection held: start over.
    pub(crate) fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_jitter_stays_within_its_ceiling_and_uses_all_of_it() {
        let seed = Random::seed();
        println!("seed {seed}");
        let mut waits = Vec::new();
        for round in 0..400 {
            let mut backoff = Backoff::new(seed.wrapping_add(round));
            for attempt in 0..12_u32 {
                let ceiling = (FIRST * 2_u32.pow(attempt)).min(LONGEST);
                assert_eq!(backoff.ceiling(), ceiling, "attempt {attempt}");
                let wait = backoff.next();
                assert!(wait <= ceiling, "{wait:?} is above {ceiling:?}");
                waits.push(wait.as_secs_f64() / ceiling.as_secs_f64());
            }
        }
        let low = waits.iter().filter(|share| **share < 0.25).count();
        let high = waits.iter().filter(|share| **share > 0.75).count();
        let fifth = waits.len() / 5;
        assert!(low > fifth && high > fifth, "not full jitter: {low} low, {high} high");
    }

    #[test]
    fn what_the_server_asks_for_is_a_floor() {
        let seed = Random::seed();
        println!("seed {seed}");
        let mut backoff = Backoff::new(seed);
        for _ in 0..100 {
            let wait = backoff.asked(Duration::from_millis(700));
            assert!(wait >= Duration::from_millis(700) && wait <= Duration::from_millis(1050));
            assert!(backoff.within(Duration::from_millis(80)) <= Duration::from_millis(80));
        }
        backoff.reset();
        assert_eq!(backoff.ceiling(), FIRST);
    }
}
