//! Steady load: `smoke`, `fanout`, `rooms`, and `durable` with its probe of the disk.

use std::rc::Rc;

use super::outcome::milliseconds;
use super::{Outcome, Run};
use crate::failure::Failure;
use crate::probe::Probe;
use crate::target::Target;
use crate::traffic::Traffic;

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let mut traffic = Traffic::prepare(target, run.plan.clone()).await?;
    traffic.start().await?;
    tokio::time::sleep(run.warmup).await;
    let window = traffic.window(run.length, |second| run.tick(second)).await;
    outcome.window(run, &window);
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}

pub(super) async fn durable(target: Rc<Target>, plan: &Run) -> Result<Outcome, Failure> {
    let probe = target.data.as_deref().map(Probe::start).transpose()?;
    let mut outcome = run(target, plan).await?;
    match probe.map(Probe::finish) {
        Some(spent) => {
            outcome.figure("fdatasync_p50_ms", milliseconds(&spent, 0.5), "ms");
            outcome.figure("fdatasync_p99_ms", milliseconds(&spent, 0.99), "ms");
        }
        None => outcome.notes.push(
            "no disk probe: the data directory of a server given by --url is not known".to_owned(),
        ),
    }
    Ok(outcome)
}
