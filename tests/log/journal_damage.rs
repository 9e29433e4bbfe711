//! The journal damaged: named, served from the store, mended in place; what both lack is a hole.

use std::fs;
use std::path::{Path, PathBuf};

use wardroom::log::{Done, Log, scrub, stats, verify};

use crate::damage::{assert_whole, template};
use crate::world::{Author, Dice, EPOCH, close, copy_dir, quick_dir, read, small};

fn segment(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("journal/{number:08}.seg"))
}

/// The segment that is written to; the last of those in use.
fn open_segment(dir: &Path) -> PathBuf {
    segment(dir, u32::try_from(stats(dir).unwrap().segments).unwrap())
}

/// Where the groups of a closed segment end: its trailer says so at byte 8.
fn groups_end(bytes: &[u8]) -> usize {
    let trailer = &bytes[bytes.len() - 64..];
    u32::from_le_bytes(trailer[8..12].try_into().unwrap()) as usize
}

fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1
}

#[test]
fn a_damaged_byte_in_a_closed_segment_is_mended() {
    let original = quick_dir();
    let rooms = template(original.path());
    let mut dice = Dice(121);
    for place in 0..200 {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let file = segment(dir.path(), 1);
        let mut bytes = fs::read(&file).unwrap();
        let end = groups_end(&bytes);
        let list = used(&bytes[..bytes.len() - 64]);
        let at = match place % 8 {
            0 => dice.below(64),
            1 => end + dice.below(list - end),
            2 => bytes.len() - 64 + dice.below(64),
            _ => 64 + dice.below(end - 64),
        };
        bytes[at] ^= 1 << dice.below(8);
        fs::write(&file, bytes).unwrap();
        let what = format!("place {place}, byte {at} (groups end at {end})");
        let report = verify(dir.path()).unwrap();
        assert!(!report.ok(), "{what}: not named");
        if place % 4 == 0 {
            assert_whole(dir.path(), &rooms, &what);
        }
        let scrubbed = scrub(dir.path(), &small()).unwrap();
        assert!(scrubbed.ok(), "{what}: {scrubbed}");
        assert!(!scrubbed.findings.is_empty(), "{what}: mended without a word");
        let report = verify(dir.path()).unwrap();
        assert!(report.ok(), "{what}: {report}");
        if place % 4 == 1 {
            assert_whole(dir.path(), &rooms, &what);
        }
    }
}

#[test]
fn damage_before_the_mark_is_mended_at_the_start() {
    let original = quick_dir();
    let rooms = template(original.path());
    let last = stats(original.path()).unwrap();
    let open = u32::try_from(last.segments).unwrap();
    let mut dice = Dice(131);
    for place in 0..20 {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let file = segment(dir.path(), open);
        let mut bytes = fs::read(&file).unwrap();
        let at = 64 + dice.below(used(&bytes) - 64);
        bytes[at] ^= 1 << dice.below(8);
        fs::write(&file, bytes).unwrap();
        let what = format!("place {place}, byte {at}");
        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        assert!(!recovery.findings.is_empty(), "{what}: not named");
        assert!(recovery.holes.is_empty(), "{what}: {:?}", recovery.holes);
        close(log);
        let report = verify(dir.path()).unwrap();
        assert!(report.ok(), "{what}: {report}");
        assert_whole(dir.path(), &rooms, &what);
    }
}

#[test]
fn a_missing_segment_is_written_back_from_the_store() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    fs::remove_file(segment(dir.path(), 2)).unwrap();
    assert!(!verify(dir.path()).unwrap().ok());
    let report = scrub(dir.path(), &small()).unwrap();
    assert!(report.ok(), "{report}");
    assert_whole(dir.path(), &rooms, "a segment gone");
}

#[test]
fn without_its_journal_the_store_writes_it_back() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(recovery.holes.is_empty(), "{:?}", recovery.holes);
    assert!(!recovery.tail_lost, "{:?}", recovery.findings);
    close(log);
    assert_whole(dir.path(), &rooms, "the journal gone");
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{report}");
}

