//! The result: judged, then written for people and for programs.

mod held;
mod html;
mod machine;
mod plot;
mod text;

use std::fs;

use serde::Serialize;

pub use held::Held;
pub use html::page;
pub use machine::Machine;
pub use text::lines;

use crate::failure::{Exit, Failure};
use crate::options::{Options, Scenario};
use crate::oracle::Faults;
use crate::pairs::Series;

/// The result of a command.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was run.
    pub scenario: Scenario,
    /// How: the plan in words.
    pub plan: String,
    /// Where.
    pub machine: Machine,
    /// `pass`, `threshold`, `correctness` or `saturated`; the last also where no bar fails but those on
    /// what a late generator left out.
    pub verdict: &'static str,
    /// The findings of all runs.
    pub faults: Faults,
    /// The bars, each with what was held against it.
    pub held: Vec<Held>,
    /// Runs and figures.
    pub series: Series,
    #[serde(skip)]
    exit: Exit,
}

impl Report {
    /// Judges. Correctness comes before everything, then whether the figures mean anything.
    #[must_use]
    pub fn new(options: &Options, plan: String, series: Series) -> Self {
        let faults = series.faults();
        let held: Vec<Held> =
            options.thresholds.iter().map(|bar| Held::judge(bar, &series)).collect();
        let refused = series.server.iter().any(|outcome| !outcome.errors.is_empty());
        // The baseline's too: a ratio to what the generator held up means nothing.
        let saturated = series.runs().any(|outcome| outcome.saturated);
        let (verdict, exit) = if faults.total() > 0 {
            ("correctness", Exit::Correctness)
        } else if saturated {
            ("saturated", Exit::Saturated)
        } else if refused || held.iter().any(|held| !held.holds && !held.late) {
            ("threshold", Exit::Threshold)
        } else if held.iter().any(|held| !held.holds) {
            ("saturated", Exit::Saturated)
        } else {
            ("pass", Exit::Pass)
        };
        Self {
            scenario: options.scenario,
            plan,
            machine: Machine::here(options.spawn.as_deref()),
            verdict,
            faults,
            held,
            series,
            exit,
        }
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Writes the files asked for.
    pub fn write(&self, options: &Options) -> Result<(), Failure> {
        if let Some(path) = &options.json {
            let text = serde_json::to_string_pretty(self).expect("plain data always serialises");
            fs::write(path, text).map_err(Failure::io(format!("write {}", path.display())))?;
        }
        if let Some(path) = &options.html {
            fs::write(path, page(self))
                .map_err(Failure::io(format!("write {}", path.display())))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::scenario::Outcome;

    fn report(args: &str, outcome: Outcome) -> Report {
        let options = Options::try_parse_from(args.split(' ')).expect("flags");
        let mut series = Series { server: vec![outcome], ..Series::default() };
        series.summarise(1);
        Report::new(&options, "plan".to_owned(), series)
    }

    fn well() -> Outcome {
        let mut outcome = Outcome::default();
        outcome.figure("deliver_p99_ms", 12.0, "ms");
        outcome
    }

    #[test]
    fn correctness_comes_first_then_meaning_then_bars() {
        let plain = "x smoke --spawn y";
        assert_eq!(report(plain, well()).exit(), Exit::Pass);
        let tight = "x smoke --spawn y --threshold deliver_p99_ms<10";
        assert_eq!(report(tight, well()).exit(), Exit::Threshold);
        let wide = "x smoke --spawn y --threshold deliver_p99_ms<20";
        assert_eq!(report(wide, well()).exit(), Exit::Pass);
        let unknown = "x smoke --spawn y --threshold nothing_ms<20";
        assert_eq!(report(unknown, well()).exit(), Exit::Threshold);
        let saturated = Outcome { saturated: true, ..well() };
        assert_eq!(report(tight, saturated.clone()).exit(), Exit::Saturated);
        let mut oracle = crate::oracle::Oracle::default();
        oracle.admitted_gap(|| "a gap <here>".to_owned());
        let broken = report(tight, Outcome { faults: oracle.verdict(true), ..saturated });
        assert_eq!((broken.exit(), broken.verdict), (Exit::Correctness, "correctness"));
        let page = page(&broken);
        assert!(page.contains("a gap &lt;here&gt;") && !page.contains("<here>"));
        assert!(lines(&broken).contains("gaps 1"), "{}", lines(&broken));
        assert!(serde_json::to_string(&broken).is_ok_and(|json| json.contains(r#""gap":1"#)));
    }

    #[test]
    fn the_end_of_the_interval_is_held_against_the_bar() {
        let options = |bar: &str| {
            let args = ["x", "smoke", "--spawn", "y", "--threshold", bar];
            Options::try_parse_from(args).expect("flags")
        };
        let outcome = |ms: f64| {
            let mut outcome = Outcome::default();
            outcome.figure("deliver_p99_ms", ms, "ms");
            outcome
        };
        let server = [8.0, 10.0, 10.0, 12.0, 10.0].map(outcome).to_vec();
        let mut series = Series { server, ..Series::default() };
        series.summarise(1);
        for (bar, exit) in [
            ("deliver_p99_ms<11", Exit::Threshold),
            ("deliver_p99_ms<13", Exit::Pass),
            ("deliver_p99_ms>9", Exit::Threshold),
            ("deliver_p99_ms>7", Exit::Pass),
        ] {
            let report = Report::new(&options(bar), "plan".to_owned(), series.clone());
            assert_eq!(report.exit(), exit, "{bar}: {:?}", report.held);
        }
    }

    #[test]
    fn a_refusal_is_no_pass() {
        let mut outcome = well();
        outcome.errors.insert("rate_limited".to_owned(), 3);
        assert_eq!(report("x smoke --spawn y", outcome).exit(), Exit::Threshold);
    }
}
