//! `soak`: a node's busy day, fifty times as fast, for half an hour. Rooms that stand and rooms that
//! come and go, members that are cut off and come back, words erased, snapshots taken. When the last
//! client has left, everything the node holds must be back at its level, and every gauge at zero.
//!
//! What a level is: of descriptors, threads and tasks, what the node had once a first small visit had
//! come and gone; of memory, the median over the second quarter of the run, when caches are full,
//! against that when nobody speaks any more (and beside it, after all was read again: the cache is full
//! of the largest nodes then); of disk, which keeps all that was said, what an entry took in the first
//! half of the run.

mod day;
mod levels;
mod visit;

use std::cell::Cell;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use wardroom_protocol::join::From;

pub(super) use day::STANDING;
use levels::{Level, settled};

use super::{Outcome, Run};
use crate::failure::Failure;
use crate::link::Link;
use crate::meter::{Second, as_f64};
use crate::random::Random;
use crate::target::{Setting, Target};
use crate::traffic::{Ground, Member, Part, Traffic, erase_one};

/// The knob after which an idle room closes; a server without it keeps them open.
const IDLE: &str = "limits.idle_room_seconds";
/// Its variable and value here.
const IDLE_SETTING: (&str, &str) = ("WARDROOM_LIMITS__IDLE_ROOM_SECONDS", "5");
/// Between two looks at the disk.
const LOOK: Duration = Duration::from_secs(2);

/// Small segments and a small cache, so that both turn over many times within half an hour; and rooms
/// that close soon, if this server closes any.
pub fn settings(program: &Path) -> Result<Vec<Setting>, Failure> {
    let mut all = vec![
        ("WARDROOM_LOG__SEGMENT_MIB", "8".to_owned()),
        ("WARDROOM_LOG__CACHE_MIB", "8".to_owned()),
    ];
    let knobs = Command::new(program)
        .args(["config", "show", "--json"])
        .output()
        .map_err(Failure::io("ask the server for its settings"))?;
    if String::from_utf8_lossy(&knobs.stdout).contains(IDLE) {
        all.push((IDLE_SETTING.0, IDLE_SETTING.1.to_owned()));
    }
    Ok(all)
}

pub(super) async fn run(target: Rc<Target>, run: &Run) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    visit::first(&target, run, &mut outcome).await?;
    // Longer than it takes an idle room to close and a runtime to let go of a thread, unless this is a try.
    let calm = if run.length >= Duration::from_mins(1) { 12 } else { 3 };
    let begun = settled(&target, None, calm).await?;
    let mut traffic = Traffic::prepare(Rc::clone(&target), run.plan.clone()).await?;
    traffic.start().await?;
    let over = Rc::new(Cell::new(false));
    let guests = come_and_go(&target, &traffic, run, &over).await?;
    let eraser = erase(&target, &traffic, run, &over).await?;
    let looking = look(&target, &over);
    let visits = Box::pin(visit::keep_coming(&target, run));
    let (window, visited) =
        traffic.window_with(run.length, visits, |second| run.tick(second)).await;
    over.set(true);
    outcome.window(run, &window);
    visited?.into(&mut outcome);
    let mut resumes = 0;
    for guest in guests {
        let (member, link, times) = guest.await.expect("a guest does not panic")?;
        traffic.follow_again(&member, link);
        resumes += times;
    }
    outcome.figure("cuts_and_resumes", as_f64(resumes), "resumes");
    let erased = eraser.await.expect("the eraser does not panic")?;
    outcome.figure("redactions", as_f64(erased), "messages");
    let disk = looking.await.expect("the look does not panic")?;
    // The verdict reads all that was ever said, which no day of anybody does: memory is judged before.
    let rested = if run.length >= Duration::from_mins(1) {
        settled(&target, None, calm).await?
    } else {
        Level::of(&target).await?
    };
    let (faults, meter) = traffic.verdict().await?;
    outcome.faults.merge(faults);
    outcome.meter(run, meter);
    // The last client has left.
    let left = Instant::now();
    let ended = settled(&target, Some(&begun), calm).await?;
    outcome.figure("settled_s", left.elapsed().as_secs_f64(), "s");
    levels::compare(&mut outcome, &begun, &ended);
    levels::memory(&mut outcome, run.length, &rested, &ended);
    levels::disk(&mut outcome, &disk);
    Ok(outcome)
}

