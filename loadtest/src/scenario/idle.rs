//! `idle`: joined connections that say nothing. What one costs in memory, and how fast they come.

use std::rc::Rc;

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::meter::{Counts, Snapshot, Window, as_f64};
use crate::target::Target;
use crate::traffic::{OPENING, Traffic};

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
    let tokens = joins.min(target.members.len() as u64);
    outcome.notes.push(format!(
        "connections open {OPENING} at a time; {}; rooms were founded before and are counted apart",
        told_of_tokens(joins, tokens, target.process.is_some())
    ));
    drop(rooms);
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}

/// How many of the joins bring a token that the server has to verify; the others bring one again. Only a
/// server that was started for the run is known to have seen none of them before.
fn told_of_tokens(joins: u64, tokens: u64, started: bool) -> String {
    if started {
        format!("{tokens} of {joins} joins bring a token that the server sees for the first time")
    } else {
        format!("{joins} joins bring {tokens} tokens, which the server may have seen before")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_as_they_are() {
        // Twenty people with many devices, as many people as connections, and a server of somebody.
        for (told, says) in [
            (told_of_tokens(10_000, 20, true), "20 of 10000 joins bring a token"),
            (told_of_tokens(4_000, 4_000, true), "4000 of 4000 joins bring a token"),
            (told_of_tokens(50, 1, false), "1 tokens, which the server may have seen before"),
        ] {
            assert!(told.contains(says), "{told}");
        }
    }
}
