//! `slow-readers`: one reader joins and then reads nothing. What do the others notice? The same window
//! is measured twice in one run, without the stalled reader and with it; then it wakes up and must get
//! everything in order.

use std::rc::Rc;

use tokio::sync::oneshot;
use wardroom_protocol::join::From;

use super::outcome::milliseconds;
use super::{Outcome, Run};
use crate::failure::Failure;
use crate::link::Link;
use crate::meter::{as_f64, latencies};
use crate::target::Target;
use crate::traffic::{Member, Part, Traffic};

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let mut traffic = Traffic::prepare(Rc::clone(&target), run.plan.clone()).await?;
    traffic.start().await?;
    tokio::time::sleep(run.warmup).await;
    traffic.window(run.length, |second| run.tick(second)).await;
    let ground = Rc::clone(&traffic.ground);
    let without = {
        let mut meter = ground.meter.borrow_mut();
        meter.answered.reset();
        meter.service.reset();
        std::mem::replace(&mut meter.delivered, latencies())
    };
    let resident = || target.process.and_then(|process| process.resident().ok());
    let before = resident();
    let number = traffic.members.len();
    let (member, link) = Member::join(&target, &ground, 0, number, From::Now, Part::Guest).await?;
    let (wake, woken) = oneshot::channel();
    let asleep = tokio::task::spawn_local(stall(link, woken));
    let window = traffic.window(run.length, |second| run.tick(second)).await;
    outcome.window(run, &window);
    let grown = before.zip(resident()).map(|(from, to)| as_f64(to.saturating_sub(from)));
    outcome.figure("server_rss_grown_bytes", grown, "bytes");
    let with = milliseconds(&ground.meter.borrow().delivered, 0.99);
    let without = milliseconds(&without, 0.99);
    outcome.figure("deliver_p99_without_ms", without, "ms");
    let ratio = with.zip(without).map(|(with, without)| with / without);
    outcome.figure("deliver_p99_ratio", ratio.filter(|_| !outcome.overloaded), "ratio");
    // If nobody listens, it was cut off, and its task says how.
    let _ = wake.send(());
    let link = asleep.await.expect("a stalled reader does not panic")?;
    traffic.follow(member, link);
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}

/// Reads nothing until it is told to wake, then gives the connection back.
async fn stall(mut link: Link, wake: oneshot::Receiver<()>) -> Result<Link, Failure> {
    tokio::select! {
        _ = wake => Ok(link),
        failure = link.stall() => Err(failure),
    }
}
