//! `idle`: joined connections that say nothing. What one costs in memory, and how fast they come.

use std::rc::Rc;

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::meter::{Counts, Snapshot, Window, as_f64};
use crate::target::Target;
use crate::traffic::Traffic;

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    // One traffic with the same rooms and nobody in them: what rooms cost is not what a connection
    // costs, and both kinds of buffers are warm then.
    let mut empty = run.plan.clone();
    empty.members = 0;
    let rooms = Traffic::prepare(Rc::clone(&target), empty).await?;
    let resident = || target.process.and_then(|process| process.resident().ok());
    let before = resident();
    let from = Snapshot::take(Counts::default(), target.process);
    let traffic = Traffic::prepare(Rc::clone(&target), run.plan.clone()).await?;
    let to = Snapshot::take(Counts::default(), target.process);
    let joins = traffic.members.len() as u64;
    let mut outcome = Outcome::default();
    outcome.figure("connections", as_f64(joins), "connections");
    outcome.figure("joins_per_s", as_f64(joins) / traffic.joining.as_secs_f64(), "1/s");
    let spent = Window::between(&from, &to);
    outcome.figure("cpu_us_per_join", spent.server_micros_per(joins), "us");
    let window = traffic.window(run.length, |_| {}).await;
    let each = before
        .zip(resident())
        .map(|(before, after)| as_f64(after.saturating_sub(before)) / as_f64(joins.max(1)));
    outcome.figure("rss_bytes_per_connection", each, "bytes");
    outcome.figure("server_rss_bytes", resident().map(as_f64), "bytes");
    let share = window.server_cpu.map(|spent| spent / window.seconds);
    outcome.figure("idle_cpu_cores", share, "cores");
    outcome.notes.push(
        "rss_bytes_per_connection includes this run's share of its own new rooms; connections \
         open 64 at a time, with tokens the server has seen"
            .to_owned(),
    );
    drop(rooms);
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}
