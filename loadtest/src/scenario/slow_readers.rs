//! `slow-readers`: one reader joins and then reads nothing. What do the others notice? Run with
//! `--baseline without` the same window is measured with and without it, each against a fresh server;
//! at the end it wakes up and must get everything in order.

use std::rc::Rc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wardroom_protocol::join::From;

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::link::Link;
use crate::meter::as_f64;
use crate::target::Target;
use crate::traffic::{Member, Part, Traffic};

/// A reader that does not read.
struct Asleep {
    member: Rc<Member>,
    wake: oneshot::Sender<()>,
    task: JoinHandle<Result<Link, Failure>>,
}

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let mut traffic = Traffic::prepare(Rc::clone(&target), run.plan.clone()).await?;
    traffic.start().await?;
    tokio::time::sleep(run.warmup).await;
    let resident = || target.process.and_then(|process| process.resident().ok());
    let before = resident();
    let asleep = if run.stalls { Some(fall_asleep(&target, &traffic).await?) } else { None };
    let window = traffic.window(run.length, |second| run.tick(second)).await;
    outcome.window(run, &window);
    let grown = before.zip(resident()).map(|(from, to)| as_f64(to) - as_f64(from));
    outcome.figure("server_rss_grown_bytes", grown, "bytes");
    if let Some(asleep) = asleep {
        let slept = asleep.member.reader.borrow().position().seq;
        // If nobody listens, it was cut off, and its task says how.
        let _ = asleep.wake.send(());
        let link = asleep.task.await.expect("a stalled reader does not panic")?;
        let index = traffic.ground.desks[0].index;
        let owed = traffic.ground.oracle.borrow().head(index).saturating_sub(slept);
        outcome.figure("owed_when_it_woke", as_f64(owed), "entries");
        traffic.follow(asleep.member, link);
    }
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}

async fn fall_asleep(target: &Target, traffic: &Traffic) -> Result<Asleep, Failure> {
    let (ground, number) = (&traffic.ground, traffic.members.len());
    let (member, link) = Member::join(target, ground, 0, number, From::Now, Part::Guest).await?;
    let (wake, woken) = oneshot::channel();
    Ok(Asleep { member, wake, task: tokio::task::spawn_local(stall(link, woken)) })
}

/// Reads nothing until it is told to wake, then gives the connection back.
async fn stall(mut link: Link, wake: oneshot::Receiver<()>) -> Result<Link, Failure> {
    tokio::select! {
        _ = wake => Ok(link),
        failure = link.stall() => Err(failure),
    }
}
