//! `idle`: joined connections that say nothing. What one costs in memory, and how fast they come.

use std::rc::Rc;

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::meter::{Counts, Snapshot, Window, as_f64};
use crate::target::Target;
use crate::traffic::Traffic;

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    // One traffic with as many rooms and nobody in them, so that both kinds of buffers are warm.
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
    // What rooms cost is not what a connection costs.
    let between = |from: Option<u64>, to: Option<u64>, count: u64| {
        let grown = to?.saturating_sub(from?);
        Some(as_f64(grown) / as_f64(count.max(1)))
    };
    let each = between(traffic.founded, resident(), joins);
    let room = between(before, traffic.founded, run.plan.rooms as u64);
    outcome.figure("rss_bytes_per_room", room, "bytes");
    outcome.figure("rss_bytes_per_connection", each, "bytes");
    outcome.figure("server_rss_bytes", resident().map(as_f64), "bytes");
    let share = window.server_cpu.map(|spent| spent / window.seconds);
    outcome.figure("idle_cpu_cores", share, "cores");
    outcome.notes.push(
        "connections open 64 at a time, with tokens the server has seen; rooms were founded before \
         and are counted apart"
            .to_owned(),
    );
    drop(rooms);
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}
