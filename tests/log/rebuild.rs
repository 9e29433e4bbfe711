//! A store made anew while it serves: of a journal that has been damaged meanwhile, and on a disk without much
//! room.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use wardroom::log::{Done, Log, Options, verify};

use crate::damage::{assert_whole, template};
use crate::gated_disk::{Gate, GatedDisk};
use crate::slow_disk::{Slow, SlowDisk};
use crate::world::{Author, Dice, block, close, copy_dir, files, quick_dir, read, small, wait};

/// The folders of stores, the one in use and others.
fn generations(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir.join("store")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut all: Vec<_> = names.filter(|name| name.starts_with("gen-")).collect();
    all.sort();
    all
}

/// A usual start looks at the newest segment only, so damage in an older one is not noticed by it. The store
/// that is made of such a journal must not lack what the store before it held.
#[test]
fn what_the_journal_has_lost_is_taken_from_the_store_in_use() {
    let original = quick_dir();
    let rooms = template(original.path());
    let mut dice = Dice(1301);
    for place in 0..24 {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let file = dir.path().join("journal/00000001.seg");
        let mut bytes = fs::read(&file).unwrap();
        let trailer = &bytes[bytes.len() - 64..];
        let end = u32::from_le_bytes(trailer[8..12].try_into().unwrap()) as usize;
        let at = 64 + dice.below(end - 64);
        bytes[at] ^= 1 << dice.below(8);
        fs::write(&file, bytes).unwrap();
        let what = format!("place {place}, byte {at}");

        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        assert!(recovery.findings.is_empty(), "{what}: {:?}", recovery.findings);
        assert!(block(log.rebuild_store()), "{what}");
        for room in &rooms {
            assert!(read(&log, &room.name) == (room.records.clone(), vec![]), "{what}");
            crate::rows::assert_indexed(&log, room, &what);
        }
        close(log);
        assert_eq!(generations(dir.path()), ["gen-00000002"], "{what}");

        // The next start looks at all of the journal, where anything stood in the store only.
        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        let mended = recovery.findings.iter().any(|found| found.done == Done::MendedFromStore);
        close(log);
        let report = verify(dir.path()).unwrap();
        assert!(report.ok() || !mended, "{what}: {report}");
        assert_whole(dir.path(), &rooms, &what);
    }
}

/// The same of what came while it was made, at the end of its log and before it.
#[test]
fn what_the_journal_loses_while_a_store_is_made_is_taken_as_well() {
    for harmed in [3, 9] {
        let dir = quick_dir();
        let mut rooms = template(dir.path());
        let gate = Arc::new(Gate::default());
        let options = Options { disk: Arc::new(GatedDisk(Arc::clone(&gate))), ..small() };
        let (log, _) = Log::open(dir.path(), options).unwrap();
        let mut dice = Dice(1309);
        gate.shut("sync", &dir.path().join("store/gen-00000002/db"));
        std::thread::scope(|scope| {
            let built = scope.spawn(|| block(log.rebuild_store()));
            wait("it is made but for its sync", || gate.is_waited_for());
            let room = &mut rooms[0];
            for _ in 0..10 {
                room.post(&log, &mut dice, 500);
                room.stored();
            }
            let mid = room.records[room.records.len() - 10 + harmed].header.mid;
            let segment = files(&dir.path().join("journal")).into_iter().find(|path| {
                let bytes = fs::read(path).unwrap();
                let at = bytes.windows(16).position(|window| window == mid.as_bytes());
                at.is_some_and(|at| {
                    let mut bytes = bytes;
                    bytes[at] ^= 1;
                    fs::write(path, bytes).is_ok()
                })
            });
            assert!(segment.is_some());
            gate.open();
            assert!(built.join().unwrap());
        });
        for room in &rooms {
            assert!(read(&log, &room.name) == (room.records.clone(), vec![]), "{harmed}");
        }
        close(log);
        assert_whole(dir.path(), &rooms, "the next start");
    }
}

