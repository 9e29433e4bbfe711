//! Entries that are lost: whose they were is remembered until their logs have opened an epoch, wherever the
//! start that found it ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use wardroom::log::{Log, Options, scrub, verify};

use crate::power::Power;
use crate::world::{Author, Dice, EPOCH, close, copy_dir, log_name, quick_dir, small};

fn segment(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("journal/{number:08}.seg"))
}

/// One log whose last entry stands in the first segment, and another that went on into the next ones.
fn two_rooms(dir: &Path) -> [Author; 2] {
    let mut dice = Dice(501);
    let mut rooms = ["cardiology", "oncology"].map(Author::new);
    let (log, _) = Log::open(dir, small()).unwrap();
    for room in &mut rooms {
        for _ in 0..5 {
            room.post(&log, &mut dice, 300);
            room.synced();
        }
    }
    for _ in 0..80 {
        rooms[1].post(&log, &mut dice, 8_000);
        rooms[1].synced();
    }
    rooms.iter().for_each(Author::stored);
    close(log);
    rooms
}

/// The last entry of the first room is damaged, and there is no store: its segment's footer says that it was.
fn lose_a_named_end(dir: &Path, rooms: &[Author; 2]) {
    let mid = rooms[0].records.last().unwrap().header.mid;
    let mut bytes = fs::read(segment(dir, 1)).unwrap();
    let at = bytes.windows(16).position(|found| found == mid.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs::write(segment(dir, 1), bytes).unwrap();
    fs::remove_dir_all(dir.join("store")).unwrap();
}

/// The journal's last group is gone, and the store that knew it.
fn lose_the_end(dir: &Path) {
    let mut segments: Vec<_> =
        fs::read_dir(dir.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.sort();
    let open = segments.iter().rev().find_map(|path| {
        let bytes = fs::read(path).unwrap();
        let group = bytes.windows(4).rposition(|four| four == b"WGRP")?;
        Some((path, bytes, group))
    });
    let (path, mut bytes, group) = open.unwrap();
    bytes[group..].fill(0);
    fs::write(path, bytes).unwrap();
    fs::remove_dir_all(dir.join("store")).unwrap();
}

/// What a start says of the two rooms and one that nobody wrote in.
fn floors(dir: &Path) -> [u64; 3] {
    let (log, recovery) = Log::open(dir, small()).unwrap();
    close(log);
    ["cardiology", "oncology", "nephrology"].map(|room| recovery.floors.of(&log_name(room)))
}

#[test]
fn a_named_end_is_remembered_by_its_name() {
    let dir = quick_dir();
    let rooms = two_rooms(dir.path());
    assert_eq!(floors(dir.path()), [0, 0, 0], "nothing is lost");
    lose_a_named_end(dir.path(), &rooms);
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    let hole = &recovery.holes[0];
    assert_eq!((&hole.log, hole.from, hole.to), (&rooms[0].name, 5, 5), "{:?}", recovery.holes);
    let floor = recovery.floors.of(&rooms[0].name);
    assert!(floor > EPOCH, "above what was used");
    close(log);
    for start in ["second", "third"] {
        assert_eq!(floors(dir.path()), [floor, 0, 0], "{start} start: the same, and nobody else");
    }
    assert!(verify(dir.path()).unwrap().findings.is_empty());
}

#[test]
fn an_end_that_nobody_can_name_is_remembered_for_all() {
    let dir = quick_dir();
    two_rooms(dir.path());
    lose_the_end(dir.path());
    let floor = floors(dir.path())[0];
    assert!(floor > EPOCH, "above what was used");
    assert_eq!(floors(dir.path()), [floor; 3], "the same at the second start");
    // Lost again in the same second: what the first loss opened is above its floor, and is below this one.
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let mut room = Author::new("nephrology");
    room.epoch = floor;
    room.post(&log, &mut Dice(507), 100);
    room.stored();
    close(log);
    lose_the_end(dir.path());
    assert!(floors(dir.path())[2] > floor);
}

/// Mended with the server stopped, and only then started.
#[test]
fn what_a_scrub_found_lost_is_remembered() {
    let dir = quick_dir();
    let rooms = two_rooms(dir.path());
    lose_a_named_end(dir.path(), &rooms);
    assert_eq!(scrub(dir.path(), &small()).unwrap().holes.len(), 1);
    let [named, others, none] = floors(dir.path());
    assert!(named > EPOCH && others == 0 && none == 0, "{named} {others} {none}");
}

/// The start that mends ends at any of its writes or syncs, and the power goes: the next one may not be told by
/// the journal any more, and knows it all the same.
#[test]
fn wherever_a_mend_ends_the_loss_is_remembered() {
    let original = quick_dir();
    let rooms = two_rooms(original.path());
    let mut dice = Dice(503);
    let mut ended = 0;
    for named in [true, false] {
        for nth in 1..=14 {
            for writes in [true, false] {
                let dir = quick_dir();
                copy_dir(original.path(), dir.path());
                if named {
                    lose_a_named_end(dir.path(), &rooms);
                } else {
                    lose_the_end(dir.path());
                }
                let power = Power::new(("never", 0), false);
                let failing = if writes { &power.0.failing_write } else { &power.0.failing_sync };
                failing.store(nth, Ordering::SeqCst);
                let options = Options { disk: Arc::new(power.clone()), ..small() };
                let what = format!("named: {named}, call {nth}, a write: {writes}");
                match Log::open(dir.path(), options) {
                    Ok((log, _)) => close(log),
                    Err(_) => ended += 1,
                }
                power.turn_off();
                power.settle(&mut |bound| dice.below(bound));
                let [lost, ..] = floors(dir.path());
                assert!(lost > EPOCH, "{what}: forgotten");
                assert_eq!(floors(dir.path())[0], lost, "{what}: and again");
            }
        }
    }
    println!("56 mends, {ended} of them ended half done");
    assert!(ended >= 10, "the test does not test it");
}

#[test]
fn a_damaged_floor_concerns_every_log() {
    let original = quick_dir();
    let rooms = two_rooms(original.path());
    lose_a_named_end(original.path(), &rooms);
    let [floor, ..] = floors(original.path());
    assert!(floor > EPOCH);
    let whole = fs::read(original.path().join("epoch.floor")).unwrap();
    let mut dice = Dice(509);
    for round in 0..10 {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let mut bytes = whole.clone();
        if round == 0 {
            bytes.clear();
        } else if round < 3 {
            bytes.truncate(dice.below(whole.len()));
        } else {
            bytes[dice.below(whole.len())] ^= 1 << dice.below(8);
        }
        fs::write(dir.path().join("epoch.floor"), bytes).unwrap();
        assert!(!verify(dir.path()).unwrap().findings.is_empty(), "round {round}: not named");
        let all = floors(dir.path());
        assert!(all.iter().all(|it| *it >= floor), "round {round}: {all:?}");
        assert_eq!(floors(dir.path()), all, "round {round}: it is whole again");
        assert!(verify(dir.path()).unwrap().findings.is_empty(), "round {round}");
    }
}
