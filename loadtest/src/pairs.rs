//! Runs in pairs: server and floor in turn, each freshly started, so that both meet the same noise.
//! A figure of several runs is a median with its 95 % interval; so is the ratio of each pair.

use std::rc::Rc;

use serde::Serialize;

use crate::bootstrap::{Estimate, estimate};
use crate::failure::Failure;
use crate::options::{Options, Scenario};
use crate::oracle::Faults;
use crate::scenario::{self, Outcome, Run};
use crate::target::{Spawn, Target};

/// A figure over all runs.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The figure's name.
    pub name: String,
    /// What it is counted in.
    pub unit: &'static str,
    /// Median and interval.
    pub estimate: Estimate,
}

/// Everything that was run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Series {
    /// The server's runs.
    pub server: Vec<Outcome>,
    /// The floor's runs; empty without a baseline.
    pub floor: Vec<Outcome>,
    /// The figures over all runs; those of the floor begin with `floor.`, ratios with `ratio.`.
    pub summary: Vec<Summary>,
}

impl Series {
    /// The findings of all runs, the floor's too: a floor that loses frames is no yardstick.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let mut all = Faults::default();
        for outcome in self.server.iter().chain(&self.floor) {
            all.merge(outcome.faults.clone());
        }
        all
    }

    /// A figure over all runs, by its name.
    #[must_use]
    pub fn estimate(&self, name: &str) -> Option<Estimate> {
        self.summary.iter().find(|summary| summary.name == name).map(|summary| summary.estimate)
    }

    /// Fills in the summary from the runs.
    pub fn summarise(&mut self, seed: u64) {
        let mut summary = Vec::new();
        let mut add = |name: String, unit, values: &[f64]| {
            if let Some(estimate) = estimate(values, seed) {
                summary.push(Summary { name, unit, estimate });
            }
        };
        for (prefix, runs) in [("", &self.server), ("floor.", &self.floor)] {
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
        let each = "cpu_us_per_delivery";
        let ratios: Vec<f64> = self
            .server
            .iter()
            .zip(&self.floor)
            .filter_map(|(server, floor)| Some(server.value(each)? / floor.value(each)?))
            .collect();
        add(format!("ratio.{each}"), "x floor", &ratios);
        self.summary = summary;
    }
}

/// Runs all of it.
pub async fn run(options: &Options, run: &Run) -> Result<Series, Failure> {
    if options.baseline.is_some() && !(floor_can(options.scenario) && run.plan.members > 0) {
        return Err(Failure::Usage(
            "the floor keeps no log and has no rule for slow readers: --baseline goes with smoke, \
             fanout, rooms and idle, with members"
                .to_owned(),
        ));
    }
    let mut series = Series::default();
    for pair in 0..options.pairs {
        // Whoever is first in one pair is second in the next.
        let floor_first = pair % 2 == 1;
        for floor in [floor_first, !floor_first] {
            if floor && options.baseline.is_none() {
                continue;
            }
            if run.lively {
                let who = if floor { "floor" } else { "server" };
                eprintln!("run {} of {}: {who}", pair + 1, options.pairs);
            }
            let target = Rc::new(target(options, floor)?);
            let outcome = scenario::run(options.scenario, target, run).await?;
            if floor { series.floor.push(outcome) } else { series.server.push(outcome) }
        }
    }
    series.summarise(run.seed);
    Ok(series)
}

/// Whether the floor can do what a scenario asks for.
fn floor_can(scenario: Scenario) -> bool {
    use Scenario::{Fanout, Idle, Rooms, Smoke};
    matches!(scenario, Smoke | Fanout | Rooms | Idle)
}

fn target(options: &Options, floor: bool) -> Result<Target, Failure> {
    if floor {
        return Target::floor();
    }
    match (&options.url, &options.spawn) {
        (Some(url), _) => Target::at(url, &options.tokens, options.i_operate_this_server),
        (None, Some(program)) => Target::start(&Spawn {
            program: program.clone(),
            ephemeral: options.ephemeral,
            data: options.data.clone(),
        }),
        (None, None) => Err(Failure::Usage("give --url or --spawn".to_owned())),
    }
}
