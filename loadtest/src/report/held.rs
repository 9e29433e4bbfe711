//! A bar, and what is held against it. It rests on every run: one that leaves the figure out, because the
//! server was overloaded or the generator late, would otherwise leave the judgement to the runs that
//! went well.

use serde::Serialize;

use crate::bootstrap::Estimate;
use crate::options::Threshold;
use crate::pairs::Series;
use crate::scenario::Outcome;

/// A bar and what was held against it.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// The bar.
    #[serde(flatten)]
    pub bar: Threshold,
    /// The figure, over the runs that have it.
    pub estimate: Option<Estimate>,
    /// Whether it holds.
    pub holds: bool,
    /// What is missing, if a run lacks the figure; such a bar never holds.
    pub why: Option<String>,
    /// A late generator is the reason, in one run at least.
    #[serde(skip)]
    pub(super) late: bool,
}

impl Held {
    /// Holds a figure against its bar.
    pub(super) fn judge(bar: &Threshold, series: &Series) -> Self {
        let estimate = series.estimate(&bar.figure);
        let (why, late) = lack(&bar.figure, series, estimate);
        let holds = why.is_none() && estimate.is_some_and(|it| within(bar, &it));
        Self { bar: bar.clone(), estimate, holds, why, late }
    }
}

/// The end of the interval that is nearer to the bar decides; of one run that is the value itself.
fn within(bar: &Threshold, it: &Estimate) -> bool {
    if bar.below { it.high < bar.bar } else { it.low > bar.bar }
}

/// What is missing of a figure, in words, and whether a late generator is a reason.
fn lack(figure: &str, series: &Series, estimate: Option<Estimate>) -> (Option<String>, bool) {
    let (name, sources) = series.sources(figure);
    let (all, have) = (sources.len(), estimate.map_or(0, |it| it.runs));
    if have > 0 && have >= all {
        return (None, false);
    }
    let lacking = |why: fn(&Outcome) -> bool| {
        let lacks = |it: &&Outcome| it.value(name).is_none() && why(it);
        sources.iter().filter(|runs| runs.iter().any(lacks)).count()
    };
    let (overloaded, late) = (lacking(|it| it.overloaded), lacking(|it| it.late));
    let reasons: Vec<String> = [("overloaded", overloaded), ("generator late", late)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{reason}: {count}"))
        .collect();
    let what = if sources.iter().any(|runs| runs.len() > 1) { "pairs" } else { "runs" };
    let why = match (have, reasons.is_empty()) {
        (0, true) => "no run has it".to_owned(),
        (_, true) => format!("{} of {all} {what} lack it", all - have),
        _ => format!("{} of {all} {what} lack it ({})", all - have, reasons.join(", ")),
    };
    (Some(why), late > 0)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::{Report, lines, page};
    use super::*;
    use crate::failure::Exit;
    use crate::options::{Baseline, Options};

    /// A run with these milliseconds, or one that left them out.
    fn outcome(ms: Option<f64>) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.figure("deliver_p99_ms", ms, "ms");
        outcome.figure("cpu_us_per_delivery", 5.0, "us");
        outcome
    }

    fn overloaded() -> Outcome {
        Outcome { overloaded: true, ..outcome(None) }
    }

    fn late() -> Outcome {
        Outcome { late: true, ..outcome(None) }
    }

    fn report(bar: &str, server: Vec<Outcome>, beside: Vec<Outcome>) -> Report {
        let args = ["x", "slow-readers", "--spawn", "y", "--threshold", bar];
        let options = Options::try_parse_from(args).expect("flags");
        let baseline = (!beside.is_empty()).then_some(Baseline::Without);
        let mut series = Series { server, baseline, beside, ..Series::default() };
        series.summarise(1);
        Report::new(&options, "plan".to_owned(), series)
    }

    #[test]
    fn one_pair_of_five_holds_no_bar_when_the_others_were_overloaded() {
        let well = || outcome(Some(10.0));
        let four = || vec![overloaded(), overloaded(), well(), overloaded(), overloaded()];
        let five = || vec![well(), well(), well(), well(), well()];
        for (server, beside) in [(four(), five()), (five(), four())] {
            let report = report("ratio.deliver_p99_ms<1.15", server, beside);
            assert_eq!((report.exit(), report.verdict), (Exit::Threshold, "threshold"));
            let held = &report.held[0];
            assert_eq!(held.estimate.map(|it| (it.median, it.runs)), Some((1.0, 1)));
            assert!(!held.holds);
            let why = "4 of 5 pairs lack it (overloaded: 4)";
            assert_eq!(held.why.as_deref(), Some(why));
            let told = lines(&report);
            let line = format!("bar ratio.deliver_p99_ms < 1.15: does NOT hold: {why}\n");
            assert!(told.contains(&line), "{told}");
            assert!(page(&report).contains(why));
            assert!(serde_json::to_string(&report).is_ok_and(|json| json.contains(why)));
        }
        let whole = report("ratio.deliver_p99_ms<1.15", five(), five());
        assert_eq!((whole.exit(), whole.held[0].why.as_deref()), (Exit::Pass, None));
    }

    #[test]
    fn a_bar_fails_by_the_runs_that_its_figure_comes_from_and_by_no_others() {
        let two = |second| vec![outcome(Some(10.0)), second];
        let exit = |bar: &str, server, beside| report(bar, server, beside).exit();
        let (ours, theirs) = (|| two(overloaded()), || two(outcome(Some(10.0))));
        // What an overloaded run did not leave out stands.
        assert_eq!(exit("cpu_us_per_delivery<6", ours(), vec![]), Exit::Pass);
        assert_eq!(exit("ratio.cpu_us_per_delivery<1.1", ours(), theirs()), Exit::Pass);
        assert_eq!(exit("deliver_p99_ms<20", ours(), theirs()), Exit::Threshold);
        assert_eq!(exit("without.deliver_p99_ms<20", ours(), theirs()), Exit::Pass);
        assert_eq!(exit("without.deliver_p99_ms<20", theirs(), ours()), Exit::Threshold);
        assert_eq!(exit("deliver_p99_ms<20", theirs(), ours()), Exit::Pass);
    }

    #[test]
    fn what_a_late_generator_left_out_is_not_held_against_the_server() {
        let runs = || vec![outcome(Some(10.0)), late()];
        let unknown = report("deliver_p99_ms<20", runs(), vec![]);
        assert_eq!((unknown.exit(), unknown.verdict), (Exit::Saturated, "saturated"));
        let why = Some("1 of 2 runs lack it (generator late: 1)");
        assert_eq!(unknown.held[0].why.as_deref(), why);
        assert_eq!(report("cpu_us_per_delivery<6", runs(), vec![]).exit(), Exit::Pass);
        assert_eq!(report("cpu_us_per_delivery<4", runs(), vec![]).exit(), Exit::Threshold);
    }

    #[test]
    fn a_figure_that_nobody_measured_holds_no_bar() {
        for figure in ["nothing_ms<1", "ratio.deliver_p99_ms<9", "extra.deliver_p99_ms<9"] {
            let report = report(figure, vec![outcome(Some(1.0))], vec![]);
            assert_eq!(report.exit(), Exit::Threshold, "{figure}");
            assert_eq!(report.held[0].why.as_deref(), Some("no run has it"), "{figure}");
        }
    }
}
