use std::ops::ControlFlow;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::generation::{Generations, Opened};
use super::super::memory::MemoryShelf;
use super::super::puts::Puts;
use super::super::seal::Left;
use super::super::shelf::Shelf;
use super::*;
use crate::log::disk::{Disk, RealDisk};

fn woven(old: Option<&[u8]>, puts: &[Pair<'_>]) -> Woven {
    let old = old.map(|bytes| Block::read(bytes).expect("a block"));
    weave(old, puts).expect("the block is whole")
}

fn pairs(bytes: &[u8]) -> Vec<Pair<'_>> {
    let block = Block::read(bytes).expect("a block");
    (0..block.len()).map(|at| block.pair(at).expect("a pair")).collect()
}

#[test]
fn a_stem_ends_behind_the_first_zero() {
    assert_eq!(stem(b"ecardiology\0\0\0\0\0\0\0\0\x07"), b"ecardiology\0");
    assert_eq!(stem(b"a"), b"a");
    assert_eq!(stem(b""), b"");
}

#[test]
fn what_is_appended_begins_a_block_and_what_is_changed_stays_in_its_own() {
    let value = [7; 1000];
    let puts: &[Pair<'_>] = &[(&[1], &value), (&[2], &value)];
    let block = woven(None, puts).blocks.remove(0).1;
    let next = woven(Some(&block), &[(&[3], &value)]);
    assert_eq!((next.blocks.len(), &next.blocks[0].0[..], next.moved), (1, &[3][..], false));
    let changed = woven(Some(&block), &[(&[2], b"new")]);
    assert_eq!((changed.blocks.len(), &changed.blocks[0].0[..]), (1, &[1][..]));
    assert_eq!(Block::read(&changed.blocks[0].1).expect("a block").value(&[2]), Some(&b"new"[..]));
}

#[test]
fn a_full_block_is_split_and_says_so() {
    let value = [7; 1000];
    let keys: Vec<[u8; 1]> = (0..14).map(|key| [key * 2]).collect();
    let puts: Vec<Pair<'_>> = keys.iter().map(|key| (&key[..], &value[..])).collect();
    let whole = encode(&puts, 0);
    let split = woven(Some(&whole), &[(&[5], &value)]);
    assert_eq!((split.blocks.len(), split.moved), (2, true));
    assert_eq!(split.blocks[0].0, [0], "the first one stays where it was");
    let all: Vec<_> = split.blocks.iter().flat_map(|(_, bytes)| pairs(bytes)).collect();
    assert_eq!(all.len(), 15);
    assert!(all.windows(2).all(|two| two[0].0 < two[1].0));
    assert!(split.blocks.iter().all(|(first, bytes)| pairs(bytes)[0].0 == first));
}

#[test]
fn the_largest_value_finds_a_block() {
    let large = vec![1; 100 * 1024];
    let puts: &[Pair<'_>] = &[(&[1], b"small"), (&[2], &large), (&[3], b"small")];
    let blocks = woven(None, puts).blocks;
    let all: Vec<_> = blocks.iter().flat_map(|(_, bytes)| pairs(bytes)).collect();
    assert_eq!(all, puts);
    assert!(blocks.iter().all(|(_, bytes)| bytes.len() < 128 * 1024));
}

/// A key: one of a few logs or a single letter, and a suffix from a small or a large range.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let log = prop::sample::select(vec!["eroom\0", "eroom-2\0", "mroom\0", "troom\0"]);
    prop_oneof![
        12 => (log.clone(), any::<u8>()).prop_map(|(log, at)| [log.as_bytes(), &[0, at]].concat()),
        4 => (log.clone(), any::<[u8; 3]>()).prop_map(|(log, at)| [log.as_bytes(), &at].concat()),
        1 => prop::sample::select(vec![b"a".to_vec(), b"r".to_vec()]),
        1 => log.prop_map(|log| log.as_bytes().to_vec()),
    ]
}

fn puts() -> impl Strategy<Value = Puts> {
    let value = (
        any::<u8>(),
        prop_oneof![8 => 0..40_usize, 4 => 400..1500_usize, 1 => 9_000..20_000_usize],
    );
    prop::collection::btree_map(key(), value.prop_map(|(byte, len)| vec![byte; len]), 1..40)
        .prop_map(Puts::from_iter)
}

fn seen(shelf: &dyn Shelf, from: &[u8], to: &[u8], backward: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut seen = Vec::new();
    let visited = shelf.visit(from, to, backward, &mut |key, value| {
        seen.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    });
    visited.expect("a shelf that answers");
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    /// Whatever was put into blocks is found there as it would be without them.
    #[test]
    fn blocks_hold_what_a_plain_map_holds(
        batches in prop::collection::vec(puts(), 1..12),
        looks in prop::collection::vec((key(), key()), 8),
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let generations = Generations::new(dir.path().to_path_buf(), 4 * 1024 * 1024, &disk);
        let sled = generations.begin(1).expect("a fresh sled");
        generations.point_at(1).expect("it is named");
        let memory = MemoryShelf::default();
        for batch in batches {
            sled.apply(batch.clone()).expect("it is put");
            memory.apply(batch).expect("it is put");
        }
        prop_assert_eq!(seen(&sled, b"a", b"z", false), seen(&memory, b"a", b"z", false));
        for (from, to) in looks {
            for backward in [false, true] {
                prop_assert_eq!(seen(&sled, &from, &to, backward), seen(&memory, &from, &to, backward));
            }
            prop_assert_eq!(sled.get(&from).expect("an answer"), memory.get(&from).expect("an answer"));
        }
        // What is there outlives the process.
        let all = seen(&memory, b"a", b"z", false);
        drop(sled);
        let opened = generations.open_current().expect("its folder");
        let Opened::Yes { shelf: again, left: Left::Closed, .. } = opened else {
            return Err(TestCaseError::fail("it is not there as it was left"));
        };
        prop_assert_eq!(seen(&again, b"a", b"z", false), all);
    }

    /// Damage is told, not followed.
    #[test]
    fn damaged_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), cut in any::<bool>()) {
        if cut && bytes.len() >= HEAD {
            bytes[0] = VERSION;
            bytes[2..HEAD].fill(0);
        }
        if let Some(block) = Block::read(&bytes) {
            for at in 0..=block.len() {
                let _ = block.pair(at);
            }
            let _ = block.find(b"x");
            let _ = weave(Some(block), &[(b"x", b"y")]);
        }
    }
}
