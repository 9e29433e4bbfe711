//! Record and segment v1: round trips, committed fixtures, and bytes that nobody vouches for.
//!
//! The fixtures are written once per version, with `WARDROOM_WRITE_FIXTURES=1`, and never again:
//! what they hold must open for ever.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use proptest::prelude::*;
use wardroom::entry::{Header, Record, Words};
use wardroom::log::record::{Rest, View, decode_header, encode_header, put};
use wardroom::log::{Log, verify};
use wardroom_protocol::ids::{Mid, Position};

use crate::world::{Author, Dice, ask, close, read, small};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/log/fixtures").join(name)
}

fn writes_fixtures() -> bool {
    std::env::var_os("WARDROOM_WRITE_FIXTURES").is_some()
}

fn position() -> impl Strategy<Value = Position> {
    (any::<u64>(), any::<u64>()).prop_map(|(epoch, seq)| Position::new(epoch, seq))
}

prop_compose! {
    fn records()(
        log in "[a-z0-9-]{1,20}|[a-z]{1,9}/moderators|~[a-z]{1,9}|@[a-z0-9_]{1,20}",
        position in position(),
        (n, at, key) in (any::<Option<u64>>(), any::<u64>(), any::<u32>()),
        op in "[a-z]{1,9}\\.[a-z]{1,9}",
        (op_version, optional) in (any::<u8>(), any::<bool>()),
        mid in any::<[u8; 16]>().prop_filter("nil", |mid| *mid != [0; 16]),
        by in "[a-z0-9_-]{1,64}",
        (submit, link, nonce) in (any::<[u8; 32]>(), any::<[u8; 32]>(), any::<[u8; 24]>()),
        bumps in prop::collection::vec("[a-z/]{0,20}", 0..4),
        (head, was) in (prop::option::of(position()), prop::option::of(position())),
        facts in prop::collection::vec(any::<u8>(), 0..300),
        words in prop::option::of(prop::collection::vec(1..=u8::MAX, 1..300)),
    ) -> Record {
        let header = Header {
            log: log.parse().unwrap(),
            position, n, at, key,
            op: op.into(),
            op_version, optional,
            mid: Mid::from_bytes(mid).unwrap(),
            by: by.parse().unwrap(),
            submit, link, nonce,
            bumps: bumps.into_iter().map(Into::into).collect(),
            head, was,
            facts: facts.into(),
            words_len: words.as_ref().map_or(0, |words| words.len().try_into().unwrap()),
            words_hash: *blake3::hash(words.as_deref().unwrap_or_default()).as_bytes(),
        };
        Record { header, words: words.map_or(Words::None, |words| Words::Sealed(words.into())) }
    }
}

fn stored(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, record, &encode_header(&record.header));
    bytes
}

