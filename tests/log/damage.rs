//! The store damaged or gone: served from the journal, mended, named.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use wardroom::log::{Done, Log, Options, scrub, verify};

use crate::world::{Author, Dice, close, copy_dir, files, quick_dir, read, small, wait};

/// A closed log of three segments in one room and its lane, some entries erased.
pub(crate) fn template(dir: &Path) -> Vec<Author> {
    let mut dice = Dice(101);
    let (log, _) = Log::open(dir, small()).unwrap();
    let mut rooms: Vec<Author> = ["cardiology", "cardiology/moderators"].map(Author::new).into();
    for round in 0..330 {
        for room in &mut rooms {
            match round {
                0 => room.create(&log, &mut dice),
                40 | 200 => room.redact(&log, &mut dice, round / 2),
                _ => {
                    let len = dice.below(1400);
                    room.post(&log, &mut dice, len);
                }
            }
        }
        if round % 5 == 0 {
            rooms.iter().for_each(Author::synced);
        }
    }
    rooms.iter().for_each(Author::stored);
    close(log);
    rooms
}

pub(crate) fn assert_whole(dir: &Path, rooms: &[Author], what: &str) {
    let (log, _) = Log::open(dir, small()).unwrap();
    for room in rooms {
        let (records, holes) = read(&log, &room.name);
        assert_eq!(holes, [], "{what}: {}", room.name);
        let same = records.iter().zip(&room.records).take_while(|(a, b)| a == b);
        assert!(
            records == room.records,
            "{what}: {} differs behind entry {}, {} of {} read",
            room.name,
            same.count(),
            records.len(),
            room.records.len()
        );
    }
    close(log);
}

fn store_file(dir: &Path) -> PathBuf {
    let all = files(&dir.join("store"));
    all.into_iter().find(|path| path.ends_with("db")).unwrap()
}

#[test]
fn without_its_directory_the_store_is_rebuilt() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(recovery.rebuilt);
    assert!(recovery.findings.iter().any(|finding| finding.what.contains("missing")));
    close(log);
    assert_whole(dir.path(), &rooms, "rebuilt");
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{report}");
}

#[test]
fn a_damaged_byte_in_the_store_is_survived() {
    let original = quick_dir();
    let rooms = template(original.path());
    let mut dice = Dice(111);
    let mut noticed = 0;
    for place in 0..24 {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let file = store_file(dir.path());
        let mut bytes = fs::read(&file).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        let at = dice.below(used);
        bytes[at] ^= 0x10;
        fs::write(&file, bytes).unwrap();
        let what = format!("place {place}, byte {at} of {used}");
        let damaged = !verify(dir.path()).unwrap().ok();
        noticed += u32::from(damaged);
        assert_whole(dir.path(), &rooms, &what);
        assert!(scrub(dir.path(), &small()).unwrap().ok(), "{what}");
        assert!(verify(dir.path()).unwrap().ok(), "{what}");
        assert_whole(dir.path(), &rooms, &what);
    }
    // The others hit old pages that nobody reads.
    println!("24 damaged bytes in the store, {noticed} of them in use");
    assert!(noticed > 0, "no damage was noticed at all");
}

#[test]
fn a_store_cut_short_is_noticed() {
    let original = quick_dir();
    let rooms = template(original.path());
    for cut in [4096, 64 * 1024, 300 * 1024, 600 * 1024] {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let file = store_file(dir.path());
        let bytes = fs::read(&file).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        let kept = used.saturating_sub(cut);
        fs::write(&file, &bytes[..kept]).unwrap();
        assert_whole(dir.path(), &rooms, &format!("{cut} bytes cut off"));
        let report = verify(dir.path()).unwrap();
        assert!(report.ok(), "{cut} bytes cut off: {report}");
    }
}

/// A store that a mark vouches for, in an older state, with newer entries behind the mark: what is poured
/// at the next start makes its heads right and leaves out what lies between.
#[test]
fn a_store_that_went_back_is_noticed_though_its_heads_are_right() {
    let dir = quick_dir();
    let (mut dice, mut room) = (Dice(51), Author::new("cardiology"));
    let unmarked = Options { mark_every: Duration::from_hours(1), ..small() };
    let post = |room: &mut Author, log: &Log, dice: &mut Dice| {
        for _ in 0..20 {
            room.post(log, dice, 100);
        }
        room.stored();
    };
    let (log, _) = Log::open(dir.path(), unmarked.clone()).unwrap();
    room.create(&log, &mut dice);
    post(&mut room, &log, &mut dice);
    close(log);
    let old = quick_dir();
    copy_dir(&dir.path().join("store"), old.path());
    let (log, _) = Log::open(dir.path(), unmarked.clone()).unwrap();
    post(&mut room, &log, &mut dice);
    close(log);
    let (log, _) = Log::open(dir.path(), unmarked).unwrap();
    post(&mut room, &log, &mut dice);
    let killed = quick_dir();
    copy_dir(dir.path(), killed.path());
    close(log);
    let store = killed.path().join("store");
    fs::remove_dir_all(&store).unwrap();
    copy_dir(old.path(), &store);
    let (log, recovery) = Log::open(killed.path(), small()).unwrap();
    assert!(recovery.rebuilt, "{:?}", recovery.findings);
    close(log);
    let report = verify(killed.path()).unwrap();
    assert!(report.ok(), "{report}");
}

