//! Reads a corpus and makes mutations of it. Two test binaries include this file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Every seed of a corpus, by its file's name.
pub(crate) fn seeds(corpus: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora").join(corpus);
    let files = fs::read_dir(folder).expect("a corpus is a folder");
    files
        .map(|file| {
            let path = file.expect("a folder that reads").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a file that reads"))
        })
        .collect()
}

/// One change to some bytes.
#[derive(Clone, Debug)]
enum Change {
    Flip(Index, u8),
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, 1 << bit)),
        2 => (at(), select(vec![0, 1, 0x7d, 0x7e, 0x7f, 0x80, 0xfe, 0xff])).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (at(), 1..40_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        1 => (at(), 1..400_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
        1 => at().prop_map(Change::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let Some(last) = bytes.len().checked_sub(1) else {
        return;
    };
    let place = |at: &Index| at.index(last + 1);
    match change {
        Change::Flip(at, bit) => bytes[place(at)] ^= bit,
        Change::Set(at, byte) => bytes[place(at)] = *byte,
        Change::Insert(at, more) => drop(bytes.splice(place(at)..place(at), more.iter().copied())),
        Change::Remove(at, count) => {
            drop(bytes.drain(place(at)..(place(at) + count).min(last + 1)));
        }
        Change::Repeat(at, count) => {
            let from = place(at);
            let again = bytes[from..(from + count).min(last + 1)].to_vec();
            drop(bytes.splice(from..from, again));
        }
        Change::Cut(at) => bytes.truncate(place(at)),
    }
}

/// A seed with a few changes, or two of them one behind the other.
pub(crate) fn mutated(corpus: &str) -> impl Strategy<Value = Vec<u8>> {
    let seeds: Vec<_> = seeds(corpus).into_values().collect();
    let second = prop::option::weighted(0.3, select(seeds.clone()));
    (select(seeds), second, prop::collection::vec(change(), 0..6)).prop_map(
        |(first, second, changes)| {
            let mut bytes = [first, second.unwrap_or_default()].concat();
            for change in &changes {
                apply(&mut bytes, change);
            }
            bytes
        },
    )
}
