//! `replay`: a room is filled, then one reader takes all of it as fast as it goes.

use std::rc::Rc;
use std::time::{Duration, Instant};

use wardroom_protocol::ids::Position;
use wardroom_protocol::join::From;

use super::{Outcome, Run};
use crate::counting::Counting;
use crate::failure::Failure;
use crate::frame;
use crate::link::Link;
use crate::meter::{Snapshot, Window};
use crate::target::Target;
use crate::traffic::Traffic;

/// A room that takes longer to fill, or to read, has a server in trouble.
const PATIENCE: Duration = Duration::from_mins(5);

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let mut traffic = Traffic::prepare(Rc::clone(&target), run.plan.clone()).await?;
    traffic.start().await?;
    let begun = Instant::now();
    while traffic.counts().acked < run.count {
        if begun.elapsed() > PATIENCE {
            return Err(Failure::TooLong("filling the room", PATIENCE.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    traffic.stop_authors().await?;
    let desk = &traffic.ground.desks[0];
    let head = traffic.ground.oracle.borrow().head(desk.index);
    let before = Snapshot::take(traffic.counts(), target.process);
    // Only counted here, for speed; the oracle's own reader replays the room again below.
    let reading = async {
        if target.tls {
            let (mut link, _) = Link::open(&target.address, target.member(0), None).await?;
            link.join(&desk.log, From::Position(Position::ZERO)).await?;
            let mut last = 0;
            while last < head {
                let seq = |text: &str| frame::head(text).map(|head| head.position.seq);
                last = link.receive("replaying", seq).await?.unwrap_or(last);
            }
            return Ok(last);
        }
        let mut reader = Counting::join(&target.address, target.member(0), &desk.log).await?;
        reader.read_up_to(head).await
    };
    let read: Result<u64, Failure> = match tokio::time::timeout(PATIENCE, reading).await {
        Ok(read) => read,
        Err(_) => return Err(Failure::TooLong("the replay", PATIENCE.as_secs())),
    };
    let read = read?;
    let after = Snapshot::take(traffic.counts(), target.process);
    let window = Window::between(&before, &after);
    let mut outcome = Outcome::default();
    outcome.figure("replayed_entries", crate::meter::as_f64(read), "entries");
    outcome.figure("replay_entries_per_s", window.rate(read), "1/s");
    outcome.figure("replay_cpu_us_per_entry", window.server_micros_per(read), "us");
    outcome.figure("replay_s", window.seconds, "s");
    outcome.figure("generator_cpu_cores", window.own_share(), "cores");
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}