proptest! {
    #[test]
    fn a_record_comes_back_as_it_was(record in records(), behind in prop::collection::vec(any::<u8>(), 0..20)) {
        let encoded = encode_header(&record.header);
        prop_assert_eq!(&decode_header(encoded.bytes()).unwrap(), &record.header);
        let mut bytes = stored(&record);
        let len = bytes.len();
        bytes.extend(behind);
        let view = View::read(&bytes).unwrap();
        prop_assert_eq!(view.bytes.len(), len);
        prop_assert_eq!(view.hash, encoded.link());
        prop_assert_eq!(view.record(false), Some(record));
    }

    #[test]
    fn erased_words_leave_everything_else(record in records()) {
        let mut bytes = stored(&record);
        let at = View::read(&bytes).unwrap().words_at();
        bytes[at..].fill(0);
        let view = View::read(&bytes).unwrap();
        prop_assert_eq!(&view.header, &record.header);
        if record.words == Words::None {
            prop_assert_eq!(view.rest, Rest::None);
        } else {
            prop_assert_eq!(view.rest, Rest::Zeros);
            prop_assert_eq!(view.record(false), None, "without a redaction it is damage");
            prop_assert_eq!(view.record(true).unwrap().words, Words::Erased);
        }
    }

    #[test]
    fn a_changed_bit_is_noticed(record in records(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = stored(&record);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(view) = View::read(&bytes) {
            prop_assert_eq!(&view.header, &record.header);
            prop_assert_eq!(view.rest, Rest::Damaged);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode_header(&bytes);
        let _ = View::read(&bytes);
        // With a right checksum in front of whatever it is.
        let mut framed = u32::try_from(bytes.len()).unwrap().to_le_bytes().to_vec();
        framed.extend_from_slice(&bytes);
        framed.extend_from_slice(&blake3::hash(&bytes).as_bytes()[..8]);
        let _ = View::read(&framed);
        let mut versioned = bytes;
        versioned.insert(0, 1);
        let _ = decode_header(&versioned);
    }
}

fn example() -> Record {
    let words = b"sealed bytes of a synthetic example".to_vec();
    Record {
        header: Header {
            log: "cardiology/moderators".parse().unwrap(),
            position: Position::new(1_763_787_600, 7),
            n: Some(5),
            at: 1_763_787_600_123,
            op: "message.reported".into(),
            op_version: 1,
            optional: true,
            mid: "0198c0de-0000-7000-8000-000000000001".parse().unwrap(),
            by: "dr-synthetic".parse().unwrap(),
            submit: [1; 32],
            bumps: vec!["access".into(), "poll/7".into()],
            head: Some(Position::new(1_763_787_600, 41)),
            was: Some(Position::new(1_763_780_000, 6)),
            facts: Bytes::from_static(br#"{"of":"0198c0de-0000-7000-8000-000000000000"}"#),
            key: 3,
            nonce: [2; 24],
            words_len: words.len().try_into().unwrap(),
            words_hash: *blake3::hash(&words).as_bytes(),
            link: [4; 32],
        },
        words: Words::Sealed(words.into()),
    }
}

#[test]
fn record_v1_opens_and_is_still_written_the_same() {
    let path = fixture("record-v1.bin");
    if writes_fixtures() {
        fs::write(&path, stored(&example())).unwrap();
    }
    let bytes = fs::read(path).unwrap();
    assert_eq!(View::read(&bytes).unwrap().record(false), Some(example()));
    assert_eq!(stored(&example()), bytes);
}

/// What a log holds, as text.
fn told(log: &Log) -> String {
    let mut text = String::new();
    for name in ask(log, |reader| reader.logs().unwrap()) {
        for Record { header, words } in read(log, &name).0 {
            let words = match words {
                Words::None => "no words".to_owned(),
                Words::Erased => "erased".to_owned(),
                Words::Sealed(bytes) => blake3::hash(&bytes).to_hex()[..16].to_owned(),
            };
            let facts = String::from_utf8_lossy(&header.facts);
            writeln!(
                text,
                "{name} {} {} {} {facts} {words}",
                header.position, header.op, header.mid
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn segment_v1_opens() {
    let (segment, text) = (fixture("segment-v1.bin"), fixture("segment-v1.txt"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("journal/00000001.seg");
    if writes_fixtures() {
        let (log, _) = Log::open(dir.path(), small()).unwrap();
        let mut dice = Dice(77);
        for name in ["cardiology", "~directory"] {
            let mut room = Author::new(name);
            room.create(&log, &mut dice);
            room.post(&log, &mut dice, 60);
            room.post(&log, &mut dice, 60);
            room.redact(&log, &mut dice, 2);
            room.stored();
        }
        fs::write(&text, told(&log)).unwrap();
        close(log);
        let bytes = fs::read(&file).unwrap();
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        fs::write(&segment, &bytes[..end]).unwrap();
        fs::remove_dir_all(dir.path().join("store")).unwrap();
        fs::remove_file(dir.path().join("store.mark")).unwrap();
        fs::remove_dir_all(dir.path().join("journal")).unwrap();
    }
    // The fixture leaves out the zeros behind the last group.
    let mut bytes = fs::read(segment).unwrap();
    bytes.resize(256 * 1024, 0);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, bytes).unwrap();
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(recovery.findings.is_empty(), "{:?}", recovery.findings);
    assert!(recovery.rebuilt);
    assert_eq!(told(&log), fs::read_to_string(text).unwrap());
    close(log);
    assert!(verify(dir.path()).unwrap().ok());
}
