#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use super::*;

#[test]
fn a_seal_holds_for_what_was_closed_and_for_the_same_start_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let left = |boot| look(dir, boot).unwrap();
    let broken = |boot, why: &str| match left(boot) {
        Left::Broken(reason) => assert!(reason.contains(why), "{reason}"),
        other => panic!("{why}: {other:?}"),
    };
    broken(Some("a"), "no seal");
    fs::create_dir(dir.join("blobs")).unwrap();
    fs::write(dir.join("db"), b"some pages").unwrap();
    fs::write(dir.join("blobs/1"), b"a large value").unwrap();
    open(dir, Some("a"), Left::Closed).unwrap();
    assert_eq!(left(Some("a")), Left::InUse);
    broken(Some("b"), "went down");
    broken(None, "went down");
    close(dir).unwrap();
    assert_eq!((left(Some("b")), left(None)), (Left::Closed, Left::Closed));
    for (name, bytes) in [("db", b"some pagfs".as_slice()), ("blobs/1", b""), ("new", b"")] {
        let old = fs::read(dir.join(name)).ok();
        fs::write(dir.join(name), bytes).unwrap();
        broken(Some("a"), "not what they were");
        match old {
            Some(old) => fs::write(dir.join(name), old).unwrap(),
            None => fs::remove_file(dir.join(name)).unwrap(),
        }
        assert_eq!(left(Some("a")), Left::Closed, "{name}");
    }
    open(dir, Some("a"), Left::InUse).unwrap();
    close(dir).unwrap();
    assert_eq!(left(Some("a")), Left::InUse, "doubts outlive whoever had them");
    broken(Some("b"), "went down");
    fs::write(dir.join(NAME), b"wardroom store seal 2\n").unwrap();
    broken(Some("a"), "damaged");
    take_off(dir).unwrap();
    close(dir).unwrap();
    // What is not trusted is not sealed.
    broken(Some("a"), "no seal");
    take_off(dir).unwrap();
}