#[test]
fn what_both_lack_is_a_named_hole() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    let file = segment(dir.path(), 1);
    let mut bytes = fs::read(&file).unwrap();
    // A byte in the header of some record: its position is in there.
    let needle = rooms[0].records[99].header.mid;
    let at = bytes.windows(16).position(|window| window == needle.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs::write(&file, bytes).unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert_eq!(recovery.holes.len(), 1, "{:?}", recovery.holes);
    let hole = &recovery.holes[0];
    assert_eq!((&hole.log, hole.from, hole.to), (&rooms[0].name, 100, 100));
    assert!(recovery.findings.iter().any(|finding| finding.done == Done::Lost));
    let (records, holes) = read(&log, &rooms[0].name);
    assert_eq!(holes, [(100, 100)]);
    let mut others = rooms[0].records.clone();
    others.remove(99);
    assert_eq!(records, others);
    assert_eq!(read(&log, &rooms[1].name), (rooms[1].records.clone(), vec![]));
    close(log);
    // It is still named afterwards, and nothing else is wrong.
    let report = verify(dir.path()).unwrap();
    assert_eq!(report.holes.len(), 1, "{report}");
    assert!(report.findings.is_empty(), "{report}");
    said_once(dir.path());
}

/// Another start finds nothing more: an epoch is opened for a loss, not for each start after it.
fn said_once(dir: &Path) {
    let (log, recovery) = Log::open(dir, small()).unwrap();
    assert!(recovery.holes.is_empty() && !recovery.tail_lost, "{:?}", recovery.holes);
    assert!(recovery.findings.is_empty(), "{:?}", recovery.findings);
    close(log);
}

#[test]
fn a_segment_that_nobody_has_is_a_named_hole() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    fs::remove_file(segment(dir.path(), 2)).unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    // And of each log an entry whose words are gone: what says why is lost as well.
    assert_eq!(recovery.holes.len(), 4, "two of each log: {:?}", recovery.holes);
    assert!(recovery.tail_lost, "other logs may have ended there");
    for room in &rooms {
        let (records, holes) = read(&log, &room.name);
        let lost: u64 = holes.iter().map(|(from, to)| to - from + 1).sum();
        assert_eq!((holes.len(), records.len() as u64 + lost), (2, room.head()));
    }
    close(log);
    said_once(dir.path());
}

#[test]
fn a_torn_end_is_dropped_and_the_log_goes_on() {
    for (name, behind) in [("garbage", vec![0xAB; 700]), ("half a group", Vec::new())] {
        let dir = quick_dir();
        let mut dice = Dice(141);
        let mut room = Author::new("cardiology");
        let (log, _) = Log::open(dir.path(), small()).unwrap();
        for _ in 0..20 {
            room.post(&log, &mut dice, 300);
            room.synced();
        }
        room.stored();
        close(log);
        fs::remove_dir_all(dir.path().join("store")).unwrap();
        fs::remove_file(dir.path().join("store.mark")).unwrap();
        let file = segment(dir.path(), 1);
        let mut bytes = fs::read(&file).unwrap();
        let end = used(&bytes);
        if behind.is_empty() {
            // The last group was written in part: as if its sync had never returned.
            bytes[end - 200..end].fill(0);
            room.records.pop();
        } else {
            bytes[end..end + behind.len()].copy_from_slice(&behind);
        }
        fs::write(&file, bytes).unwrap();
        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        let dropped = |finding: &wardroom::log::Finding| finding.done == Done::TornEndDropped;
        assert!(recovery.findings.iter().any(dropped), "{name}: {:?}", recovery.findings);
        assert!(recovery.holes.is_empty() && !recovery.tail_lost, "{name}");
        assert_eq!(read(&log, &room.name), (room.records.clone(), vec![]), "{name}");
        close(log);
        let report = verify(dir.path()).unwrap();
        assert!(report.ok(), "{name}: {report}");
    }
}

