//! What the accept loop does when the system gives it no connection: it waits, each time longer, and
//! says so once in a while. The connections that there are go on meanwhile.

use std::io;
use std::time::{Duration, Instant};

use super::refusal;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);
/// A trouble that lasts is told this often.
const TELL: Duration = Duration::from_secs(10);

/// A run of failures to accept.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// The next wait, while it lasts.
    wait: Option<Duration>,
    failures: u64,
    told: Option<Instant>,
}

impl Backoff {
    /// A connection was accepted.
    pub(super) fn succeeded(&mut self) {
        if self.wait.take().is_some() {
            tracing::info!(failures = self.failures, "accepting connections again");
            *self = Self::default();
        }
    }

    /// None was: how long to wait.
    pub(super) fn failed(&mut self, error: &io::Error) -> Duration {
        let code = if is_of_descriptors(error) { "no_descriptors" } else { "accept_failed" };
        refusal::count(code);
        self.failures += 1;
        if self.told.is_none_or(|told| told.elapsed() >= TELL) {
            self.told = Some(Instant::now());
            tracing::error!(
                code,
                error = %error,
                failures = self.failures,
                "failed to accept a connection; the node goes on and tries again. Raise the limit of open files (ulimit -n, LimitNOFILE), or lower server.max_connections"
            );
        }
        let wait = self.wait.map_or(FIRST, |wait| (wait * 2).min(LONGEST));
        self.wait = Some(wait);
        wait
    }
}

/// Whether this process (EMFILE) or the whole system (ENFILE) has no descriptor left.
fn is_of_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let code = error.raw_os_error();
    code == Some(Errno::MFILE.raw_os_error()) || code == Some(Errno::NFILE.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_second_and_start_over() {
        let error = io::Error::from_raw_os_error(24);
        assert!(is_of_descriptors(&error));
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.failed(&error).as_millis()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000]);
        backoff.succeeded();
        assert_eq!(backoff.failed(&error), FIRST);
    }
}
