//! The mid index is exact: what it calls absent is absent, what it shows is right.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wardroom::domain::{Row, Status, What};
use wardroom::log::{Found, MidIndex};
use wardroom_protocol::ids::{Mid, Position};

use crate::world::Dice;

fn row(seq: u64, status: Status) -> Row {
    Row {
        position: Position::new(1, seq),
        at: seq,
        by: "dr-synthetic".parse().unwrap(),
        submit: [0; 32],
        topic: None,
        status,
        what: What::Act,
    }
}

#[derive(Clone, Debug)]
enum Act {
    New,
    Change(usize),
    Settle(u64),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => Just(Act::New),
        2 => any::<usize>().prop_map(Act::Change),
        2 => (0..5_u64).prop_map(Act::Settle),
    ];
    prop::collection::vec(act, 1..300)
}

proptest! {
    #[test]
    fn it_never_misses_and_never_lies(acts in acts(), seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        let mut index = MidIndex::new();
        let mut model: BTreeMap<Mid, (Row, u64)> = BTreeMap::new();
        let mut order = Vec::new();
        let (mut seq, mut stored) = (0, 0);
        for act in acts {
            match act {
                Act::New => {
                    seq += 1;
                    let mut mid = dice.mid();
                    if seq % 2 == 0 {
                        // Of the version that begins with the time.
                        let mut bytes = *mid.as_bytes();
                        bytes[6] = 0x70 | (bytes[6] & 15);
                        mid = Mid::from_bytes(bytes).unwrap();
                    }
                    order.push(mid);
                    model.insert(mid, (row(seq, Status::Standing), seq));
                    index.note(mid, row(seq, Status::Standing), seq);
                }
                Act::Change(at) if !order.is_empty() => {
                    seq += 1;
                    let mid = order[at % order.len()];
                    let first = model[&mid].0.position.seq;
                    let changed = row(first, Status::Erased(seq));
                    model.insert(mid, (changed.clone(), seq));
                    index.note(mid, changed, seq);
                }
                Act::Change(_) => {}
                Act::Settle(back) => {
                    stored = stored.max(seq.saturating_sub(back));
                    index.settle(stored);
                }
            }
            for (mid, (row, changed)) in &model {
                let found = index.find(mid);
                let settled = *changed <= stored && found == Found::AskStore;
                prop_assert!(settled || found == Found::Row(row.clone()), "{found:?}");
            }
        }
        // At each call a few leave, and in the end all that the store has.
        for _ in 0..=order.len() + usize::try_from(seq).unwrap() {
            index.settle(stored);
        }
        for (mid, (row, changed)) in &model {
            let expected = if *changed > stored { Found::Row(row.clone()) } else { Found::AskStore };
            prop_assert_eq!(index.find(mid), expected);
        }
    }
}

#[test]
fn a_fresh_mid_rarely_costs_a_question() {
    let mut dice = Dice(11);
    let mut index = MidIndex::new();
    let known: Vec<Mid> = (0..50_000).map(|_| dice.mid()).collect();
    for mid in &known {
        index.seed(*mid);
    }
    assert!(known.iter().all(|mid| index.find(mid) == Found::AskStore));
    let asked = (0..50_000).filter(|_| index.find(&dice.mid()) == Found::AskStore).count();
    println!("of 50,000 fresh mids beside 50,000 known ones, {asked} would be asked about");
    assert!(asked < 5_000, "the filters are too small: {asked}");
}

#[test]
fn a_mid_minted_after_all_others_costs_no_question() {
    let mut dice = Dice(13);
    // As they are minted: the time in milliseconds first.
    let mut mid = |at: u64| {
        let mut bytes = *dice.mid().as_bytes();
        bytes[..6].copy_from_slice(&at.to_be_bytes()[2..]);
        bytes[6] = 0x70 | (bytes[6] & 15);
        Mid::from_bytes(bytes).unwrap()
    };
    let mut index = MidIndex::new();
    let mut known: Vec<Mid> = (0..50_000).map(&mut mid).collect();
    // Every room begins with a mid that follows from another, and so lies anywhere.
    known.insert(0, Mid::derived([0xff; 16]));
    known.insert(1, Mid::derived([1; 16]));
    // Minted by chance, under a pseudonym.
    known.push("ffffffff-ffff-4fff-bfff-ffffffffffff".parse().unwrap());
    for mid in &known {
        index.seed(*mid);
    }
    let kept = MidIndex::decode(&index.encode()).unwrap();
    for index in [&index, &kept] {
        assert!(known.iter().all(|mid| index.find(mid) == Found::AskStore));
        let asked = (50_000..100_000).filter(|at| index.find(&mid(*at)) == Found::AskStore).count();
        assert_eq!(asked, 0, "minted later than all that are known");
        // A device whose clock is behind may ask; mostly it need not.
        let asked = (0..50_000).filter(|at| index.find(&mid(*at)) == Found::AskStore).count();
        assert!(asked < 1_000, "each is looked for in one filter: {asked}");
    }
}
