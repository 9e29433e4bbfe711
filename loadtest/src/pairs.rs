//! Runs in pairs: the server and what it is compared with in turn, each freshly started, so that both
//! meet the same noise. A figure of several runs is a median with its 95 % interval; so is the ratio
//! of each pair.

use std::rc::Rc;

use serde::Serialize;

use crate::bootstrap::{Estimate, estimate};
use crate::failure::Failure;
use crate::options::{Baseline, Options, Scenario};
use crate::oracle::Faults;
use crate::scenario::{self, Outcome, Run};
use crate::target::{Spawn, Target};
use crate::traffic::Pace;

/// A figure over all runs.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The figure's name.
    pub name: String,
    /// What it is counted in.
    pub unit: String,
    /// Median and interval.
    pub estimate: Estimate,
}

/// The ratio of one figure, pair by pair.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// The figure.
    pub of: &'static str,
    /// Of each pair, in the order they were run.
    pub pairs: Vec<f64>,
}

/// Everything that was run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Series {
    /// The server's runs.
    pub server: Vec<Outcome>,
    /// What it was compared with.
    pub baseline: Option<Baseline>,
    /// The runs of that; empty without a baseline.
    pub beside: Vec<Outcome>,
    /// The ratios of the pairs.
    pub ratios: Vec<Ratio>,
    /// The figures over all runs; those of the baseline begin with its name, ratios with `ratio.`,
    /// differences with `extra.`.
    pub summary: Vec<Summary>,
}

/// The figures whose ratio a baseline is there for.
fn compared(baseline: Baseline) -> &'static [&'static str] {
    match baseline {
        Baseline::Floor | Baseline::Tenth => &["cpu_us_per_delivery"],
        Baseline::Redis => &["kept_posts_per_s", "ack_p99_ms"],
        Baseline::Without => &["deliver_p99_ms", "cpu_us_per_delivery"],
    }
}

impl Series {
    /// The findings of all runs, the baseline's too: a floor that loses frames is no yardstick.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let mut all = Faults::default();
        for outcome in self.runs() {
            all.merge(outcome.faults.clone());
        }
        all
    }

    /// All runs, the baseline's after the server's.
    pub fn runs(&self) -> impl Iterator<Item = &Outcome> {
        self.server.iter().chain(&self.beside)
    }

    /// A figure over all runs, by its name.
    #[must_use]
    pub fn estimate(&self, name: &str) -> Option<Estimate> {
        self.summary.iter().find(|summary| summary.name == name).map(|summary| summary.estimate)
    }

    /// Where a figure of the summary comes from: the name that it has in a run, and the runs of each of
    /// its values, two for a ratio or a difference.
    #[must_use]
    pub fn sources<'a>(&self, figure: &'a str) -> (&'a str, Vec<Vec<&Outcome>>) {
        fn alone(runs: &[Outcome]) -> Vec<Vec<&Outcome>> {
            runs.iter().map(|run| vec![run]).collect()
        }
        match figure.split_once('.') {
            Some(("ratio" | "extra", of)) => {
                let pairs = self.server.iter().zip(&self.beside);
                (of, pairs.map(|(ours, theirs)| vec![ours, theirs]).collect())
            }
            Some((_, of)) => (of, alone(&self.beside)),
            None => (figure, alone(&self.server)),
        }
    }

    /// Fills in the summary from the runs.
    pub fn summarise(&mut self, seed: u64) {
        let mut summary = Vec::new();
        let mut add = |name: String, unit: &str, values: &[f64]| {
            if let Some(estimate) = estimate(values, seed) {
                summary.push(Summary { name, unit: unit.to_owned(), estimate });
            }
        };
        let beside = self.baseline.map_or("", Baseline::name);
        for (prefix, runs) in [(String::new(), &self.server), (format!("{beside}."), &self.beside)]
        {
            let names = runs.iter().flat_map(|outcome| &outcome.figures);
            let mut seen = Vec::new();
            for figure in names {
                if seen.contains(&figure.name) {
                    continue;
                }
                seen.push(figure.name);
                let values: Vec<f64> =
                    runs.iter().filter_map(|outcome| outcome.value(figure.name)).collect();
                add(format!("{prefix}{}", figure.name), figure.unit, &values);
            }
        }
        self.ratios.clear();
        if let Some(baseline) = self.baseline {
            for of in compared(baseline) {
                let pairs = self.paired(of, |ours, theirs| ours / theirs);
                add(format!("ratio.{of}"), &format!("x {beside}"), &pairs);
                self.ratios.push(Ratio { of, pairs });
            }
            if baseline == Baseline::Without {
                let of = "server_rss_grown_bytes";
                let extra = self.paired(of, |ours, theirs| ours - theirs);
                add(format!("extra.{of}"), "bytes", &extra);
            }
        }
        self.summary = summary;
    }

    fn paired(&self, of: &str, with: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        self.server
            .iter()
            .zip(&self.beside)
            .filter_map(|(ours, theirs)| Some(with(ours.value(of)?, theirs.value(of)?)))
            .filter(|it| it.is_finite())
            .collect()
    }
}

