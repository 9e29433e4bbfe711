//! A disk that fails at its n-th call, or takes its time: nothing is acknowledged after the error, it
//! is never tried again, a restart heals, and a slow sync holds up nobody but those who wait for it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wardroom::log::{Failure, Health, Log, Options, Unavailable, verify};

use crate::gated_disk::{Gate, GatedDisk};
use crate::power::Power;
use crate::slow_disk::{Slow, SlowDisk};
use crate::world::{Author, Dice, ask, close, quick_dir, read, small, wait};

/// How a run with a fault ended.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    NotOpened,
    JournalFailed,
    StoreFailed,
    Untouched,
}

/// Writes until the fault is noticed; checks that nothing is acknowledged after it, and that a restart
/// finds all that was acknowledged before.
fn run(what: &str, power: &Power) -> Ended {
    let dir = quick_dir();
    let options = Options { disk: Arc::new(power.clone()), mark_every: Duration::ZERO, ..small() };
    let mut room = Author::new("cardiology");
    let mut dice = Dice(41);
    let ended = match Log::open(dir.path(), options) {
        Err(refused) => {
            assert!(refused.to_string().contains("failed to"), "{what}: {refused}");
            Ended::NotOpened
        }
        Ok((log, _)) => {
            let ended = write(what, &log, &mut room, &mut dice);
            close(log);
            ended
        }
    };
    let acked = usize::try_from(room.progress.synced()).unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    let (records, holes) = read(&log, &room.name);
    assert!(holes.is_empty() && recovery.holes.is_empty() && !recovery.tail_lost, "{what}");
    assert!(records.len() >= acked, "{what}: {acked} acknowledged, {} left", records.len());
    assert_eq!(records[..], room.records[..records.len()], "{what}");
    assert_eq!(log.health(), Health::Ready, "{what}: a restart heals");
    close(log);
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{what}: {report}");
    ended
}

fn write(what: &str, log: &Log, room: &mut Author, dice: &mut Dice) -> Ended {
    for _ in 0..80 {
        if log.health() == Health::Failed {
            break;
        }
        let record = room.posting(dice, 8_000);
        match room.append(log, record) {
            Ok(()) => {}
            Err(Unavailable::Failed) => break,
            Err(other) => panic!("{what}: {other}"),
        }
        let progress = &room.progress;
        wait("it is synced or failed", || progress.synced() >= room.head() || progress.failed());
    }
    if log.health() != Health::Failed {
        return Ended::Untouched;
    }
    if !room.progress.failed() && room.progress.synced() == room.head() {
        assert_eq!(log.failure(), Some(Failure::Store), "{what}: for good");
        return Ended::StoreFailed;
    }
    assert_eq!(log.failure(), Some(Failure::Journal), "{what}: for good");
    // The journal failed: whatever comes now is refused, and no mark rises.
    let acked = room.progress.synced();
    for _ in 0..5 {
        let record = room.posting(dice, 100);
        assert_eq!(room.append(log, record), Err(Unavailable::Failed), "{what}");
    }
    assert_eq!((room.progress.synced(), log.health()), (acked, Health::Failed), "{what}");
    // Reading goes on.
    let records = read(log, &room.name).0;
    assert_eq!(records[..], room.records[..records.len()], "{what}");
    Ended::JournalFailed
}

fn tell(kind: &str, mut ended: Vec<Ended>) {
    ended.sort();
    let count = |wanted: &Ended| ended.iter().filter(|it| *it == wanted).count();
    let kinds = [Ended::NotOpened, Ended::JournalFailed, Ended::StoreFailed, Ended::Untouched];
    let counts: Vec<_> = kinds.iter().map(|kind| format!("{kind:?} {}", count(kind))).collect();
    println!("{kind} failing at call 1 to {}: {}", ended.len(), counts.join(", "));
    assert!(count(&Ended::JournalFailed) >= 10, "the test does not test it");
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let ended = (1..=50).map(|nth| {
        let power = Power::new(("never", 0), false);
        power.0.failing_sync.store(nth, Ordering::SeqCst);
        let ended = run(&format!("sync {nth}"), &power);
        let goes_on = ended == Ended::Untouched;
        assert!(!goes_on || power.failed_in_making(), "sync {nth}: the error was not noticed");
        ended
    });
    tell("syncs", ended.collect());
}

