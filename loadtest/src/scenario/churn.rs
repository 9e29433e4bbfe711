//! `churn`: while the load runs, members are cut off one after another and resume at once. Nobody may
//! miss or double anything, and the others go on.

use std::rc::Rc;
use std::time::Instant;

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::meter::as_f64;
use crate::random::Random;
use crate::target::Target;
use crate::traffic::{Member, Part, Traffic};
use wardroom_protocol::join::From;

/// Members that come and go, beside those that stay.
const GUESTS: usize = 50;

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let mut traffic = Traffic::prepare(Rc::clone(&target), run.plan.clone()).await?;
    traffic.start().await?;
    tokio::time::sleep(run.warmup).await;
    let begun = Instant::now();
    let mut guests = Vec::with_capacity(GUESTS);
    let share = run.count / GUESTS as u64;
    for number in 0..GUESTS {
        let (target, ground) = (Rc::clone(&target), Rc::clone(&traffic.ground));
        let desk = number % run.plan.rooms;
        let (member, mut link) =
            Member::join(&target, &ground, desk, number, From::Now, Part::Guest).await?;
        let mut random = Random::new(run.seed.wrapping_add(number as u64));
        traffic.members.push(Rc::clone(&member));
        guests.push(tokio::task::spawn_local(async move {
            for _ in 0..share {
                // Reads a few frames, is cut wherever it stands, and resumes.
                for _ in 0..random.below(20) {
                    link.receive("reading", |text| member.take(&ground, text)).await?;
                }
                drop(link);
                link = member.resume(&target, &ground).await?;
            }
            Ok::<_, Failure>((member, link, Instant::now()))
        }));
    }
    let window = traffic.window(run.length, |second| run.tick(second)).await;
    outcome.window(run, &window);
    // Those that are through before the window closes wait for it; that time is none of theirs.
    let mut through = begun;
    for guest in guests {
        let (member, link, at) = guest.await.expect("a guest does not panic")?;
        through = through.max(at);
        traffic.follow_again(&member, link);
    }
    let cuts = as_f64(share) * as_f64(GUESTS as u64);
    outcome.figure("cuts_and_resumes", cuts, "resumes");
    outcome.figure("resumes_per_s", cuts / through.duration_since(begun).as_secs_f64(), "1/s");
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults = faults;
    outcome.meter(run, meter);
    Ok(outcome)
}
