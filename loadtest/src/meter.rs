//! What is measured inside the window: deliveries, answers, latencies, and what they cost.
//!
//! One thread drives the whole load, so nothing here is shared or locked.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::process::Process;

/// Latencies in microseconds, three significant digits.
pub type Latencies = Histogram<u64>;

/// Ten minutes: longer than any run waits for anything. What is longer counts as this.
const LONGEST: u64 = 600_000_000;

/// An empty histogram, from a microsecond to ten minutes.
#[must_use]
pub fn latencies() -> Latencies {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("these bounds are what the histogram offers")
}

/// A latency as it is recorded.
#[must_use]
pub fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// Counts of one moment.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counts {
    /// Posts handed to the connection.
    pub sent: u64,
    /// Posts acknowledged.
    pub acked: u64,
    /// Entry frames received by members.
    pub delivered: u64,
}

/// One second of the window.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Second {
    /// When it ended, seconds from the window's start.
    pub at: f64,
    /// How long it was, seconds.
    pub length: f64,
    /// What happened in it.
    pub counts: Counts,
    /// From the intended send to a receipt (without members: to the answer), so far, milliseconds.
    pub p50_ms: Option<f64>,
    /// The same, 99th percentile.
    pub p99_ms: Option<f64>,
    /// Cores that the server used in it.
    pub server_cores: Option<f64>,
    /// The server's resident memory at its end, bytes.
    pub server_rss: Option<u64>,
    /// Cores that the generator used in it.
    pub own_cores: Option<f64>,
    /// Findings so far.
    pub findings: u64,
}

impl Second {
    /// A count of it as a rate.
    #[must_use]
    pub fn rate(&self, of: fn(&Counts) -> u64) -> f64 {
        as_f64(of(&self.counts)) / self.length.max(f64::MIN_POSITIVE)
    }
}

/// The meter.
pub struct Meter {
    /// Everything since the start.
    pub total: Counts,
    /// Whether the window is open.
    pub open: bool,
    /// From the intended send to the answer.
    pub answered: Latencies,
    /// From the intended send to a member's receipt.
    pub delivered: Latencies,
    /// From the actual send to a member's receipt.
    pub service: Latencies,
    /// How late the generator's own timers fired.
    pub lag: Latencies,
    /// Refusals by code.
    pub errors: BTreeMap<String, u64>,
    /// Connections that ended unasked.
    pub ended: u64,
    /// How the first of them ended.
    pub first_end: Option<String>,
    /// The seconds of the window.
    pub seconds: Vec<Second>,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            total: Counts::default(),
            open: false,
            answered: latencies(),
            delivered: latencies(),
            service: latencies(),
            lag: latencies(),
            errors: BTreeMap::new(),
            ended: 0,
            first_end: None,
            seconds: Vec::new(),
        }
    }
}

impl Meter {
    /// Records into one of the histograms, if the window is open.
    pub fn record(&mut self, which: fn(&mut Self) -> &mut Latencies, span: Duration) {
        if self.open {
            which(self).saturating_record(micros(span).max(1));
        }
    }
}

/// The processes at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    /// When.
    pub at: Instant,
    /// Counts.
    pub counts: Counts,
    server: Option<Duration>,
    own: Option<Duration>,
}

impl Snapshot {
    /// Looks now. A server that is not known has no figures.
    #[must_use]
    pub fn take(counts: Counts, server: Option<Process>) -> Self {
        Self {
            at: Instant::now(),
            counts,
            server: server.and_then(|process| process.cpu().ok()),
            own: Process::Own.cpu().ok(),
        }
    }
}

/// What lies between two snapshots.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Window {
    /// How long it was, seconds.
    pub seconds: f64,
    /// What happened in it.
    pub counts: Counts,
    /// Processor time of the server, user and system, seconds.
    pub server_cpu: Option<f64>,
    /// Processor time of the generator, seconds.
    pub own_cpu: Option<f64>,
}

impl Window {
    /// From one to the other.
    #[must_use]
    pub fn between(from: &Snapshot, to: &Snapshot) -> Self {
        let spent = |from: Option<Duration>, to: Option<Duration>| {
            Some(to?.saturating_sub(from?).as_secs_f64())
        };
        Self {
            seconds: to.at.duration_since(from.at).as_secs_f64(),
            counts: Counts {
                sent: to.counts.sent - from.counts.sent,
                acked: to.counts.acked - from.counts.acked,
                delivered: to.counts.delivered - from.counts.delivered,
            },
            server_cpu: spent(from.server, to.server),
            own_cpu: spent(from.own, to.own),
        }
    }

    /// Server processor time for each of `count` things, microseconds.
    #[must_use]
    pub fn server_micros_per(&self, count: u64) -> Option<f64> {
        (count > 0).then_some(())?;
        Some(self.server_cpu? * 1e6 / as_f64(count))
    }

    /// A count per second.
    #[must_use]
    pub fn rate(&self, count: u64) -> f64 {
        as_f64(count) / self.seconds.max(f64::MIN_POSITIVE)
    }

    /// Cores that the server used.
    #[must_use]
    pub fn server_share(&self) -> Option<f64> {
        Some(self.server_cpu? / self.seconds.max(f64::MIN_POSITIVE))
    }

    /// Share of one core that the generator used.
    #[must_use]
    pub fn own_share(&self) -> Option<f64> {
        Some(self.own_cpu? / self.seconds.max(f64::MIN_POSITIVE))
    }
}

/// A quantile (0 to 1) in milliseconds; `None` without samples.
#[must_use]
pub fn milliseconds(measured: &Latencies, quantile: f64) -> Option<f64> {
    (!measured.is_empty()).then(|| as_f64(measured.value_at_quantile(quantile)) / 1e3)
}

/// A count for arithmetic with fractions.
#[expect(clippy::cast_precision_loss, reason = "counts here stay far below 2^52")]
#[must_use]
pub fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_the_difference_of_two_looks() {
        let at = Instant::now();
        let look = |seconds, delivered, server| Snapshot {
            at: at + Duration::from_secs(seconds),
            counts: Counts { sent: 0, acked: delivered / 10, delivered },
            server,
            own: Some(Duration::from_secs(seconds)),
        };
        let spent = |ms| Some(Duration::from_millis(ms));
        let window = Window::between(&look(1, 100, spent(500)), &look(3, 1_100, spent(2_500)));
        assert_eq!(
            (window.seconds, window.counts.delivered, window.counts.acked),
            (2.0, 1_000, 100)
        );
        assert_eq!(window.server_micros_per(window.counts.delivered), Some(2_000.0));
        assert_eq!((window.rate(1_000), window.own_share()), (500.0, Some(1.0)));
        assert_eq!(window.server_micros_per(0), None);
        let blind = Window::between(&look(1, 0, None), &look(2, 5, spent(5)));
        assert_eq!(blind.server_micros_per(5), None);
    }

    #[test]
    fn nothing_is_recorded_outside_the_window() {
        let mut meter = Meter::default();
        meter.record(|it| &mut it.answered, Duration::from_millis(5));
        meter.open = true;
        meter.record(|it| &mut it.answered, Duration::from_millis(7));
        assert_eq!((meter.answered.len(), meter.answered.max() / 1_000), (1, 7));
        for _ in 0..9 {
            meter.record(|it| &mut it.answered, Duration::from_secs(30));
        }
        assert_eq!(meter.answered.value_at_quantile(0.5) / 1_000_000, 30);
    }
}
