//! What one run gave: the verdict first, then named figures, curves and notes.

use serde::Serialize;

use super::Run;
use crate::meter::{Latencies, Meter, Second, Window, milliseconds};
use crate::oracle::Faults;
use crate::traffic::Pace;

/// A generator that used this share of its core had no room left.
const BUSY: f64 = 0.95;
/// A timer this late, at the 99th percentile, makes latencies those of the generator, whatever share of
/// its core it used: neighbours may have had the rest. Milliseconds.
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
    /// The curves; empty when overloaded, because they would describe the backlog, or late.
    pub curves: Vec<Curve>,
    /// The window's seconds.
    pub seconds: Vec<Second>,
    /// Refusals by code.
    pub errors: std::collections::BTreeMap<String, u64>,
    /// What the reader of the figures must know.
    pub notes: Vec<String>,
    /// The server did not keep up with the offered rate.
    pub overloaded: bool,
    /// In the open model the generator's timers were late: latencies would be its own.
    pub late: bool,
    /// The generator did not keep up, its core being full.
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
        let lag = milliseconds(&meter.lag, 0.99);
        self.generator(run.plan.pace, lag);
        if !self.overloaded && !self.late {
            self.latencies("ack", &meter.answered);
            self.latencies("deliver", &meter.delivered);
            self.latencies("service", &meter.service);
        }
        self.figure("timer_lag_p99_ms", lag, "ms");
        self.errors = meter.errors;
        self.seconds = meter.seconds;
    }

    /// Marks a run whose generator was late or full. A closed window has no schedule to be late for: its
    /// messages leave when the generator comes to them, so that only a full core is told.
    fn generator(&mut self, pace: Pace, lag: Option<f64>) {
        let busy = self.value("generator_cpu_cores").is_some_and(|share| share > BUSY);
        let open = matches!(pace, Pace::Rate(_));
        if let Some(ms) = lag.filter(|ms| open && *ms > LATE) {
            self.late = true;
            self.notes.push(format!(
                "LATE: the generator's timers fired up to {ms:.0} ms late (99th percentile); latencies \
                 would be its own and not the server's, and are left out"
            ));
        }
        self.saturated = open && busy && (self.late || self.overloaded);
        if self.saturated {
            self.notes.push(
                "the generator was the bottleneck: its core was full, and it was late or less than \
                 the offered rate was acknowledged; these numbers say nothing of the server"
                    .to_owned(),
            );
        } else if busy {
            self.notes.push(
                "the generator's core was full: rates are lower bounds and latencies upper ones; \
                 server CPU per delivery still holds"
                    .to_owned(),
            );
        }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser as _;

    use super::*;
    use crate::meter::Counts;
    use crate::options::Options;
    use crate::view::Style;

    const SECONDS: f64 = 10.0;

    /// A window of ten seconds: posts acknowledged in it, the generator's share of its core, and how late
    /// its timers were.
    fn outcome(pace: &str, acked: u64, share: f64, lag: u64) -> Outcome {
        let args = ["x", "rooms", "--spawn", "y"].into_iter().chain(pace.split(' '));
        let run = Run::new(&Options::try_parse_from(args).expect("flags"), Style::Quiet);
        let window = Window {
            seconds: SECONDS,
            counts: Counts { sent: acked, acked, delivered: acked },
            server_cpu: Some(1.0),
            own_cpu: Some(share * SECONDS),
        };
        let mut meter = Meter { open: true, ..Meter::default() };
        meter.record(|it| &mut it.lag, Duration::from_millis(lag));
        meter.record(|it| &mut it.answered, Duration::from_millis(2));
        let mut outcome = Outcome::default();
        outcome.window(&run, &window);
        outcome.meter(&run, meter);
        outcome
    }

    #[test]
    fn a_run_is_overloaded_below_99_percent_of_its_rate() {
        let at = outcome("--rate 100/s", 990, 0.5, 1);
        assert!(!at.overloaded && at.notes.is_empty(), "{:?}", at.notes);
        assert_eq!((at.value("ack_p99_ms"), at.curves.len()), (Some(2.0), 1));
        let below = outcome("--rate 100/s", 989, 0.5, 1);
        assert!(below.overloaded && below.notes[0].starts_with("OVERLOADED: 98.9 %"));
        assert_eq!((below.value("ack_p99_ms"), below.curves.len()), (None, 0));
        assert!(below.value("cpu_us_per_delivery").is_some(), "that is told all the same");
        assert!(!outcome("--in-flight 1", 1, 0.5, 1).overloaded, "nothing was offered");
    }

    #[test]
    fn a_generator_is_late_by_its_timers_alone_and_saturated_with_a_full_core() {
        let (open, closed) = ("--rate 100/s", "--in-flight 2");
        for (pace, acked, share, lag, late, saturated) in [
            (open, 1_000, 0.60, 19, false, false),
            (open, 1_000, 0.60, 40, true, false),
            (open, 1_000, 0.96, 19, false, false),
            (open, 1_000, 0.96, 40, true, true),
            // Less than offered: the server's doing, unless the generator had no room left.
            (open, 900, 0.60, 19, false, false),
            (open, 900, 0.96, 19, false, true),
            (closed, 1_000, 0.60, 40, false, false),
            (closed, 1_000, 0.96, 40, false, false),
        ] {
            let it = outcome(pace, acked, share, lag);
            let case = format!("{pace}, {acked}, {share}, {lag}: {:?}", it.notes);
            assert_eq!((it.late, it.saturated), (late, saturated), "{case}");
            let left_out = late || it.overloaded;
            assert_eq!(it.value("ack_p99_ms").is_none(), left_out, "{case}");
            let told = |what: &str| it.notes.iter().any(|note| note.starts_with(what));
            assert_eq!(told("LATE: "), late, "{case}");
            assert_eq!(told("the generator was the bottleneck"), saturated, "{case}");
            assert_eq!(told("the generator's core was full"), share > 0.95 && !saturated, "{case}");
        }
    }
}
