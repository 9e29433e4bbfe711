//! How much one person may write: a token bucket per principal, shared by all their connections on
//! this node.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota as Rate, RateLimiter};
use wardroom_protocol::ids::PrincipalId;

use crate::domain::access::{Principal, Role};

/// How often somebody may say at once that they are writing, before one a second applies.
const TYPING_BURST: NonZeroU32 = NonZeroU32::new(4).expect("four is not zero");

/// The buckets.
pub struct Quota {
    buckets: DefaultKeyedRateLimiter<PrincipalId>,
    typing: DefaultKeyedRateLimiter<PrincipalId>,
    clock: DefaultClock,
}

impl Quota {
    /// `per_second` messages sustained, `burst` at once; zero reads as one.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let rate = Rate::per_second(at_least_one(per_second)).allow_burst(at_least_one(burst));
        let typing = Rate::per_second(NonZeroU32::MIN).allow_burst(TYPING_BURST);
        Self {
            buckets: RateLimiter::keyed(rate),
            typing: RateLimiter::keyed(typing),
            clock: DefaultClock::default(),
        }
    }

    /// Takes one message from the bucket, or says how long to wait. Imports are exempt.
    pub fn take(&self, principal: &Principal) -> Result<(), Duration> {
        if principal.roles.contains(&Role::Import) {
            return Ok(());
        }
        self.take_from(&self.buckets, principal)
    }

    /// Takes one word that they are writing: one a second, four at once. Nobody is
    /// exempt.
    pub fn take_typing(&self, principal: &Principal) -> Result<(), Duration> {
        self.take_from(&self.typing, principal)
    }

    fn take_from(
        &self,
        buckets: &DefaultKeyedRateLimiter<PrincipalId>,
        principal: &Principal,
    ) -> Result<(), Duration> {
        buckets.check_key(&principal.id).map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Forgets full buckets, so that memory follows who is here and not who ever was.
    pub fn tidy(&self) {
        for buckets in [&self.buckets, &self.typing] {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}
