//! The check in the background: it finds damage that nobody has read yet, and it is mended.

use std::fs;
use std::time::Duration;

use wardroom::log::{Log, Options, verify};

use crate::damage::template;
use crate::world::{Author, close, files, quick_dir, read, small, wait};

fn scrubbing() -> Options {
    Options { scrub_entries: 1_000_000, care_every: Duration::from_millis(1), ..small() }
}

#[test]
fn damage_that_nobody_reads_is_found_and_mended() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    // A byte of sealed words, which the engine's own checks may or may not cover.
    let stored = files(&dir.path().join("store")).into_iter().find(|path| path.ends_with("db"));
    let stored = stored.unwrap();
    let mut bytes = fs::read(&stored).unwrap();
    let words = |seq: usize| match &rooms[0].records[seq - 1].words {
        wardroom::entry::Words::Sealed(words) => words.to_vec(),
        other => panic!("{other:?}"),
    };
    let mut harmed = 0;
    for seq in (10..300).step_by(7).filter(|seq| ![20, 40, 100, 200].contains(seq)) {
        let needle = words(seq);
        if needle.len() < 32 {
            continue;
        }
        let places: Vec<_> = bytes
            .windows(32)
            .enumerate()
            .filter(|(_, window)| *window == &needle[..32])
            .map(|(at, _)| at)
            .collect();
        for at in places {
            bytes[at] ^= 1;
            harmed += 1;
        }
    }
    fs::write(&stored, bytes).unwrap();
    assert!(harmed > 0);
    let (log, _) = Log::open(dir.path(), scrubbing()).unwrap();
    wait("it was all checked", || log.scrubbed().1 >= 1);
    println!("{harmed} places harmed; entries and rounds checked: {:?}", log.scrubbed());
    close(log);
    // Mended before anybody read it, or the engine noticed and the store was built anew.
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{report}");
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    for room in &rooms {
        assert_eq!(read(&log, &room.name), (room.records.clone(), vec![]));
    }
    close(log);
}

#[test]
fn a_healthy_store_is_checked_whole_and_nothing_is_found() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    let (log, _) = Log::open(dir.path(), scrubbing()).unwrap();
    wait("it was all checked", || log.scrubbed().1 >= 1);
    let entries: u64 = rooms.iter().map(Author::head).sum();
    assert_eq!(log.scrubbed().0, entries);
    assert_eq!(log.damage_found(), 0);
    close(log);
}
