//! Rooms that come and go: founded, talked in, words erased, read once more from the start, left.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::day;
use crate::failure::Failure;
use crate::link::Link;
use crate::meter::as_f64;
use crate::oracle::Faults;
use crate::random::Random;
use crate::scenario::{Outcome, Run};
use crate::target::Target;
use crate::traffic::{Pace, Plan, Traffic, erase_one};

/// What the visits came to.
#[derive(Default)]
pub(super) struct Visits {
    faults: Faults,
    rooms: u64,
    posts: u64,
}

impl Visits {
    pub(super) fn into(self, outcome: &mut Outcome) {
        outcome.faults.merge(self.faults);
        outcome.figure("rooms_founded", as_f64(self.rooms), "rooms");
        outcome.figure("posts_in_those", as_f64(self.posts), "messages");
    }
}

/// One after the other until the window is over.
pub(super) async fn keep_coming(target: &Rc<Target>, run: &Run) -> Result<Visits, Failure> {
    let begun = Instant::now();
    let mut all = Visits::default();
    let mut random = Random::new(run.seed);
    while begun.elapsed() < run.length {
        let rest = run.length.saturating_sub(begun.elapsed());
        one(target, run, day::VISIT.min(rest), &mut random, &mut all).await?;
    }
    Ok(all)
}

/// The first, before anything is measured: opens what a node opens once.
pub(super) async fn first(
    target: &Rc<Target>,
    run: &Run,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let mut visit = Visits::default();
    one(target, run, Duration::from_secs(1), &mut Random::new(run.seed), &mut visit).await?;
    outcome.faults.merge(visit.faults);
    Ok(())
}

async fn one(
    target: &Rc<Target>,
    run: &Run,
    length: Duration,
    random: &mut Random,
    all: &mut Visits,
) -> Result<(), Failure> {
    let pace = Pace::Rate(day::VISIT_RATE);
    let plan = Plan { rooms: 1, members: day::VISITORS, pace, bytes: run.plan.bytes };
    let mut traffic = Traffic::prepare(Rc::clone(target), plan).await?;
    traffic.start().await?;
    tokio::time::sleep(length).await;
    traffic.stop_authors().await?;
    traffic.caught_up().await;
    let (mut link, _) = Link::open(&target.address, &target.author, None).await?;
    for _ in 0..day::VISIT_ERASURES {
        erase_one(&traffic.ground, &mut link, 0, random).await?;
    }
    link.close().await;
    all.posts += traffic.counts().acked;
    all.rooms += 1;
    let (faults, _) = traffic.verdict().await?;
    all.faults.merge(faults);
    Ok(())
}
