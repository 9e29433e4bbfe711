//! Plays the corpora of the fuzz targets in `fuzz/`, without a fuzzer and without nightly: what one
//! of them once found stays found.

#[expect(unreachable_pub, reason = "its other user is the fuzz crate, where these are public")]
#[path = "../fuzz/src/lib.rs"]
mod checks;

use std::fs;
use std::path::Path;

use wardroom_protocol::envelope::Command;
use wardroom_protocol::op::{Kind, OPS};

/// Every file of a corpus, with its name. Names that begin with `no-` are not frames, by purpose.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a corpus is a folder")
        .map(|file| {
            let path = file.expect("a folder that reads").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(&path).expect("a file that reads"))
        })
        .collect();
    files.sort();
    files
}

fn play(target: &str, check: fn(&[u8]) -> bool) {
    let corpus = corpus(target);
    assert!(corpus.len() >= 15, "the corpus of {target} is nearly empty");
    for (name, bytes) in corpus {
        println!("{target}/{name}");
        assert_eq!(check(&bytes), !name.starts_with("no-"), "{target}/{name}");
    }
}

#[test]
fn the_corpus_of_envelopes_holds() {
    play("envelope", checks::envelope);
}

#[test]
fn the_corpus_of_server_frames_holds() {
    play("server_frame", checks::server_frame);
}

#[test]
fn every_command_is_checked_and_has_a_seed_that_reads() {
    let seeds = corpus("envelope");
    for op in OPS.iter().filter(|op| op.kind == Kind::Command) {
        let (_, check) = checks::BODIES
            .iter()
            .find(|(name, _)| *name == op.name)
            .unwrap_or_else(|| panic!("{} is missing in fuzz/src/lib.rs", op.name));
        let good = seeds.iter().any(|(_, bytes)| {
            let text = str::from_utf8(bytes).unwrap_or_default();
            Command::decode(text).is_ok_and(|command| command.op == op.name && check(&command))
        });
        assert!(good, "no seed for {} in fuzz/corpus/envelope", op.name);
    }
}
