//! Groups wait for each other before they go into the store: together they cost it less. Nothing that
//! was acknowledged depends on that.

use std::time::{Duration, Instant};

use wardroom::entry::Words;
use wardroom::log::{Health, Log, Options, verify};

use crate::world::{Author, Dice, block, close, copy_dir, read, small, wait};

/// Nothing is put in unless something else than time asks for it.
fn gathering() -> Options {
    Options {
        gather: Duration::from_hours(1),
        mark_every: Duration::from_hours(1),
        lag_age: Duration::from_hours(1),
        ..small()
    }
}

#[test]
fn what_waits_for_the_store_is_safe_and_closing_puts_it_in() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path(), gathering()).unwrap();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(41);
    room.create(&log, &mut dice);
    for _ in 0..20 {
        room.post(&log, &mut dice, 100);
        room.synced();
    }
    room.redact(&log, &mut dice, 3);
    room.synced();
    assert_eq!(room.progress.stored(), 0, "and the tail keeps all of it");
    assert_eq!(log.health(), Health::Ready);
    // As after a kill: the store knows nothing, the journal all.
    let copy = tempfile::tempdir().unwrap();
    copy_dir(dir.path(), copy.path());
    let (killed, recovery) = Log::open(copy.path(), small()).unwrap();
    assert_eq!(recovery.replayed, room.head());
    assert_eq!(read(&killed, &room.name).0.len() as u64, room.head());
    close(killed);

    close(log);
    assert_eq!(room.progress.stored(), room.head());
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert_eq!(recovery.replayed, 0);
    let (records, holes) = read(&log, &room.name);
    assert_eq!((records.len() as u64, holes.len()), (room.head(), 0));
    assert_eq!(records[2].words, Words::Erased);
    close(log);
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{report}");
}

#[test]
fn nothing_more_is_waited_for_when_nothing_comes() {
    let dir = tempfile::tempdir().unwrap();
    let gather = Duration::from_secs(20);
    let (log, _) = Log::open(dir.path(), Options { gather, ..gathering() }).unwrap();
    let mut room = Author::new("cardiology");
    let begun = Instant::now();
    room.create(&log, &mut Dice(44));
    wait("it is put in", || room.progress.stored() == room.head());
    assert!(begun.elapsed() < gather, "after a quarter of the time");
    close(log);
}

#[test]
fn what_never_ceases_is_put_in_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let gather = Duration::from_millis(400);
    let (log, _) = Log::open(dir.path(), Options { gather, ..gathering() }).unwrap();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(45);
    room.create(&log, &mut dice);
    wait("some is put in", || {
        room.post(&log, &mut dice, 100);
        room.synced();
        room.progress.stored() > 0
    });
    close(log);
}

#[test]
fn it_gathers_no_more_than_4_mib() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) =
        Log::open(dir.path(), Options { segment_bytes: 16 << 20, ..gathering() }).unwrap();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(42);
    room.create(&log, &mut dice);
    for _ in 0..60 {
        room.post(&log, &mut dice, 90_000);
        room.synced();
    }
    wait("the first 4 MiB are put in", || room.progress.stored() > 40);
    assert!(room.progress.stored() < room.head(), "and no more than that");
    close(log);
}

#[test]
fn a_closed_segment_and_a_rebuild_put_in_what_was_gathered() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path(), gathering()).unwrap();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(43);
    room.create(&log, &mut dice);
    // More than a segment of 256 KiB.
    for _ in 0..8 {
        room.post(&log, &mut dice, 40_000);
        room.synced();
    }
    wait("what the closed segment holds is put in", || room.progress.stored() >= 4);
    assert!(block(log.rebuild_store()));
    assert_eq!(room.progress.stored(), room.head());
    assert_eq!(read(&log, &room.name).0.len() as u64, room.head());
    close(log);
}
