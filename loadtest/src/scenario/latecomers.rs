//! `latecomers`: joins at random positions while the load runs. Each must get its slice whole: no gap
//! at the seam between log and live, no double.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use wardroom_protocol::ids::Position;
use wardroom_protocol::join::From;

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::meter::as_f64;
use crate::random::Random;
use crate::target::Target;
use crate::traffic::{Ground, Member, Part, Traffic};

/// Latecomers that are there at once.
const AT_ONCE: usize = 200;
/// Entries that a latecomer reads beyond the head it was told, to cross the seam.
const BEYOND: u64 = 20;
/// A latecomer that is not through by then is behind, which the oracle will say.
const PATIENCE: Duration = Duration::from_secs(20);
/// How far back a position lies at most.
const BACK: u64 = 1_000;

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let mut traffic = Traffic::prepare(Rc::clone(&target), run.plan.clone()).await?;
    traffic.start().await?;
    tokio::time::sleep(run.warmup).await;
    let ground = Rc::clone(&traffic.ground);
    let mut random = Random::new(run.seed);
    let (count, rooms) = (run.count, run.plan.rooms);
    // The last of them need the load to go on; so the window lasts until all are through.
    let coming = tokio::task::spawn_local(async move {
        let mut there = JoinSet::new();
        let mut seen = 0_u64;
        for number in 0..count {
            if there.len() >= AT_ONCE {
                let through = there.join_next().await.expect("200 are there");
                seen += through.expect("a latecomer does not panic")?;
            }
            let number = usize::try_from(number).unwrap_or(0);
            let (target, ground) = (Rc::clone(&target), Rc::clone(&ground));
            let from = begin(&ground, number % rooms, &mut random);
            there.spawn_local(async move { one(&target, &ground, number, from).await });
        }
        while let Some(through) = there.join_next().await {
            seen += through.expect("a latecomer does not panic")?;
        }
        Ok::<_, Failure>(seen)
    });
    let mut outcome = Outcome::default();
    let (window, read) = traffic.window_with(run.length, coming, |second| run.tick(second)).await;
    outcome.window(run, &window);
    let read = read.expect("the loop does not panic")?;
    outcome.figure("joins_per_s", window.rate(count), "1/s");
    outcome.figure("latecomers", as_f64(count), "joins");
    outcome.figure("latecomers_read", as_f64(read), "entries");
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}

/// Now, the last fifty, or somewhere up to a thousand entries back.
fn begin(ground: &Ground, desk: usize, random: &mut Random) -> From {
    let index = ground.desks[desk].index;
    match random.below(3) {
        0 => From::Now,
        1 => From::Last(50),
        _ => match ground.oracle.borrow().head_position(index) {
            Some(head) => {
                let seq = head.seq.saturating_sub(random.below(BACK));
                if seq == 0 { From::Start } else { From::Position(Position::new(head.epoch, seq)) }
            }
            None => From::Start,
        },
    }
}

/// One latecomer: joins, reads past the head it was told, and leaves. Gives how much it read.
async fn one(target: &Target, ground: &Ground, number: usize, from: From) -> Result<u64, Failure> {
    let desk = number % ground.desks.len();
    let (member, mut link) = Member::join(target, ground, desk, number, from, Part::Guest).await?;
    let after = member.reader.borrow().position().seq;
    let index = ground.desks[desk].index;
    let upto = ground.oracle.borrow().head(index).max(after) + BEYOND;
    let place = || member.reader.borrow().position().seq;
    let reading = async {
        while place() < upto {
            link.receive("reading late", |text| member.take(ground, text)).await?;
        }
        Ok::<_, Failure>(())
    };
    // A latecomer that waits in vain is judged below: what was there must have come.
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or(Ok(()))?;
    let reader = member.reader.borrow().clone();
    ground.oracle.borrow_mut().done(reader, upto);
    link.close().await;
    Ok(place() - after)
}