/// Runs all of it.
pub async fn run(options: &Options, run: &Run) -> Result<Series, Failure> {
    if let Some(why) = options.baseline.and_then(|baseline| refusal(options, baseline, run)) {
        return Err(Failure::Usage(why.to_owned()));
    }
    if options.bundling_floor
        && !(options.baseline == Some(Baseline::Floor)
            && matches!(run.plan.pace, Pace::InFlight(_)))
    {
        let why = "--bundling-floor goes with --baseline floor and --in-flight";
        return Err(Failure::Usage(why.to_owned()));
    }
    if run.silence.rooms > 0 && !has_silence(options.scenario) {
        return Err(Failure::Usage("--idle-rooms goes with smoke, fanout and rooms".to_owned()));
    }
    let mut series = Series { baseline: options.baseline, ..Series::default() };
    for pair in 0..options.pairs {
        // Whoever is first in one pair is second in the next.
        let beside_first = pair % 2 == 1;
        for beside in [beside_first, !beside_first] {
            let Some(baseline) = options.baseline.filter(|_| beside) else {
                if !beside {
                    let outcome = against_server(options, run, &label(options, pair, None)).await?;
                    series.server.push(outcome);
                }
                continue;
            };
            let (other, label) = (run.beside(baseline), label(options, pair, Some(baseline)));
            let outcome = match baseline {
                Baseline::Floor => {
                    begin(&other, &label);
                    scenario::run(options.scenario, Rc::new(Target::floor(1)?), &other).await?
                }
                Baseline::Redis => {
                    begin(&other, &label);
                    crate::redis::run(options.data.as_deref(), &other).await?
                }
                Baseline::Without | Baseline::Tenth => {
                    against_server(options, &other, &label).await?
                }
            };
            series.beside.push(outcome);
        }
    }
    run.view.borrow_mut().end();
    series.summarise(run.seed);
    Ok(series)
}

async fn against_server(options: &Options, run: &Run, label: &str) -> Result<Outcome, Failure> {
    begin(run, label);
    scenario::run(options.scenario, Rc::new(target(options, run)?), run).await
}

fn begin(run: &Run, label: &str) {
    let offered = match run.plan.pace {
        Pace::Rate(rate) => Some(rate),
        Pace::InFlight(_) => None,
    };
    run.view.borrow_mut().begin(label.to_owned(), offered, run.length);
}

fn label(options: &Options, pair: u32, baseline: Option<Baseline>) -> String {
    let scenario = clap::ValueEnum::to_possible_value(&options.scenario);
    let scenario = scenario.as_ref().map_or("?", |it| it.get_name());
    let who = baseline.map_or("server", Baseline::name);
    format!("{scenario}, run {} of {}: {who}", pair + 1, options.pairs)
}

/// Why a baseline says nothing of a scenario, if so.
fn refusal(options: &Options, baseline: Baseline, run: &Run) -> Option<&'static str> {
    use Scenario::{Durable, Fanout, Idle, Rooms, SlowReaders, Smoke};
    let (scenario, members) = (options.scenario, run.plan.members > 0);
    let fits = match baseline {
        Baseline::Floor => {
            let simple = matches!(scenario, Smoke | Fanout | Rooms | Idle);
            (simple && members && run.silence.rooms == 0).then_some(()).ok_or(
                "the floor keeps no log and has no rule for slow readers: --baseline floor goes \
                 with smoke, fanout, rooms and idle, with members and without idle rooms",
            )
        }
        Baseline::Redis => (scenario == Durable && matches!(run.plan.pace, Pace::InFlight(_)))
            .then_some(())
            .ok_or("--baseline redis goes with durable and --in-flight"),
        Baseline::Without => (scenario == SlowReaders || run.silence.rooms > 0)
            .then_some(())
            .ok_or("--baseline without goes with slow-readers, or with --idle-rooms"),
        Baseline::Tenth => (run.silence.rooms >= 10)
            .then_some(())
            .ok_or("--baseline tenth goes with ten --idle-rooms or more"),
    };
    fits.err()
}

fn has_silence(scenario: Scenario) -> bool {
    use Scenario::{Fanout, Rooms, Smoke};
    matches!(scenario, Smoke | Fanout | Rooms)
}

fn target(options: &Options, run: &Run) -> Result<Target, Failure> {
    if let (true, Pace::InFlight(most)) = (options.bundling_floor, run.plan.pace) {
        return Target::floor(most);
    }
    match (&options.url, &options.spawn) {
        (Some(url), _) => Target::at(url, &options.tokens, options.i_operate_this_server),
        (None, Some(program)) => Target::start(&Spawn {
            program: program.clone(),
            ephemeral: options.ephemeral,
            tls: options.tls,
            people: options.people,
            settings: match options.scenario {
                Scenario::Soak => scenario::soak_settings(program)?,
                _ => Vec::new(),
            },
            data: options.data.clone(),
        }),
        (None, None) => Err(Failure::Usage("give --url or --spawn".to_owned())),
    }
}
