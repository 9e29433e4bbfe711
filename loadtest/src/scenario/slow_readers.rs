//! `slow-readers`: one reader joins and then reads nothing. What do the others notice? Run with
//! `--baseline without` the same window is measured with and without it, each against a fresh server;
//! at the end it wakes up and must get everything in order.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wardroom_protocol::join::From;

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::link::Link;
use crate::meter::{Second, as_f64};
use crate::target::Target;
use crate::traffic::{Member, Part, Traffic};

/// Memory comes and goes by mebibytes within a second, as the store writes and the allocator gives pages
/// back: so the middle of so many looks is taken, before the stall and at its end.
const LOOKS: usize = 10;

/// Before the stall; at its end they are a second apart.
const BETWEEN_LOOKS: Duration = Duration::from_millis(300);

fn middle(mut looks: Vec<u64>) -> Option<u64> {
    looks.sort_unstable();
    looks.get(looks.len() / 2).copied()
}

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
    let mut before = Vec::new();
    for _ in 0..LOOKS {
        before.extend(target.process.and_then(|process| process.resident().ok()));
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    let asleep = if run.stalls { Some(fall_asleep(&target, &traffic).await?) } else { None };
    let mut resident = Vec::new();
    let tick = |second: &Second| {
        resident.extend(second.server_rss);
        run.tick(second);
    };
    let window = traffic.window(run.length, tick).await;
    outcome.window(run, &window);
    let late = resident.split_off(resident.len().saturating_sub(LOOKS));
    let grown = middle(before).zip(middle(late)).map(|(from, to)| as_f64(to) - as_f64(from));
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