#[test]
fn the_end_that_the_store_knows_is_damage_and_mended() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    let file = open_segment(dir.path());
    let mut bytes = fs::read(&file).unwrap();
    let end = used(&bytes);
    bytes[end - 3000..end].fill(0);
    fs::write(&file, bytes).unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(recovery.holes.is_empty() && !recovery.tail_lost, "{:?}", recovery.findings);
    close(log);
    assert_whole(dir.path(), &rooms, "the end");
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{report}");
}

/// A store that is not as it was left gives back what it has, but its word that this is all does not count.
#[test]
fn an_end_that_only_a_doubtful_store_knows_is_said() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    let file = open_segment(dir.path());
    let mut bytes = fs::read(&file).unwrap();
    let group = bytes.windows(4).rposition(|four| four == b"WGRP").unwrap();
    bytes[group..].fill(0);
    fs::write(&file, bytes).unwrap();
    fs::remove_file(dir.path().join("store/gen-00000001/SEAL")).unwrap();
    for start in ["first", "second"] {
        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        assert_eq!(recovery.tail_lost, start == "first", "{:?}", recovery.findings);
        assert!(recovery.floors.of(&rooms[0].name) > EPOCH, "{start} start: it opens an epoch");
        close(log);
    }
    assert_whole(dir.path(), &rooms, "the end");
}

#[test]
fn a_lost_end_that_nobody_can_name_is_said() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    let file = open_segment(dir.path());
    let mut bytes = fs::read(&file).unwrap();
    let end = used(&bytes);
    // Of the last group only its first bytes are left.
    let group = bytes.windows(4).rposition(|four| four == b"WGRP").unwrap();
    bytes[group + 6..end].fill(0);
    fs::write(&file, bytes).unwrap();
    // The mark still says which group was safe once; the store that had it is gone.
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(recovery.tail_lost, "{:?}", recovery.findings);
    let mut lost = 0;
    for room in &rooms {
        let records = read(&log, &room.name).0;
        lost += room.records.len() - records.len();
        assert_eq!(records, room.records[..records.len()]);
    }
    assert!(lost > 0, "the test damaged nothing");
    // The log goes on, in a new epoch that its rooms open.
    let mut other = Author::new("oncology");
    other.post(&log, &mut Dice(151), 100);
    other.stored();
    close(log);
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(!recovery.tail_lost, "it is said once");
    assert!(recovery.floors.of(&rooms[0].name) > EPOCH, "and remembered");
    assert_eq!(read(&log, &other.name).0, other.records);
    close(log);
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{report}");
}

/// The last entry of one log is damaged, what other logs wrote after it is whole, and there is no store that
/// knows of it: nothing says that this log went further, so every log must open an epoch.
#[test]
fn an_end_lost_before_others_went_on_is_said() {
    let dir = quick_dir();
    let (mut dice, mut ended) = (Dice(161), Author::new("cardiology"));
    let mut other = Author::new("oncology");
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    ended.create(&log, &mut dice);
    ended.post(&log, &mut dice, 300);
    ended.synced();
    ended.post(&log, &mut dice, 300);
    ended.synced();
    other.create(&log, &mut dice);
    other.stored();
    close(log);
    let file = segment(dir.path(), 1);
    let mut bytes = fs::read(&file).unwrap();
    let mid = ended.records.pop().unwrap().header.mid;
    let at = bytes.windows(16).position(|found| found == mid.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs::write(&file, bytes).unwrap();
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    for start in ["first", "second"] {
        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        assert_eq!(recovery.tail_lost, start == "first", "{:?}", recovery.findings);
        assert!(recovery.floors.of(&ended.name) > EPOCH, "{start} start: it opens an epoch");
        for room in [&ended, &other] {
            assert_eq!(read(&log, &room.name), (room.records.clone(), vec![]), "{start} start");
        }
        close(log);
    }
}
