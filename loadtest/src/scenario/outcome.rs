//! What one run gave: the verdict first, then named figures, curves and notes.

use serde::Serialize;

use super::Run;
use crate::meter::{Latencies, Meter, Second, Window, milliseconds};
use crate::oracle::Faults;
use crate::traffic::Pace;

/// A generator that used this share of its core had no room left.
const BUSY: f64 = 0.95;
/// A timer this late, at the 99th percentile, makes latencies those of the generator. Milliseconds.
const LATE: f64 = 20.0;
/// Below this share of the offered rate the run is overloaded.
const KEPT_UP: f64 = 0.99;

/// One number with its name and unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// A stable name, for thresholds and programs.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// What it is counted in.
    pub unit: &'static str,
}

/// Latencies by percentile, milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// What was measured.
    pub name: &'static str,
    /// (percentile, milliseconds).
    pub points: Vec<(f64, f64)>,
}

/// What one run gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// The verdict. Anything in it fails the run.
    pub faults: Faults,
    /// The figures.
    pub figures: Vec<Figure>,
    /// The curves; empty when overloaded, because they would describe the backlog.
    pub curves: Vec<Curve>,
    /// The window's seconds.
    pub seconds: Vec<Second>,
    /// Refusals by code.
    pub errors: std::collections::BTreeMap<String, u64>,
    /// What the reader of the figures must know.
    pub notes: Vec<String>,
    /// The server did not keep up with the offered rate.
    pub overloaded: bool,
    /// The generator did not keep up.
    pub saturated: bool,
}

impl Outcome {
    /// Adds a figure.
    pub fn figure(
        &mut self,
        name: &'static str,
        value: impl Into<Option<f64>>,
        unit: &'static str,
    ) {
        if let Some(value) = value.into() {
            self.figures.push(Figure { name, value, unit });
        }
    }

    /// A figure by its name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }

    /// The figures every window has.
    pub fn window(&mut self, run: &Run, window: &Window) {
        let counts = window.counts;
        self.figure("window_s", window.seconds, "s");
        self.figure("posts_per_s", window.rate(counts.acked), "1/s");
        if counts.delivered > 0 {
            self.figure("deliveries_per_s", window.rate(counts.delivered), "1/s");
            let each = window.server_micros_per(counts.delivered);
            self.figure("cpu_us_per_delivery", each, "us");
        }
        self.figure("cpu_us_per_post", window.server_micros_per(counts.acked), "us");
        let share = window.server_cpu.map(|spent| spent / window.seconds);
        self.figure("server_cpu_cores", share, "cores");
        self.figure("generator_cpu_cores", window.own_share(), "cores");
        if let Pace::Rate(rate) = run.plan.pace {
            self.figure("offered_per_s", rate, "1/s");
            let kept = window.rate(counts.acked) / rate;
            if kept < KEPT_UP {
                self.overloaded = true;
                let percent = kept * 100.0;
                self.notes.push(format!(
                    "OVERLOADED: {percent:.1} % of the offered rate was acknowledged; latencies \
                     would tell the length of the backlog and are left out"
                ));
            }
        }
    }

    /// Latencies, errors and the generator's honesty, from the meter of the same window.
    pub fn meter(&mut self, run: &Run, meter: Meter) {
        if !self.overloaded {
            self.latencies("ack", &meter.answered);
            self.latencies("deliver", &meter.delivered);
            self.latencies("service", &meter.service);
        }
        let lag = milliseconds(&meter.lag, 0.99);
        self.figure("timer_lag_p99_ms", lag, "ms");
        let busy = self.value("generator_cpu_cores").is_some_and(|share| share > BUSY);
        let late = lag.is_some_and(|ms| ms > LATE);
        match run.plan.pace {
            Pace::Rate(_) if busy && (late || self.overloaded) => {
                self.saturated = true;
                self.notes.push(
                    "the generator was the bottleneck: its core was full and its timers late; \
                     these numbers say nothing of the server"
                        .to_owned(),
                );
            }
            _ if busy => self.notes.push(
                "the generator's core was full: rates are lower bounds and latencies upper ones; \
                 server CPU per delivery still holds"
                    .to_owned(),
            ),
            _ => {}
        }
        if meter.ended > 0 {
            let first = meter.first_end.unwrap_or_default();
            self.notes
                .push(format!("{} connections ended unasked; the first: {first}", meter.ended));
        }
        self.errors = meter.errors;
        self.seconds = meter.seconds;
    }

    fn latencies(&mut self, what: &'static str, measured: &Latencies) {
        let (names, name): ([&'static str; 3], &'static str) = match what {
            "ack" => (["ack_p50_ms", "ack_p99_ms", "ack_max_ms"], "send to acknowledgement"),
            "deliver" => {
                (["deliver_p50_ms", "deliver_p99_ms", "deliver_max_ms"], "intended send to receipt")
            }
            _ => (["service_p50_ms", "service_p99_ms", "service_max_ms"], "actual send to receipt"),
        };
        for (name, quantile) in names.into_iter().zip([0.5, 0.99, 1.0]) {
            self.figure(name, milliseconds(measured, quantile), "ms");
        }
        if !measured.is_empty() {
            let at = [0.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99, 100.0];
            let point = |percent: f64| Some((percent, milliseconds(measured, percent / 100.0)?));
            self.curves.push(Curve { name, points: at.into_iter().filter_map(point).collect() });
        }
    }
}
