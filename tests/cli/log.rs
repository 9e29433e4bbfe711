//! `wardroom log verify`, `stats` and `scrub`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{Ended, Place, end};
use crate::node::Node;

/// A data directory that a node has written to and left.
fn used() -> Place {
    let place = Place::new();
    let node = Node::start(&place, &["--data", "d"]);
    let person = ["--sub", "i", "--name", "I", "--role", "import,moderator"];
    let token = place.run(&[&["token", "--data", "d"], &person[..]].concat());
    let row = r#"{"room":"cardiology","topic":"Rate","kind":"message","author":"A. Example","mid":"01a1ee56-5e00-7a10-81d2-c3b4a5968778","body":"A synthetic remark."}"#;
    place.file("rows.jsonl", &format!("{row}\n"));
    let mut import = place.command(&["import", "rows.jsonl", "--url", node.get("socket")]);
    let imported = end(import.env("WARDROOM_TOKEN", token.out.trim()));
    assert_eq!(imported.code, 0, "{}", imported.err);

    let busy = log(&place, "verify");
    assert_eq!((busy.code, busy.out.as_str()), (74, ""), "the node has it open");
    assert!(busy.err.contains("in use by another process"), "{}", busy.err);
    assert_eq!(node.stop("-TERM").0, Some(0));
    place
}

fn log(place: &Place, verb: &str) -> Ended {
    place.run(&["log", verb, "--data", "d"])
}

#[test]
fn a_record_is_verified_counted_and_scrubbed() {
    let place = used();
    let verified = log(&place, "verify");
    assert_eq!((verified.code, verified.err.as_str()), (0, ""), "{}", verified.out);
    assert!(verified.out.ends_with("All is well.\n"), "{}", verified.out);
    let stats = log(&place, "stats");
    assert_eq!(stats.code, 0, "{}", stats.err);
    assert!(stats.out.contains("  cardiology\n"), "{}", stats.out);
    let scrubbed = log(&place, "scrub");
    assert_eq!(scrubbed.code, 0, "{}", scrubbed.err);
    assert_eq!(log(&place, "verify").code, 0, "well after a scrub too");
    for ended in [verified, stats, scrubbed] {
        assert!(!ended.out.contains("synthetic remark"), "{}", ended.out);
    }
}

#[test]
fn a_damaged_record_ends_verify_with_1_and_scrub_mends_it() {
    let place = used();
    // One byte inside the sealed words of the store's or the journal's copy; here, the journal's.
    let segment = first_segment(&place.path("d/journal"));
    let mut bytes = fs::read(&segment).unwrap();
    let inside = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[inside - 40] ^= 1;
    fs::write(&segment, &bytes).unwrap();

    let verified = log(&place, "verify");
    assert_eq!(verified.code, 1, "{}", verified.out);
    assert!(verified.err.contains("the record is damaged; see above"), "{}", verified.err);
    assert!(verified.out.contains("wardroom log scrub"), "{}", verified.out);
    let scrubbed = log(&place, "scrub");
    assert_eq!(scrubbed.code, 0, "{}{}", scrubbed.out, scrubbed.err);
    assert_eq!(log(&place, "verify").code, 0);
}

fn first_segment(dir: &Path) -> PathBuf {
    let mut names: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "seg"))
        .collect();
    names.sort();
    names.remove(0)
}

#[test]
fn a_place_without_a_log_ends_with_74() {
    let place = Place::new();
    for verb in ["verify", "stats", "scrub"] {
        let ended = log(&place, verb);
        assert_eq!((ended.code, ended.out.as_str()), (74, ""), "{verb}");
        assert!(ended.err.contains("there is no log in d; check --data"), "{}", ended.err);
        assert!(!place.path("d").exists(), "{verb} made nothing");
    }
}