/// What was lost before is taken although its log has gone on since: its end is then not where it was lost.
#[test]
fn what_was_lost_at_the_end_of_a_log_is_taken_though_the_log_goes_on() {
    let dir = quick_dir();
    let mut dice = Dice(1319);
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let (mut quiet, mut busy) = (Author::new("quiet"), Author::new("busy"));
    for _ in 0..12 {
        quiet.post(&log, &mut dice, 100);
    }
    quiet.stored();
    for _ in 0..200 {
        busy.post(&log, &mut dice, 4_000);
        busy.synced();
    }
    busy.stored();
    close(log);
    let file = dir.path().join("journal/00000001.seg");
    let mut bytes = fs::read(&file).unwrap();
    let mid = quiet.records[11].header.mid;
    let at = bytes.windows(16).position(|window| window == mid.as_bytes()).unwrap();
    bytes[at] ^= 1;
    fs::write(&file, bytes).unwrap();

    let gate = Arc::new(Gate::default());
    let options = Options { disk: Arc::new(GatedDisk(Arc::clone(&gate))), ..small() };
    let (log, recovery) = Log::open(dir.path(), options).unwrap();
    assert!(recovery.findings.is_empty(), "{:?}", recovery.findings);
    gate.shut("sync", &dir.path().join("store/gen-00000002/db"));
    std::thread::scope(|scope| {
        let built = scope.spawn(|| block(log.rebuild_store()));
        wait("it is made but for its sync", || gate.is_waited_for());
        quiet.post(&log, &mut dice, 100);
        quiet.stored();
        gate.open();
        assert!(built.join().unwrap());
    });
    for room in [&quiet, &busy] {
        assert!(read(&log, &room.name) == (room.records.clone(), vec![]), "{}", room.name);
        crate::rows::assert_indexed(&log, room, "made anew");
    }
    close(log);
    assert_whole(dir.path(), &[quiet, busy], "the next start");
}

#[test]
fn without_its_first_segment_the_store_writes_it_back() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    fs::remove_file(dir.path().join("journal/00000001.seg")).unwrap();
    // As after a power cut: the store is made anew.
    let seal = files(dir.path()).into_iter().find(|path| path.ends_with("SEAL")).unwrap();
    fs::remove_file(seal).unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(recovery.holes.is_empty(), "{:?}", recovery.holes);
    close(log);
    assert_whole(dir.path(), &rooms, "the first segment gone");
}

#[test]
fn a_store_is_made_anew_only_where_there_is_room_for_both() {
    let dir = quick_dir();
    template(dir.path());
    let slow = Arc::new(Slow::default());
    let disk = Arc::new(SlowDisk(Arc::clone(&slow)));
    let options = Options { disk, min_free_bytes: 0, ..small() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    slow.leave(64 * 1024);
    assert!(!block(log.rebuild_store()), "it is begun on a disk that it does not fit");
    assert_eq!(generations(dir.path()), ["gen-00000001"]);
    slow.leave(1 << 40);
    assert!(block(log.rebuild_store()));
    close(log);
    assert_eq!(generations(dir.path()), ["gen-00000002"]);
}

/// The next segment is made ahead of need. That this failed is no reason to end when it is needed.
#[test]
fn a_segment_that_was_not_made_ahead_is_made_when_it_is_needed() {
    let dir = quick_dir();
    let gate = Arc::new(Gate::default());
    gate.refuse(&dir.path().join("journal/00000002.new"));
    let options = Options { disk: Arc::new(GatedDisk(Arc::clone(&gate))), ..small() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    wait("the segment was not made", || gate.has_refused());
    let mut room = Author::new("cardiology");
    let mut dice = Dice(1303);
    for _ in 0..200 {
        room.post(&log, &mut dice, 4_000);
        room.synced();
    }
    assert_eq!(log.failure(), None);
    room.stored();
    close(log);
    assert!(dir.path().join("journal/00000003.seg").exists());
    assert_whole(dir.path(), &[room], "a segment made late");
}
