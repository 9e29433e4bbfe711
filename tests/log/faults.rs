//! A disk that fails at its n-th call, or takes its time: nothing is acknowledged after the error, it
//! is never tried again, a restart heals, and a slow sync holds up nobody but those who wait for it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use wardroom::log::disk::{Disk, DiskFile, RealDisk};
use wardroom::log::{Health, Log, Options, Unavailable, verify};

use crate::power::Power;
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
        return Ended::StoreFailed;
    }
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
        assert_ne!(ended, Ended::Untouched, "sync {nth}: the error was not noticed");
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
        assert_ne!(ended, Ended::Untouched, "write {nth}: the error was not noticed");
        ended
    });
    tell("writes", ended.collect());
}

/// A disk whose journal syncs wait while the gate is shut.
#[derive(Default)]
struct Slow {
    shut: Mutex<bool>,
    opened: Condvar,
    /// Somebody waits at it.
    waiting: AtomicBool,
    free: std::sync::atomic::AtomicU64,
}

struct SlowFile(Arc<dyn DiskFile>, Arc<Slow>);

struct SlowDisk(Arc<Slow>);

impl Slow {
    fn shut(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }
}

impl DiskFile for SlowFile {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_at(out, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        let mut shut = self.1.shut.lock().unwrap();
        while *shut {
            self.1.waiting.store(true, Ordering::SeqCst);
            shut = self.1.opened.wait(shut).unwrap();
        }
        drop(shut);
        self.0.sync()
    }
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
    fn resize(&self, size: u64) -> io::Result<()> {
        self.0.resize(size)
    }
}

impl Disk for SlowDisk {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn DiskFile>> {
        let file = RealDisk.open(path, create)?;
        let is_segment = path.extension().is_some_and(|ending| ending == "seg");
        let gated = || -> Arc<dyn DiskFile> { Arc::new(SlowFile(file.clone(), self.0.clone())) };
        Ok(if is_segment || path.ends_with("00000001.new") { gated() } else { file })
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn link(&self, target: &Path, path: &Path) -> io::Result<()> {
        RealDisk.link(target, path)
    }
    fn is_link(&self, path: &Path) -> bool {
        RealDisk.is_link(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        RealDisk.list(dir)
    }
    fn free(&self, _: &Path) -> io::Result<u64> {
        Ok(self.0.free.load(Ordering::SeqCst))
    }
    fn point(&self, _: &str) {}
    fn wants_halves(&self) -> bool {
        false
    }
}

#[test]
fn while_a_sync_takes_its_time_the_queue_fills_and_reading_goes_on() {
    let dir = quick_dir();
    let slow = Arc::new(Slow::default());
    slow.free.store(u64::MAX, Ordering::SeqCst);
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
    wait("the sync hangs", || slow.waiting.load(Ordering::SeqCst));
    // A bounded queue takes some more, then whoever asks first is told, and who does not is refused.
    let refused = loop {
        let record = room.posting(&mut dice, 1_000);
        if let Err(refused) = room.append(&log, record) {
            break refused;
        }
        assert!(room.head() < 100, "the queue has no bound");
    };
    assert_eq!(refused, Unavailable::Overloaded);
    assert_eq!(log.health(), Health::Lagging);
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
    slow.free.store(1_000_000, Ordering::SeqCst);
    let disk = Arc::new(SlowDisk(Arc::clone(&slow)));
    let options = Options { disk, min_free_bytes: 1_000_001, ..small() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    assert_eq!(log.health(), Health::Full, "from the first moment");
    // What was ordered before is still made safe.
    let mut room = Author::new("cardiology");
    room.post(&log, &mut Dice(63), 100);
    room.stored();
    assert_eq!(read(&log, &room.name).0, room.records);
    slow.free.store(1_100_000, Ordering::SeqCst);
    let heads = ask(&log, |reader| reader.logs().unwrap());
    assert_eq!(heads, [room.name.clone()]);
    slow.free.store(1_125_002, Ordering::SeqCst);
    wait("there is room again", || log.health() == Health::Ready);
    slow.free.store(1_000_000, Ordering::SeqCst);
    wait("it is full again", || log.health() == Health::Full);
    close(log);
}
