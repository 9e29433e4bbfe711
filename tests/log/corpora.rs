//! Records and segments that nobody vouches for: seeds, and mutations of them. What is served in the
//! end is what was once written, or a hole; never something else, and never a panic.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use wardroom::entry::Record;
use wardroom::log::record::{AROUND, Malformed, Rest, View, decode_header, encode_header, put};
use wardroom::log::{Log, verify};

use crate::seeds::{mutated, seeds};
use crate::world::{ask, close, quick_dir, read, small};

/// Header bytes: what decodes is encoded as the same bytes.
fn header_holds(bytes: &[u8]) {
    if let Ok(header) = decode_header(bytes) {
        assert_eq!(&encode_header(&header).bytes()[..], bytes);
    }
}

/// Record bytes: what reads lies at the front, and a record made of it is stored as it lay there.
fn record_holds(bytes: &[u8]) {
    let Ok(view) = View::read(bytes) else {
        return;
    };
    assert_eq!(view.bytes, &bytes[..view.bytes.len()]);
    assert_eq!(view.words, &view.bytes[view.words_at()..]);
    assert_eq!(encode_header(&view.header).link(), view.hash);
    let lawful = matches!(view.rest, Rest::None | Rest::Whole);
    assert_eq!(view.record(false).is_some(), lawful);
    for record in [view.record(false), view.record(true)].into_iter().flatten() {
        let mut stored = Vec::new();
        put(&mut stored, &record, &encode_header(&record.header));
        let again = View::read(&stored).unwrap();
        assert_eq!((again.hash, stored.len()), (view.hash, view.bytes.len()));
        if lawful && again.rest == view.rest {
            assert_eq!(stored, view.bytes);
        }
    }
}

/// The same bytes as a header behind a right checksum: what a forger can make.
fn framed(header: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(header.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend_from_slice(header);
    bytes.extend_from_slice(&blake3::hash(header).as_bytes()[..8]);
    bytes
}

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
        record_holds(bytes);
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

/// Puts these bytes into a node's directory as its only segment, checks and opens it, and gives all
/// that is served then, or nothing if the log refuses to open.
fn open_segment(dir: &Path, bytes: &[u8]) -> Option<Vec<Record>> {
    let size = 256 * 1024;
    let mut bytes = bytes.to_vec();
    bytes.resize(size.max(bytes.len()), 0);
    fs::create_dir_all(dir.join("journal")).unwrap();
    fs::write(dir.join("journal/00000001.seg"), bytes).unwrap();
    // Looking changes nothing, so what is found is told twice in the same words.
    let report = || verify(dir).map(|report| report.to_string()).map_err(|error| error.to_string());
    assert_eq!(report(), report());
    let (log, _) = Log::open(dir, small()).ok()?;
    let mut all = Vec::new();
    for name in ask(&log, |reader| reader.logs().unwrap()) {
        all.extend(read(&log, &name).0);
    }
    close(log);
    Some(all)
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
        for record in open_segment(quick_dir().path(), &bytes).unwrap_or_default() {
            prop_assert!(whole.contains(&record), "not what was written: {:?}", record.header);
        }
    }
}
