//! Closed segments move to another folder, and nobody who reads the log can tell.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use wardroom::entry::Words;
use wardroom::log::{Log, Options, verify};

use crate::damage::assert_whole;
use crate::gated_disk::{Gate, GatedDisk};
use crate::world::{Author, Dice, block, close, files, quick_dir, read, small, wait};

fn archiving(archive: &Path) -> Options {
    Options {
        archive: Some(archive.to_path_buf()),
        keep_segments: 1,
        care_every: Duration::from_millis(1),
        ..small()
    }
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut all = files(dir);
    all.retain(|path| path.extension().is_some_and(|ending| ending == "seg"));
    all.sort();
    all
}

/// A room of some segments, of which one closed one stays; a redaction reaches back into the archive.
fn archived(dir: &Path, archive: &Path) -> Author {
    let mut dice = Dice(401);
    let (log, _) = Log::open(dir, archiving(archive)).unwrap();
    let mut room = Author::new("cardiology");
    for round in 0..200 {
        let len = dice.below(9_000);
        room.post(&log, &mut dice, len);
        if round % 20 == 0 {
            room.stored();
        }
    }
    room.stored();
    wait("segments were moved", || segments(archive).len() >= 2);
    room.redact(&log, &mut dice, 3);
    room.stored();
    close(log);
    room
}

#[test]
fn what_was_moved_is_read_verified_and_erased_as_before() {
    let (dir, archive) = (quick_dir(), quick_dir());
    let room = archived(dir.path(), archive.path());
    let links = segments(&dir.path().join("journal"));
    assert!(links[0].is_symlink() && !links.last().unwrap().is_symlink());
    assert!(segments(archive.path()).iter().all(|path| !path.is_symlink()));
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{report}");
    // The second copy is whole: the store is made from it.
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    let (log, recovery) = Log::open(dir.path(), archiving(archive.path())).unwrap();
    assert!(recovery.rebuilt && recovery.holes.is_empty());
    assert_eq!(read(&log, &room.name), (room.records.clone(), vec![]));
    assert!(block(log.rebuild_store()));
    close(log);
    assert_whole(dir.path(), std::slice::from_ref(&room), "archived");
}

#[test]
fn without_its_archive_the_log_does_not_open_and_says_why() {
    let (dir, archive) = (quick_dir(), quick_dir());
    let room = archived(dir.path(), archive.path());
    let away = archive.path().with_extension("away");
    fs::rename(archive.path(), &away).unwrap();
    fs::remove_dir_all(dir.path().join("store")).unwrap();
    let refused = Log::open(dir.path(), small()).unwrap_err().to_string();
    assert!(refused.contains("moved to log.archive, which is not there"), "{refused}");
    fs::rename(&away, archive.path()).unwrap();
    assert_whole(dir.path(), std::slice::from_ref(&room), "it is back");
}

#[test]
fn a_segment_of_another_journal_is_never_overwritten() {
    let (one, two, archive) = (quick_dir(), quick_dir(), quick_dir());
    archived(one.path(), archive.path());
    let before: Vec<_> =
        segments(archive.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    let mut dice = Dice(421);
    let (log, _) = Log::open(two.path(), archiving(archive.path())).unwrap();
    let mut room = Author::new("oncology");
    for _ in 0..150 {
        room.post(&log, &mut dice, 8_000);
    }
    room.stored();
    close(log);
    assert!(segments(&two.path().join("journal")).iter().all(|path| !path.is_symlink()));
    let after: Vec<_> =
        segments(archive.path()).iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(before.len(), after.len());
    assert!(before == after, "the other journal's segments are as they were");
    assert_whole(two.path(), std::slice::from_ref(&room), "not archived");
}

/// An archive that hangs, at each of its syncs, while words are erased in what is being moved: nobody waits for
/// it, and what it holds in the end lacks them.
#[test]
fn an_archive_that_hangs_holds_up_nobody_and_keeps_no_erased_words() {
    for (call, file) in [("sync", Some("00000001.new")), ("sync_dir", None)] {
        let (dir, archive, gate) = (quick_dir(), quick_dir(), Arc::new(Gate::default()));
        let options =
            Options { disk: Arc::new(GatedDisk(gate.clone())), ..archiving(archive.path()) };
        gate.shut(call, &file.map_or(archive.path().into(), |file| archive.path().join(file)));
        let mut dice = Dice(431);
        let (log, _) = Log::open(dir.path(), options).unwrap();
        let (mut room, mut other) = (Author::new("cardiology"), Author::new("oncology"));
        for _ in 0..150 {
            room.post(&log, &mut dice, 8_000);
        }
        room.stored();
        wait("the archive hangs", || gate.is_waited_for());
        let needle = match &room.records[2].words {
            Words::Sealed(bytes) => bytes[..32].to_vec(),
            other => panic!("no words to look for: {other:?}"),
        };
        let holds = |path: &Path| fs::read(path).unwrap().windows(32).any(|part| part == needle);
        assert!(files(archive.path()).iter().any(|path| holds(path)), "{call}: it has the words");
        room.redact(&log, &mut dice, 3);
        room.synced();
        other.post(&log, &mut dice, 100);
        other.synced();
        let first = dir.path().join("journal/00000001.seg");
        assert!(gate.is_waited_for() && !first.is_symlink(), "{call}: meanwhile");
        assert!(!holds(&first), "{call}: erased where it stands");
        gate.open();
        wait("it was moved", || first.is_symlink());
        assert!(!files(archive.path()).iter().any(|path| holds(path)), "{call}: not in the copy");
        close(log);
        let report = verify(dir.path()).unwrap();
        assert!(report.ok(), "{call}: {report}");
        assert_whole(dir.path(), &[room, other], call);
    }
}