#[test]
fn a_snapshot_half_made_does_not_stop_it() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    let beside = store_file(dir.path()).with_file_name("snap.0000000000000001.generating");
    fs::write(beside, b"half").unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    let moved = |finding: &wardroom::log::Finding| {
        finding.done == Done::SetAside && finding.place.to_string().contains("generating")
    };
    assert!(recovery.findings.iter().any(moved), "{:?}", recovery.findings);
    close(log);
    assert_whole(dir.path(), &rooms, "snapshot");
}

/// A store whose keys are laid out in another way, as those of builds before blocks were.
#[test]
fn a_store_of_another_layout_is_built_anew() {
    let dir = quick_dir();
    let rooms = template(dir.path());
    let generation = store_file(dir.path()).parent().unwrap().to_path_buf();
    // A process that another test starts holds the engine's lock until it has become what it runs.
    let mut engine = None;
    wait("the engine is free", || {
        engine = sled::open(&generation).ok();
        engine.is_some()
    });
    let engine = engine.unwrap();
    assert!(engine.remove([0]).unwrap().is_some(), "it says how it is laid out");
    engine.flush().unwrap();
    drop(engine);
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(recovery.rebuilt);
    let told = recovery.findings.iter().any(|finding| finding.to_string().contains("layout"));
    assert!(told, "{:?}", recovery.findings);
    close(log);
    assert_whole(dir.path(), &rooms, "another layout");
}

/// Damage that the engine goes over without a word, in a store that was in use when its process ended: no
/// seal tells of it, and what comes after the damage is as it was before.
#[test]
fn a_store_in_use_when_its_process_ended_is_made_anew() {
    let Ok(boot) = fs::read_to_string("/proc/sys/kernel/random/boot_id") else {
        println!(
            "SKIPPED damage::a_store_in_use_when_its_process_ended_is_made_anew: this machine does not say when it was started"
        );
        return;
    };
    let original = quick_dir();
    let rooms = template(original.path());
    let mut dice = Dice(211);
    let mut at_once = 0;
    let doubting = Options { doubt: Duration::ZERO, ..small() };
    for place in 0..24 {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let of_store = files(&dir.path().join("store"));
        let first = dir.path().join("store/gen-00000001");
        let named = |name: &str| of_store.iter().find(|path| path.ends_with(name)).unwrap();
        let mut bytes = fs::read(named("db")).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        let at = dice.below(used);
        bytes[at] ^= 0x10;
        fs::write(named("db"), bytes).unwrap();
        fs::write(named("SEAL"), format!("wardroom store seal 1\nin use since {boot}")).unwrap();
        let what = format!("place {place}, byte {at} of {used}");
        let (log, recovery) = Log::open(dir.path(), doubting.clone()).unwrap();
        wait("it was made anew", || !first.exists());
        close(log);
        assert!(verify(dir.path()).unwrap().ok(), "{what}");
        at_once += u32::from(recovery.rebuilt);
        assert_whole(dir.path(), &rooms, &what);
    }
    println!("24 damaged bytes in the store, {at_once} noticed when it was opened");
}

/// Sealed when it was closed, a store is used only if it is as it was, and after a power cut not at all.
#[test]
fn a_store_that_is_not_as_it_was_left_is_made_anew() {
    type Harm = fn(&Path);
    let original = quick_dir();
    let rooms = template(original.path());
    let harms: [(&str, Harm); 4] = [
        ("not what they were", |generation| {
            let mut bytes = fs::read(generation.join("db")).unwrap();
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            fs::write(generation.join("db"), bytes).unwrap();
        }),
        ("not what they were", |generation| fs::write(generation.join("more"), b"x").unwrap()),
        ("the machine went down", |generation| {
            let seal = "wardroom store seal 1\nin use since another start\n";
            fs::write(generation.join("SEAL"), seal).unwrap();
        }),
        ("no seal", |generation| fs::remove_file(generation.join("SEAL")).unwrap()),
    ];
    for (why, harm) in harms {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let generation = store_file(dir.path()).parent().unwrap().to_path_buf();
        harm(&generation);
        assert!(verify(dir.path()).unwrap().to_string().contains(why), "{why}");
        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        assert!(recovery.rebuilt, "{why}");
        let told = recovery.findings.iter().any(|finding| finding.to_string().contains(why));
        assert!(told, "{why}: {:?}", recovery.findings);
        assert!(!generation.exists(), "{why}: old pages may hold words that were erased");
        close(log);
        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        assert!(!recovery.rebuilt && recovery.findings.is_empty(), "{why}: {recovery:?}");
        close(log);
        assert_whole(dir.path(), &rooms, why);
    }
}
