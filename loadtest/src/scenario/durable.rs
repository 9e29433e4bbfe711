//! `durable`: posts acknowledged per second, beside a probe of the disk, and until the store has them
//! too: a log that falls behind its journal would only borrow its speed.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::meter::{Latencies, Window, as_f64, milliseconds};
use crate::metrics::Metrics;
use crate::probe::Probe;
use crate::target::Target;
use crate::traffic::{Pace, Traffic};

/// Bytes that are in the journal and not yet in the store.
const LAG: &str = "wardroom_store_lag_bytes";
/// A store that takes longer has lost its thread.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let probe = target.data.as_deref().map(Probe::start).transpose()?;
    let mut outcome = Outcome::default();
    let mut traffic = Traffic::prepare(Rc::clone(&target), run.plan.clone()).await?;
    traffic.start().await?;
    tokio::time::sleep(run.warmup).await;
    let window = traffic.window(run.length, |second| run.tick(second)).await;
    let closed = Instant::now();
    outcome.window(run, &window);
    let spent = probe.map(Probe::finish);
    let lag = store_lag(&target, &mut outcome).await;
    traffic.stop_authors().await?;
    if let Some(lag) = lag {
        outcome.figure("store_lag_bytes", lag, "bytes");
        let took = caught_up(&target, closed).await?;
        outcome.figure("store_caught_up_s", took.as_secs_f64(), "s");
        kept(&mut outcome, &window, took);
    }
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    disk(&mut outcome, run, spent.as_ref());
    Ok(outcome)
}

/// How far the store is behind; `None`, with a note, where that cannot be read.
async fn store_lag(target: &Target, outcome: &mut Outcome) -> Option<f64> {
    let page = Metrics::of(target).await;
    let lag = page.as_ref().ok().and_then(|page| page.value(LAG));
    if lag.is_none() {
        let why = page.err().map_or_else(|| format!("no {LAG}"), |error| error.to_string());
        outcome.notes.push(format!("whether the store has caught up is not known: {why}"));
    }
    lag
}

/// Waits until the store has everything; how long after the window that was.
async fn caught_up(target: &Target, closed: Instant) -> Result<Duration, Failure> {
    loop {
        if Metrics::of(target).await?.value(LAG) == Some(0.0) {
            return Ok(closed.elapsed());
        }
        if closed.elapsed() > PATIENCE {
            return Err(Failure::TooLong("the store's catching up", PATIENCE.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The rate with the time counted that the store needed after the window.
fn kept(outcome: &mut Outcome, window: &Window, after: Duration) {
    let seconds = window.seconds + after.as_secs_f64();
    outcome.figure("kept_posts_per_s", as_f64(window.counts.acked) / seconds, "1/s");
}

/// What the disk did meanwhile, and the bar that follows from it.
pub(crate) fn disk(outcome: &mut Outcome, run: &Run, spent: Option<&Latencies>) {
    let Some(spent) = spent else {
        outcome.notes.push(
            "no disk probe: the data directory of a server given by --url is not known".to_owned(),
        );
        return;
    };
    outcome.figure("fdatasync_p50_ms", milliseconds(spent, 0.5), "ms");
    outcome.figure("fdatasync_p99_ms", milliseconds(spent, 0.99), "ms");
    // At a rate that leaves the disk time, an answer waits for the group before its own and for its
    // own; five of the probe's worst and ten milliseconds are the bar.
    if let (Pace::Rate(_), Some(answer), Some(sync)) =
        (run.plan.pace, outcome.value("ack_p99_ms"), milliseconds(spent, 0.99))
    {
        let bar = 10.0 + 5.0 * sync;
        outcome.figure("ack_p99_bar_ms", bar, "ms");
        outcome.figure("ack_p99_over_bar", answer / bar, "x bar");
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::meter::latencies;
    use crate::options::Options;
    use crate::view::Style;

    #[test]
    fn at_a_rate_the_answer_is_held_against_ten_milliseconds_and_five_syncs() {
        let bar = |args: &str, answer: Option<f64>| {
            let options = Options::try_parse_from(args.split(' ')).expect("flags");
            let mut spent = latencies();
            spent.record(2_000).expect("two milliseconds");
            let mut outcome = Outcome::default();
            outcome.figure("ack_p99_ms", answer, "ms");
            disk(&mut outcome, &Run::new(&options, Style::Quiet), Some(&spent));
            assert_eq!(outcome.value("fdatasync_p99_ms"), Some(2.0));
            outcome.value("ack_p99_bar_ms").zip(outcome.value("ack_p99_over_bar"))
        };
        let rate = "x durable --spawn y --rate 9/s";
        assert_eq!(bar(rate, Some(5.0)), Some((20.0, 0.25)));
        assert_eq!(bar(rate, None), None, "left out");
        assert_eq!(bar("x durable --spawn y", Some(5.0)), None, "a full window waits for itself");
    }
}