/// What a guest brings home: itself, and how often it resumed.
type Guest = JoinHandle<Result<(Rc<Member>, Link, u64), Failure>>;

/// Members that are cut off and resume, again and again.
async fn come_and_go(
    target: &Rc<Target>,
    traffic: &Traffic,
    run: &Run,
    over: &Rc<Cell<bool>>,
) -> Result<Vec<Guest>, Failure> {
    let mut guests = Vec::with_capacity(day::GUESTS);
    for number in 0..day::GUESTS {
        let (target, ground) = (Rc::clone(target), Rc::clone(&traffic.ground));
        let desk = number % run.plan.rooms;
        let (member, mut link) =
            Member::join(&target, &ground, desk, number, From::Now, Part::Guest).await?;
        let mut random = Random::new(run.seed.wrapping_add(number as u64));
        let over = Rc::clone(over);
        guests.push(tokio::task::spawn_local(async move {
            let mut times = 0;
            while !over.get() {
                let stay = random.within(day::STAY * 2);
                let reading = async {
                    loop {
                        link.receive("reading", |text| member.take(&ground, text)).await?;
                    }
                };
                // Cut wherever it stands when its time is over.
                let cut: Result<Result<(), Failure>, _> = tokio::time::timeout(stay, reading).await;
                cut.unwrap_or(Ok(()))?;
                drop(link);
                link = member.resume(&target, &ground).await?;
                times += 1;
            }
            Ok::<_, Failure>((member, link, times))
        }));
    }
    Ok(guests)
}

/// A moderator who erases messages of the standing rooms.
async fn erase(
    target: &Rc<Target>,
    traffic: &Traffic,
    run: &Run,
    over: &Rc<Cell<bool>>,
) -> Result<JoinHandle<Result<u64, Failure>>, Failure> {
    let (mut link, _) = Link::open(&target.address, &target.author, None).await?;
    let (ground, over): (Rc<Ground>, _) = (Rc::clone(&traffic.ground), Rc::clone(over));
    let mut random = Random::new(run.seed);
    let rooms = run.plan.rooms as u64;
    Ok(tokio::task::spawn_local(async move {
        let mut erased = 0;
        while !over.get() {
            tokio::time::sleep(random.within(day::BETWEEN_ERASURES * 2)).await;
            let desk = usize::try_from(random.below(rooms)).unwrap_or(0);
            erased += u64::from(erase_one(&ground, &mut link, desk, &mut random).await?);
        }
        link.close().await;
        Ok(erased)
    }))
}

/// Looks at what lies on the disk while it runs.
fn look(target: &Rc<Target>, over: &Rc<Cell<bool>>) -> JoinHandle<Result<Vec<Level>, Failure>> {
    let (target, over) = (Rc::clone(target), Rc::clone(over));
    tokio::task::spawn_local(async move {
        let mut looks = Vec::new();
        while !over.get() {
            looks.push(Level::of(&target).await?);
            tokio::time::sleep(LOOK).await;
        }
        Ok(looks)
    })
}

/// The median memory of the part of the window between two shares of its length, bytes.
fn resident(seconds: &[Second], length: Duration, from: f64, to: f64) -> Option<f64> {
    let length = length.as_secs_f64();
    let within = seconds.iter().filter(|it| (from * length..to * length).contains(&it.at));
    let all: Vec<f64> = within.filter_map(|it| it.server_rss.map(as_f64)).collect();
    crate::bootstrap::median(&all)
}