#[test]
fn a_failed_write_is_the_end_of_acknowledging() {
    let ended = (1..=50).map(|nth| {
        let power = Power::new(("never", 0), false);
        power.0.failing_write.store(nth, Ordering::SeqCst);
        let ended = run(&format!("write {nth}"), &power);
        let goes_on = ended == Ended::Untouched;
        assert!(!goes_on || power.failed_in_making(), "write {nth}: the error was not noticed");
        ended
    });
    tell("writes", ended.collect());
}

#[test]
fn while_a_sync_takes_its_time_the_queue_fills_and_reading_goes_on() {
    let dir = quick_dir();
    let slow = Arc::new(Slow::default());
    let disk = Arc::new(SlowDisk(Arc::clone(&slow)));
    let options = Options { disk, queue_bytes: 20_000, ..small() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(61);
    for _ in 0..10 {
        room.post(&log, &mut dice, 1_000);
    }
    room.stored();
    slow.shut(true);
    room.post(&log, &mut dice, 1_000);
    wait("the sync hangs", || slow.is_waited_for());
    // A bounded queue takes some more, then whoever asks first is told, and who does not is refused.
    let refused = loop {
        let record = room.posting(&mut dice, 1_000);
        if let Err(refused) = room.append(&log, record) {
            break refused;
        }
        assert!(room.head() < 100, "the queue has no bound");
    };
    assert_eq!(refused, Unavailable::Overloaded);
    assert_eq!((log.health(), log.failure()), (Health::Lagging, None), "it may get better");
    assert_eq!(room.progress.synced(), 10, "nothing is acknowledged before its sync");
    assert_eq!(read(&log, &room.name).0, room.records[..10], "reading goes on");
    slow.shut(false);
    room.synced();
    room.stored();
    wait("it is ready again", || log.health() == Health::Ready);
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
}

#[test]
fn a_disk_that_is_nearly_full_is_said_before_anything_is_ordered() {
    let dir = quick_dir();
    let slow = Arc::new(Slow::default());
    slow.leave(1_000_000);
    let disk = Arc::new(SlowDisk(Arc::clone(&slow)));
    let options = Options { disk, min_free_bytes: 1_000_001, ..small() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    assert_eq!((log.health(), log.failure()), (Health::Full, None), "from the first moment");
    // What was ordered before is still made safe.
    let mut room = Author::new("cardiology");
    room.post(&log, &mut Dice(63), 100);
    room.stored();
    assert_eq!(read(&log, &room.name).0, room.records);
    slow.leave(1_100_000);
    let heads = ask(&log, |reader| reader.logs().unwrap());
    assert_eq!(heads, [room.name.clone()]);
    slow.leave(1_125_002);
    wait("there is room again", || log.health() == Health::Ready);
    slow.leave(1_000_000);
    wait("it is full again", || log.health() == Health::Full);
    close(log);
}

/// The store's thread hangs until its queue is full; then the journal waits for it with a group that is synced,
/// and whoever comes after that must not be left without an answer: somebody looks at how long they wait.
#[test]
fn a_store_that_holds_up_the_journal_is_said() {
    let (dir, gate) = (quick_dir(), Arc::new(Gate::default()));
    let options = Options { disk: Arc::new(GatedDisk(gate.clone())), ..small() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    let (mut room, mut dice) = (Author::new("cardiology"), Dice(71));
    gate.shut("point", Path::new("after_sled"));
    // A group each, until one is not synced any more.
    let told = || log.unsynced_for() >= Duration::from_millis(500);
    while !told() {
        assert!(room.head() < 10_000, "its queue has no bound");
        room.post(&log, &mut dice, 20);
        let (progress, head) = (&room.progress, room.head());
        wait("it is synced, or somebody is told", || progress.synced() >= head || told());
    }
    assert!(gate.is_waited_for() && room.progress.synced() < room.head());
    gate.open();
    room.stored();
    wait("nobody waits", || log.unsynced_for().is_zero());
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
}
