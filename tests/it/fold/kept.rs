//! A state survives being kept: cut from its bytes it is the same, and goes on as the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wardroom::domain::LogState;
use wardroom::entry;
use wardroom::room::snapshot::{self, FOLD};

use super::{Attempt, Kept, Live, WHATS, attempts, fold};

fn again(kept: &Kept, state: &LogState) -> LogState {
    let facts = snapshot::encode(state).unwrap();
    let again = snapshot::decode(&kept.log, &facts).unwrap();
    assert_eq!(&again, state);
    assert_eq!(snapshot::encode(&again).unwrap(), facts, "the same bytes for the same state");
    again
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_state_that_was_kept_goes_on_as_if_it_had_not_been(
        attempts in attempts(),
        share in 0..=100_usize,
    ) {
        let mut live = Live::new();
        for attempt in &attempts {
            live.attempt(attempt);
        }
        for kept in [&live.room, &live.lane] {
            let (first, rest) = kept.headers.split_at(kept.headers.len() * share / 100);
            let (mut state, mut rows) = (LogState::empty(&kept.log), BTreeMap::default());
            for header in first {
                fold(&mut state, &mut rows, &entry::event(header).unwrap().unwrap(), &header.meta());
            }
            let mut state = again(kept, &state);
            for header in rest {
                fold(&mut state, &mut rows, &entry::event(header).unwrap().unwrap(), &header.meta());
            }
            prop_assert_eq!(&state, &kept.state);
        }
    }

    #[test]
    fn bytes_that_are_no_state_are_none(
        attempts in attempts(),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut live = Live::new();
        for attempt in &attempts {
            live.attempt(attempt);
        }
        let whole = snapshot::encode(&live.room.state).unwrap();
        prop_assert_eq!(snapshot::decode(&live.room.log, &whole[..end.index(whole.len())]), None);
        let mut bytes = whole;
        for (place, byte) in flips {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        // Another state, or none: never a panic, and nothing that would be put differently.
        if let Some(state) = snapshot::decode(&live.room.log, &bytes) {
            prop_assert!(snapshot::encode(&state).is_some());
        }
    }
}

/// What a snapshot of this version is must not change silently: an older one would be taken for it.
#[test]
fn a_changed_fold_has_a_new_version() {
    let mut live = Live::new();
    let mut random = 7_u64;
    for number in 0..400_u64 {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let [who, moderator, mid, what, of, other, epoch, _] = random.rotate_left(23).to_le_bytes();
        live.attempt(&Attempt {
            who: who % 4,
            moderator: moderator.is_multiple_of(2) || number < 40,
            mid: mid % 64,
            what: what % WHATS,
            of: of % 64,
            other: other % 64,
            epoch: epoch < 8,
        });
    }
    let mut hash = blake3::Hasher::new();
    for kept in [&live.room, &live.lane] {
        hash.update(&snapshot::encode(&kept.state).unwrap());
    }
    let hash = hash.finalize().to_hex();
    assert_eq!(
        (FOLD, &hash[..16]),
        (3, "4d7b225f03878284"),
        "the same entries give another state or other bytes: raise room::snapshot::FOLD and pin this"
    );
}
