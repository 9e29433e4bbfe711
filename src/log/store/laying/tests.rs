#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use std::collections::BTreeSet;

use super::*;

struct Engine {
    db: sled::Db,
    _dir: tempfile::TempDir,
}

fn engine() -> Engine {
    let dir = tempfile::tempdir().unwrap();
    let db = sled::Config::new().path(dir.path()).flush_every_ms(None).open().unwrap();
    Engine { db, _dir: dir }
}

const STEM: &[u8] = b"er/cardiology\0";

fn suffixes(numbers: std::ops::Range<u64>) -> Vec<[u8; 8]> {
    numbers.map(u64::to_be_bytes).collect()
}

/// Lays values of 1,000 bytes under these numbers.
fn layout(db: &sled::Db, stem: &[u8], numbers: std::ops::Range<u64>) -> Layout {
    let suffixes = suffixes(numbers);
    let value = [7; 1000];
    let puts: Vec<Pair<'_>> = suffixes.iter().map(|suffix| (&suffix[..], &value[..])).collect();
    let mut layout = Layout::default();
    layout.put(db, stem, &puts).unwrap();
    layout
}

fn lay(db: &sled::Db, stem: &[u8], numbers: std::ops::Range<u64>) {
    layout(db, stem, numbers).apply(db, || ()).unwrap();
}

/// Numbers that are found, and keys of the engine that hold nothing.
fn found(db: &sled::Db, stem: &[u8]) -> (Vec<u64>, Vec<Vec<u8>>) {
    let (mut numbers, mut bare) = (Vec::new(), Vec::new());
    for pair in db.scan_prefix(stem) {
        let (key, bytes) = pair.unwrap();
        match read(&bytes).unwrap() {
            None => bare.push(key[stem.len()..].to_vec()),
            Some(block) => numbers.extend(
                (0..block.len())
                    .map(|at| u64::from_be_bytes(block.pair(at).unwrap().0.try_into().unwrap())),
            ),
        }
    }
    (numbers, bare)
}

#[test]
fn a_log_has_its_end_fenced_once_it_is_long() {
    let engine = engine();
    let db = &engine.db;
    let fences = |after: u64| {
        let (numbers, bare) = found(db, STEM);
        assert!(numbers.iter().copied().eq(1..after), "all are there, in order");
        assert!(bare.iter().all(|suffix| suffix.starts_with(&FENCE)), "no other key is bare");
        bare.len()
    };
    let mut next = 1;
    for _ in 0..FENCES {
        lay(db, STEM, next..next + 3);
        next += 3;
        assert_eq!(fences(next), 0, "a short log costs nothing more");
    }
    lay(db, STEM, next..next + 3);
    assert_eq!(fences(next + 3), FENCES);
    lay(db, STEM, next + 3..next + 200);
    assert_eq!(fences(next + 200), FENCES, "its end is fenced once");
    // Fences stand at the end of their own log and in nobody's way.
    lay(db, b"er/oncology\0", 1..200);
    assert_eq!(fences(next + 200), FENCES);
    assert_eq!(found(db, b"er/oncology\0").1.len(), FENCES, "many blocks at once are a long log");
}

#[test]
fn many_blocks_have_their_keys_put_in_first_and_few_have_not() {
    let engine = engine();
    let few = layout(&engine.db, STEM, 1..20);
    assert_eq!((few.bare.len(), few.grown.len()), (0, 3));
    let many = layout(&engine.db, STEM, 1..100);
    let own = |key: &&Vec<u8>| !key[STEM.len()..].starts_with(&FENCE);
    assert!(many.bare.iter().filter(own).eq(many.grown.iter().map(|(key, _)| key)));
    assert!(!many.moved);
}

#[test]
fn bare_keys_that_were_left_are_filled_by_a_replay() {
    let engine = engine();
    let db = &engine.db;
    lay(db, STEM, 1..11);
    // The process ended after the keys, or after some of the blocks.
    for filled in [0, 4] {
        let Layout { bare, grown, .. } = layout(db, STEM, 11..100);
        for key in &bare {
            db.insert(key, &[]).unwrap();
        }
        for (key, block) in grown.iter().take(filled) {
            db.insert(key, &block[..]).unwrap();
        }
        let (numbers, left) = found(db, STEM);
        assert!(numbers.len() >= 10 && numbers.iter().copied().eq(1..=numbers.len() as u64));
        assert!(left.len() > FENCES);
    }
    // Groups need not be gathered as they were.
    lay(db, STEM, 11..37);
    lay(db, STEM, 37..100);
    lay(db, STEM, 100..120);
    let (numbers, left) = found(db, STEM);
    assert!(numbers.into_iter().eq(1..120));
    assert_eq!(left.len(), FENCES, "none is left bare: {left:?}");
}

#[test]
fn pairs_that_move_are_changed_at_once_and_alone() {
    let engine = engine();
    let db = &engine.db;
    let suffixes: Vec<[u8; 8]> = suffixes(1..100).into_iter().step_by(2).collect();
    let value = [7; 1000];
    let puts: Vec<Pair<'_>> = suffixes.iter().map(|suffix| (&suffix[..], &value[..])).collect();
    let mut odd = Layout::default();
    odd.put(db, STEM, &puts).unwrap();
    odd.apply(db, || panic!("nothing moves")).unwrap();
    let between = layout(db, STEM, 4..5);
    assert!(between.bare.is_empty() && between.grown.is_empty());
    let before = found(db, STEM).0;
    let alone = std::cell::Cell::new(false);
    let full = layout(db, STEM, 2..30);
    assert!(full.moved);
    full.apply(db, || alone.set(true)).unwrap();
    assert!(alone.get());
    let all: BTreeSet<u64> = before.into_iter().chain(2..30).collect();
    assert!(found(db, STEM).0.into_iter().eq(all));
}
