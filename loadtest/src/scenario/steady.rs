//! Steady load: `smoke`, `fanout` and `rooms`, with silent rooms beside it if asked for.

use std::rc::Rc;

use super::crowd::Crowd;
use super::{Outcome, Run};
use crate::failure::Failure;
use crate::target::Target;
use crate::traffic::Traffic;

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let crowd = Crowd::gather(&target, run).await?;
    let mut traffic = Traffic::prepare(target, run.plan.clone()).await?;
    traffic.start().await?;
    tokio::time::sleep(run.warmup).await;
    let window = traffic.window(run.length, |second| run.tick(second)).await;
    outcome.window(run, &window);
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    if let Some(crowd) = crowd {
        crowd.dismiss(&mut outcome).await?;
    }
    Ok(outcome)
}
