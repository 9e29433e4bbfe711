//! The scenarios: each is a plan of traffic and what happens during its window.

mod churn;
mod crowd;
mod durable;
mod idle;
mod latecomers;
mod outcome;
mod replay;
mod resume_storm;
mod slow_readers;
mod soak;
mod steady;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

pub(crate) use durable::disk;
pub use outcome::{Curve, Figure, Outcome};
pub use soak::settings as soak_settings;

use crate::failure::Failure;
use crate::meter::Second;
use crate::options::{Baseline, Options, Scenario};
use crate::process::Process;
use crate::target::Target;
use crate::traffic::{Pace, Plan};
use crate::view::{Style, View};

/// Descriptors kept for everything that is no member: authors, files, the runtime.
const SPARE: u64 = 64;
/// What `--baseline tenth` divides the idle rooms by.
const TENTH: usize = 10;

/// Rooms in which nobody says anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// Rooms.
    pub rooms: usize,
    /// Connections joined in each.
    pub members: usize,
}

/// One run of a scenario: its plan after the defaults were filled in.
#[derive(Clone, Debug)]
pub struct Run {
    /// Rooms, members, pace, bytes.
    pub plan: Plan,
    /// Before the window.
    pub warmup: Duration,
    /// The window.
    pub length: Duration,
    /// Joins or entries.
    pub count: u64,
    /// Of every random choice.
    pub seed: u64,
    /// Rooms and connections beside the load.
    pub silence: Silence,
    /// Whether the reader of `slow-readers` stalls.
    pub stalls: bool,
    /// What shows while it runs.
    pub view: Rc<RefCell<View>>,
}

impl Run {
    /// Fills in the scenario's defaults.
    #[must_use]
    pub fn new(options: &Options, style: Style) -> Self {
        use Pace::{InFlight, Rate};
        let secs = Duration::from_secs;
        let (rooms, members, pace, warmup, length, count) = match options.scenario {
            Scenario::Smoke => (4, 10, Rate(100.0), secs(1), secs(4), 0),
            Scenario::Fanout => (1, 1_000, InFlight(1), secs(2), secs(10), 0),
            Scenario::Rooms => (200, 20, InFlight(2), secs(2), secs(10), 0),
            Scenario::Durable => (1, 0, InFlight(64), secs(2), secs(30), 0),
            Scenario::Replay => (1, 0, InFlight(64), secs(0), secs(0), 100_000),
            Scenario::Idle => (500, 20, InFlight(1), secs(0), secs(5), 0),
            Scenario::Latecomers => (4, 10, Rate(2_000.0), secs(1), secs(10), 10_000),
            Scenario::SlowReaders => (1, 50, Rate(500.0), secs(2), secs(60), 0),
            Scenario::ResumeStorm => (20, 50, Rate(200.0), secs(1), secs(5), 0),
            Scenario::Churn => (4, 25, Rate(500.0), secs(1), secs(10), 2_000),
            Scenario::Soak => {
                let (rooms, members, rate) = soak::STANDING;
                (rooms, members, Rate(rate), secs(0), secs(30 * 60), 0)
            }
        };
        let number = |given: Option<u32>, default: usize| {
            given.map_or(default, |it| usize::try_from(it).unwrap_or(usize::MAX))
        };
        let pace = options.rate.map(Rate).or(options.in_flight.map(InFlight)).unwrap_or(pace);
        Self {
            plan: Plan {
                rooms: number(options.rooms, rooms),
                members: number(options.members, members),
                pace,
                bytes: number(Some(options.bytes), 0),
            },
            warmup: options.warmup.unwrap_or(warmup),
            length: options.length.unwrap_or(length),
            count: options.count.unwrap_or(count),
            seed: options.seed,
            silence: Silence {
                rooms: number(options.idle_rooms, 0),
                members: number(options.idle_members, 0),
            },
            stalls: options.scenario == Scenario::SlowReaders,
            view: Rc::new(RefCell::new(View::new(style))),
        }
    }

    /// The run that this one is compared with.
    #[must_use]
    pub fn beside(&self, baseline: Baseline) -> Self {
        let mut other = self.clone();
        match baseline {
            Baseline::Floor | Baseline::Redis => {}
            Baseline::Without => {
                other.stalls = false;
                other.silence = Silence::default();
            }
            Baseline::Tenth => other.silence.rooms = self.silence.rooms.div_ceil(TENTH),
        }
        other
    }

    /// Says so before anything is opened, if this process may not open that many descriptors.
    pub fn check_descriptors(&self) -> Result<(), Failure> {
        let members = self.plan.rooms.saturating_mul(self.plan.members.saturating_add(2));
        let silent = self.silence.rooms.saturating_mul(self.silence.members);
        let needed = (members.saturating_add(silent) as u64).saturating_add(SPARE);
        match Process::Own.open_files_allowed() {
            Ok(allowed) if allowed < needed => Err(Failure::Usage(format!(
                "this run needs {needed} open files and may have {allowed}; \
                 run it (and the server) after: ulimit -n {needed}"
            ))),
            _ => Ok(()),
        }
    }

    /// Shows one second.
    fn tick(&self, second: &Second) {
        self.view.borrow_mut().tick(second);
    }
}

/// Runs a scenario against a server.
pub async fn run(scenario: Scenario, target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    run.check_descriptors()?;
    match scenario {
        Scenario::Smoke | Scenario::Fanout | Scenario::Rooms => steady::run(target, run).await,
        Scenario::Durable => durable::run(target, run).await,
        Scenario::Replay => replay::run(target, run).await,
        Scenario::Idle => idle::run(target, run).await,
        Scenario::Latecomers => latecomers::run(target, run).await,
        Scenario::SlowReaders => slow_readers::run(target, run).await,
        Scenario::ResumeStorm => resume_storm::run(target, run).await,
        Scenario::Churn => churn::run(target, run).await,
        Scenario::Soak => Box::pin(soak::run(target, run)).await,
    }
}
