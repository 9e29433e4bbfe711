//! `verify` says what is wrong, not only that something is.

use std::fs;
use std::path::Path;

use wardroom::entry::Words;
use wardroom::log::{Log, verify};

use crate::world::{Author, Dice, close, files, quick_dir, small};

/// The journal's segment that holds these bytes, and where they begin.
fn place(dir: &Path, needle: &[u8]) -> (std::path::PathBuf, usize) {
    let found = files(&dir.join("journal")).into_iter().find_map(|path| {
        let bytes = fs::read(&path).unwrap();
        let at = bytes.windows(needle.len()).position(|window| window == needle)?;
        Some((path, at))
    });
    found.unwrap()
}

#[test]
fn verify_says_what_is_wrong_with_words() {
    let dir = quick_dir();
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let mut room = Author::new("cardiology");
    let mut dice = Dice(401);
    room.create(&log, &mut dice);
    for _ in 0..10 {
        room.post(&log, &mut dice, 500);
    }
    room.synced();
    let sealed = |seq: usize| match &room.records[seq - 1].words {
        Words::Sealed(bytes) => bytes.to_vec(),
        other => panic!("no words: {other:?}"),
    };
    let (five, seven) = (sealed(5), sealed(7));
    let (_, erased_at) = place(dir.path(), &seven);
    room.redact(&log, &mut dice, 7);
    room.stored();
    close(log);
    assert!(verify(dir.path()).unwrap().ok());

    let (segment, at) = place(dir.path(), &five);
    let whole = fs::read(&segment).unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut broken = whole.clone();
        broken[at..at + bytes.len()].copy_from_slice(bytes);
        broken
    };
    for (broken, what) in [
        (with(at + 9, &[five[9] ^ 1]), "the words are damaged"),
        (with(at, &vec![0; five.len()]), "the words are gone and no redaction says why"),
        (with(erased_at, &seven), "the words are still there after their redaction"),
    ] {
        fs::write(&segment, broken).unwrap();
        let report = verify(dir.path()).unwrap();
        assert!(report.findings.iter().any(|finding| finding.what == what), "{what}: {report}");
        fs::write(&segment, &whole).unwrap();
        assert!(verify(dir.path()).unwrap().ok(), "verify changes nothing");
    }
}
