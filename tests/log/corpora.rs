//! Records and segments that nobody vouches for: seeds, and mutations of them. What is served in the
//! end is what was once written, or a hole; never something else, and never a panic.

#[expect(unreachable_pub, reason = "its other user is the fuzz crate, where these are public")]
#[path = "../fuzz/src/record.rs"]
mod record;
#[expect(unreachable_pub, reason = "its other user is the fuzz crate, where these are public")]
#[path = "../fuzz/src/segment.rs"]
mod segment;

use proptest::prelude::*;
use wardroom::log::record::{AROUND, Malformed, Rest, View};

use crate::seeds::{mutated, seeds};
use crate::world::quick_dir;
use record::{framed, header_holds, record_holds};
use segment::open_segment;

#[test]
fn every_record_seed_comes_to_what_it_is_for() {
    let rest = |bytes: &[u8]| View::read(bytes).map(|view| view.rest);
    let expected = [
        ("cut-in-the-header", Err(Malformed::Short)),
        ("cut-in-the-words", Err(Malformed::Short)),
        ("header-damaged", Err(Malformed::Sum)),
        ("length-of-all-ones", Err(Malformed::Short)),
        ("whole", Ok(Rest::Whole)),
        ("words-damaged", Ok(Rest::Damaged)),
        ("words-erased", Ok(Rest::Zeros)),
    ];
    let seeds = seeds("record");
    let got: Vec<_> = seeds.iter().map(|(name, bytes)| (name.as_str(), rest(bytes))).collect();
    assert_eq!(got, expected);
    for bytes in seeds.values() {
        record::record(bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_mutated_record_is_read_as_it_lies_or_not_at_all(bytes in mutated("record")) {
        record_holds(&bytes);
        // Behind a right checksum the header's own parser stands alone.
        if bytes.len() > AROUND {
            let inner = &bytes[4..];
            for end in [inner.len(), inner.len().min(whole_header().len())] {
                header_holds(&inner[..end]);
                record_holds(&framed(&inner[..end]));
            }
        }
    }
}

/// The header of the seed `whole`.
fn whole_header() -> Vec<u8> {
    let whole = seeds("record").remove("whole").unwrap();
    let len = u32::from_le_bytes(whole[..4].try_into().unwrap()) as usize;
    whole[4..4 + len].to_vec()
}

#[test]
fn every_segment_seed_comes_to_what_it_is_for() {
    let entries = |bytes: &[u8]| open_segment(quick_dir().path(), bytes).map(|all| all.len());
    let got: Vec<_> =
        seeds("segment").iter().map(|(name, bytes)| (name.clone(), entries(bytes))).collect();
    let expected = [
        ("cut-in-the-last-group", Some(4)),
        ("empty", Some(0)),
        ("first-group-zeroed", Some(4)),
        ("groups-twice", Some(8)),
        ("header-damaged", Some(8)),
        ("whole", Some(8)),
        // One entry is a hole; what stands beside it in its group is served.
        ("words-damaged", Some(7)),
        // At the end it is a write that did not come through: its whole group never was.
        ("words-torn-in-the-last-group", Some(4)),
    ];
    assert_eq!(got, expected.map(|(name, entries)| (name.to_owned(), entries)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_mutated_segment_serves_what_was_written_or_nothing(bytes in mutated("segment")) {
        let whole = open_segment(quick_dir().path(), &seeds("segment")["whole"]).unwrap();
        segment::segment(quick_dir().path(), &whole, &bytes);
    }
}
