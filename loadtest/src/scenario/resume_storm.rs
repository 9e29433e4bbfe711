//! `resume-storm`: everybody is cut off at once and comes back at a random moment. How long until all
//! have everything again?

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::meter::{Snapshot, Window, as_f64};
use crate::random::Random;
use crate::target::Target;
use crate::traffic::Traffic;

/// How long they stay away: what is missed meanwhile must be served.
const AWAY: Duration = Duration::from_secs(1);
/// Full jitter: each comes back anywhere within this.
const JITTER: Duration = Duration::from_secs(2);

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let mut traffic = Traffic::prepare(Rc::clone(&target), run.plan.clone()).await?;
    traffic.start().await?;
    tokio::time::sleep(run.warmup).await;
    let window = traffic.window(run.length, |second| run.tick(second)).await;
    outcome.window(run, &window);
    traffic.cut_all().await;
    tokio::time::sleep(AWAY).await;
    let before = Snapshot::take(traffic.counts(), target.process);
    let begun = Instant::now();
    let mut random = Random::new(run.seed);
    let mut coming = JoinSet::new();
    for member in traffic.members.clone() {
        let (target, ground) = (Rc::clone(&target), Rc::clone(&traffic.ground));
        let wait = random.within(JITTER);
        coming.spawn_local(async move {
            tokio::time::sleep(wait).await;
            let link = member.resume(&target, &ground).await?;
            Ok::<_, Failure>((member, link))
        });
    }
    let resumed = coming.len() as u64;
    while let Some(back) = coming.join_next().await {
        let (member, link) = back.expect("a resume does not panic")?;
        traffic.follow_again(&member, link);
    }
    let connected = begun.elapsed();
    // The load goes on: "all caught up" is true at one moment, when everybody stands at the head.
    let all = traffic.caught_up().await;
    let after = Snapshot::take(traffic.counts(), target.process);
    outcome.figure("resumed", as_f64(resumed), "connections");
    outcome.figure("all_connected_s", connected.as_secs_f64(), "s");
    outcome.figure("all_caught_up_s", all.then(|| begun.elapsed().as_secs_f64()), "s");
    outcome.figure("jitter_s", JITTER.as_secs_f64(), "s");
    let storm = Window::between(&before, &after);
    outcome.figure("cpu_us_per_resume", storm.server_micros_per(resumed), "us");
    outcome.notes.push(
        "cpu_us_per_resume includes the deliveries of the load that went on meanwhile".to_owned(),
    );
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}
