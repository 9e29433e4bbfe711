//! Figures for people: printed, never asserted.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use wardroom::log::{Log, Options};

use crate::world::{Author, Dice, close, read, wait};

#[test]
fn restart_with_100_000_entries() {
    const ENTRIES: u64 = 100_000;
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path(), Options::default()).unwrap();
    let mut dice = Dice(81);
    let mut rooms: Vec<Author> = (0..20).map(|at| Author::new(&format!("room-{at}"))).collect();
    let begun = Instant::now();
    for at in 0..ENTRIES {
        let room = &mut rooms[usize::try_from(at).unwrap() % 20];
        wait("the log takes it", || log.health() == wardroom::log::Health::Ready);
        room.post(&log, &mut dice, 300);
    }
    rooms.iter().for_each(Author::synced);
    let safe = begun.elapsed();
    rooms.iter().for_each(Author::stored);
    println!("{ENTRIES} entries: safe after {safe:.2?}, stored after {:.2?}", begun.elapsed());
    close(log);
    let begun = Instant::now();
    let (log, _) = Log::open(dir.path(), Options::default()).unwrap();
    println!("restart after a clean stop: {:.3?}", begun.elapsed());
    close(log);
    // As after a crash that left no mark: the store is there and everything is compared.
    std::fs::remove_file(dir.path().join("store.mark")).unwrap();
    let begun = Instant::now();
    let (log, recovery) = Log::open(dir.path(), Options::default()).unwrap();
    println!("restart without a mark: {:.3?}, {} replayed", begun.elapsed(), recovery.replayed);
    close(log);
    std::fs::remove_dir_all(dir.path().join("store")).unwrap();
    let begun = Instant::now();
    let (log, recovery) = Log::open(dir.path(), Options::default()).unwrap();
    println!("restart without a store: {:.3?}, {} replayed", begun.elapsed(), recovery.replayed);
    assert!(recovery.rebuilt);
    for room in &rooms {
        assert_eq!(read(&log, &room.name).0, room.records);
    }
    close(log);
}

#[test]
fn appends_with_64_in_flight() {
    const IN_FLIGHT: u64 = 64;
    let dir = tempfile::tempdir().unwrap();
    let probe = File::create(dir.path().join("probe")).unwrap();
    probe.write_all_at(&vec![1; 4 * 1024 * 1024], 0).unwrap();
    probe.sync_all().unwrap();
    let (begun, mut syncs) = (Instant::now(), 0_u32);
    while begun.elapsed() < Duration::from_secs(1) {
        probe.write_all_at(&[2; 700], u64::from(syncs % 1000) * 4096).unwrap();
        probe.sync_data().unwrap();
        syncs += 1;
    }
    let plain = f64::from(syncs) / begun.elapsed().as_secs_f64();

    let (log, _) = Log::open(dir.path(), Options::default()).unwrap();
    let mut dice = Dice(91);
    let mut room = Author::new("cardiology");
    room.create(&log, &mut dice);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        if room.head() - room.progress.synced() < IN_FLIGHT {
            room.post(&log, &mut dice, 300);
        } else {
            std::thread::yield_now();
        }
    }
    room.synced();
    let rate = f64::from(u32::try_from(room.head()).unwrap()) / begun.elapsed().as_secs_f64();
    println!(
        "{plain:.0} plain fdatasync/s; {rate:.0} entries/s of 300 bytes with {IN_FLIGHT} in flight ({:.1} per fdatasync)",
        rate / plain
    );
    room.stored();
    close(log);
}
