//! Erased words are gone: from readers at once, from the journal before the redaction is
//! acknowledged, from every file after a scrub or a rebuild.

use std::fs;
use std::path::Path;
use std::time::Duration;

use wardroom::entry::Words;
use wardroom::log::{Log, Options, scrub, verify};

use crate::world::{Author, Dice, close, files, read, small, wait};

/// A part of the sealed bytes, long enough to be found by chance nowhere.
fn holds(dir: &Path, needle: &[u8]) -> Vec<String> {
    let has = |path: &Path| {
        let bytes = fs::read(path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle)
    };
    files(dir)
        .iter()
        .filter(|path| has(path))
        .map(|path| path.strip_prefix(dir).unwrap().display().to_string())
        .collect()
}

fn sealed(room: &Author, seq: usize) -> Vec<u8> {
    match &room.records[seq - 1].words {
        Words::Sealed(bytes) => bytes[..32].to_vec(),
        other => panic!("no words to look for: {other:?}"),
    }
}

/// A log of some segments with one erased entry in a closed one and one in the open one.
fn erase_some(dir: &Path, options: Options) -> (Log, Author, Vec<Vec<u8>>) {
    let mut dice = Dice(21);
    let (log, _) = Log::open(dir, options).unwrap();
    let mut room = Author::new("cardiology");
    room.create(&log, &mut dice);
    for _ in 0..400 {
        room.post(&log, &mut dice, 1500);
    }
    room.synced();
    let needles = vec![sealed(&room, 7), sealed(&room, 400)];
    for needle in &needles {
        assert!(!holds(dir, needle).is_empty(), "the search finds what is there");
    }
    room.redact(&log, &mut dice, 7);
    room.redact(&log, &mut dice, 400);
    room.synced();
    (log, room, needles)
}

#[test]
fn words_are_gone_from_the_journal_when_the_redaction_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (log, room, needles) = erase_some(dir.path(), small());
    for needle in &needles {
        assert_eq!(holds(&dir.path().join("journal"), needle), Vec::<String>::new());
    }
    // Readers see it at once, whether or not the store has followed. The newest entries may not be
    // in the store yet.
    let (records, holes) = read(&log, &room.name);
    assert_eq!(holes, []);
    assert_eq!(records[6].words, Words::Erased);
    room.stored();
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{report}");
    assert_eq!(report.erased, 2);
    assert!(scrub(dir.path(), &small()).unwrap().ok());
    for needle in &needles {
        assert_eq!(holds(dir.path(), needle), Vec::<String>::new(), "after the scrub");
    }
    let report = verify(dir.path()).unwrap();
    assert!(report.ok(), "{report}");
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
}

#[test]
fn the_store_is_rebuilt_by_itself_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { rebuild_after: Duration::ZERO, ..small() };
    let (log, mut room, needles) = erase_some(dir.path(), options);
    for needle in &needles {
        wait("no file holds the words", || holds(dir.path(), needle).is_empty());
    }
    // Serving and writing went on.
    room.post(&log, &mut Dice(3), 100);
    room.stored();
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
    assert!(verify(dir.path()).unwrap().ok());
}

#[test]
fn a_rebuild_can_be_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let (log, room, needles) = erase_some(dir.path(), small());
    room.stored();
    assert!(crate::world::block(log.rebuild_store()));
    for needle in &needles {
        assert_eq!(holds(dir.path(), needle), Vec::<String>::new());
    }
    assert_eq!(read(&log, &room.name).0, room.records);
    close(log);
}
