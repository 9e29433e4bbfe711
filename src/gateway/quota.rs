//! How much one person may write: a token bucket per principal, shared by all their connections on
//! this node.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota as Rate, RateLimiter};
use wardroom_protocol::ids::PrincipalId;

use crate::domain::access::{Principal, Role};

/// The buckets.
pub struct Quota {
    buckets: DefaultKeyedRateLimiter<PrincipalId>,
    clock: DefaultClock,
}

impl Quota {
    /// `per_second` messages sustained, `burst` at once; zero reads as one.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let rate = Rate::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst));
        Self { buckets: RateLimiter::keyed(rate), clock: DefaultClock::default() }
    }

    /// Takes one message from the bucket, or says how long to wait. Imports are exempt.
    pub fn take(&self, principal: &Principal) -> Result<(), Duration> {
        if principal.roles.contains(&Role::Import) {
            return Ok(());
        }
        self.buckets
            .check_key(&principal.id)
            .map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Forgets full buckets, so that memory follows who is here and not who ever was.
    pub fn tidy(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }
}
