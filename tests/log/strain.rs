//! Acknowledged means synced; a failed sync is the end; a slow store is said before it hurts.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wardroom::log::disk::{Disk, DiskFile, RealDisk};
use wardroom::log::{AskError, Health, Log, OpenError, Options, Unavailable, verify};

use crate::power::Power;
use crate::world::{Author, Dice, block, close, read, small, wait};

#[test]
fn a_group_is_acknowledged_after_its_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let power = Power::new(("never", 0), false);
    let options =
        Options { disk: Arc::new(power.clone()), mark_every: Duration::from_hours(1), ..small() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(31);
    room.create(&log, &mut dice);
    room.stored();
    // The spare is made by its own thread, with a sync of its own.
    let spare = dir.path().join("journal/00000002.seg");
    wait("the spare is made", || spare.exists());
    let syncs = || power.0.syncs.load(Ordering::SeqCst);
    for _ in 0..20 {
        let before = syncs();
        room.post(&log, &mut dice, 50);
        room.synced();
        assert_eq!(syncs(), before + 1, "one entry alone: one group, one sync");
    }
    let before = syncs();
    for _ in 0..300 {
        room.post(&log, &mut dice, 50);
    }
    room.synced();
    let used = syncs() - before;
    println!("300 entries in flight took {used} syncs");
    assert!(used >= 1);
    room.stored();
    close(log);
}

#[test]
fn a_directory_in_use_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let refused = Log::open(dir.path(), small()).unwrap_err();
    assert!(matches!(refused, OpenError::Locked(_)));
    assert!(refused.to_string().contains("in use by another process"), "{refused}");
    assert!(matches!(verify(dir.path()), Err(OpenError::Locked(_))));
    close(log);
    close(Log::open(dir.path(), small()).unwrap().0);
    let nothing = tempfile::tempdir().unwrap();
    assert!(matches!(verify(nothing.path()), Err(OpenError::NoLog(_))));
}

/// A disk whose store thread stops at its point until the gate opens.
struct Gated {
    gate: Arc<Mutex<()>>,
    free: u64,
}

impl Disk for Gated {
    fn open(&self, path: &std::path::Path, create: bool) -> std::io::Result<Arc<dyn DiskFile>> {
        RealDisk.open(path, create)
    }
    fn rename(&self, from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn link(&self, target: &std::path::Path, path: &std::path::Path) -> std::io::Result<()> {
        RealDisk.link(target, path)
    }
    fn is_link(&self, path: &std::path::Path) -> bool {
        RealDisk.is_link(path)
    }
    fn remove(&self, path: &std::path::Path) -> std::io::Result<()> {
        RealDisk.remove(path)
    }
    fn sync_dir(&self, dir: &std::path::Path) -> std::io::Result<()> {
        RealDisk.sync_dir(dir)
    }
    fn list(&self, dir: &std::path::Path) -> std::io::Result<Vec<std::path::PathBuf>> {
        RealDisk.list(dir)
    }
    fn free(&self, _: &std::path::Path) -> std::io::Result<u64> {
        Ok(self.free)
    }
    fn boot(&self) -> Option<String> {
        None
    }
    fn point(&self, name: &str) {
        if name == "after_sled" {
            drop(self.gate.lock().unwrap());
        }
    }
    fn wants_halves(&self) -> bool {
        false
    }
}

fn lagging(options: &Options) {
    let dir = tempfile::tempdir().unwrap();
    let gate = Arc::new(Mutex::new(()));
    let options = Options {
        disk: Arc::new(Gated { gate: Arc::clone(&gate), free: u64::MAX }),
        ..options.clone()
    };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(51);
    let held = gate.lock().unwrap();
    for _ in 0..30 {
        room.post(&log, &mut dice, 2000);
    }
    room.synced();
    wait("it lags", || log.health() == Health::Lagging);
    // Entries on their way are still taken and made safe.
    room.post(&log, &mut dice, 10);
    room.synced();
    drop(held);
    room.stored();
    wait("it is ready again", || log.health() == Health::Ready);
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
}

/// The store's thread gets no turn, so the journal's own must see that the room that is left is spoken for.
#[test]
fn a_disk_that_the_store_is_to_fill_is_full_before_it_does() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Arc::new(Mutex::new(()));
    let disk = Arc::new(Gated { gate: Arc::clone(&gate), free: 6 << 20 });
    let options = Options { disk, min_free_bytes: 4 << 20, lag_bytes: u64::MAX, ..small() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    assert_eq!(log.health(), Health::Ready);
    let mut room = Author::new("cardiology");
    let mut dice = Dice(53);
    let held = gate.lock().unwrap();
    for _ in 0..1_200 {
        room.post(&log, &mut dice, 2_000);
    }
    room.synced();
    assert_eq!(log.health(), Health::Full);
    drop(held);
    room.stored();
    wait("it has room again", || log.health() == Health::Ready);
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
}

#[test]
fn a_store_that_lags_by_bytes_is_said() {
    lagging(&Options { lag_bytes: 20_000, ..small() });
}

#[test]
fn a_store_that_lags_by_time_is_said() {
    lagging(&Options { lag_age: Duration::from_millis(50), ..small() });
}

#[test]
fn a_full_queue_refuses_and_takes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { queue_bytes: 3_000, ..small() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(61);
    room.post(&log, &mut dice, 1000);
    let large = room.posting(&mut dice, 4000);
    assert_eq!(room.append(&log, large), Err(Unavailable::Overloaded));
    room.synced();
    room.post(&log, &mut dice, 1000);
    room.stored();
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
}

#[test]
fn what_the_log_does_not_keep_is_refused() {
    let log = Log::ephemeral();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(71);
    let record = room.posting(&mut dice, 101 * 1024);
    assert!(matches!(room.append(&log, record), Err(Unavailable::TooLarge(_))));
    let mut record = room.posting(&mut dice, 100);
    record.header.words_len = 99;
    assert_eq!(room.append(&log, record), Err(Unavailable::Malformed));
    let record = room.posting(&mut dice, 96 * 1024);
    room.append(&log, record).unwrap();
    room.stored();
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
}

#[test]
fn questions_are_bounded_and_a_panicking_one_hurts_nobody() {
    let log = Log::ephemeral();
    let panicked = block(log.ask(|_| panic!("from a test")));
    assert_eq!(panicked, Err::<(), _>(AskError::Panicked));
    let gate = Arc::new(Mutex::new(()));
    let held = gate.lock().unwrap();
    let (answer, waiting) = block(async {
        let mut waiting = Vec::new();
        loop {
            let gate = Arc::clone(&gate);
            let mut asked = Box::pin(log.ask(move |_| drop(gate.lock().unwrap())));
            // One poll hands the question over; it is answered when the gate opens.
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(asked.as_mut().poll(context))
            });
            match polled.await {
                std::task::Poll::Ready(answer) => return (answer, waiting),
                std::task::Poll::Pending => waiting.push(asked),
            }
            assert!(waiting.len() < 10_000, "the queue has no bound");
        }
    });
    assert_eq!(answer, Err(AskError::Overloaded));
    drop(held);
    block(async move {
        for asked in waiting {
            asked.await.unwrap();
        }
    });
    close(log);
}
