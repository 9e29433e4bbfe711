//! Snapshots are a cache: given back as saved, or not at all.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use wardroom::log::record::encode_header;
use wardroom::log::{Found, Log, MidIndex, Snapshot};
use wardroom_protocol::ids::Position;

use crate::world::{Author, Dice, ask, close, files, quick_dir, small};

const FOLD: u32 = 7;

fn of(room: &Author, seq: u64, state: &[u8]) -> Snapshot {
    let header = &room.records[usize::try_from(seq).unwrap() - 1].header;
    Snapshot {
        at: header.position,
        link: encode_header(header).link(),
        fold: FOLD,
        state: state.to_vec().into(),
    }
}

fn save(log: &Log, room: &Author, snapshot: &Snapshot) -> bool {
    let (name, snapshot) = (room.name.clone(), snapshot.clone());
    ask(log, move |reader| reader.save_snapshot(&name, &snapshot))
}

fn load(log: &Log, room: &Author) -> Option<Snapshot> {
    let name = room.name.clone();
    ask(log, move |reader| reader.snapshot(&name, FOLD))
}

fn room_of(log: &Log, name: &str, dice: &mut Dice, entries: usize) -> Author {
    let mut room = Author::new(name);
    for _ in 0..entries {
        room.post(log, dice, 100);
    }
    room.stored();
    room
}

fn file(dir: &tempfile::TempDir) -> PathBuf {
    let all = files(&dir.path().join("snapshots"));
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

#[test]
fn the_newest_snapshot_comes_back_and_the_log_goes_on_from_it() {
    let dir = quick_dir();
    let mut dice = Dice(201);
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let room = room_of(&log, "cardiology", &mut dice, 30);
    let lane = room_of(&log, "cardiology/moderators", &mut dice, 5);
    assert_eq!(load(&log, &room), None);
    assert!(save(&log, &room, &of(&room, 10, b"older")));
    assert!(save(&log, &room, &of(&room, 20, b"newer")));
    assert!(save(&log, &lane, &of(&lane, 5, b"")));
    close(log);
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let kept = load(&log, &room).unwrap();
    assert_eq!(kept, of(&room, 20, b"newer"));
    assert_eq!(kept.hash(), *blake3::hash(b"newer").as_bytes());
    assert_eq!(load(&log, &lane), Some(of(&lane, 5, b"")));
    let name = room.name.clone();
    let rest = ask(&log, move |reader| {
        let mut rest = Vec::new();
        let holes = reader.scan_after(&name, 20, &mut |record| rest.push(record.clone())).unwrap();
        assert_eq!(holes, []);
        rest
    });
    assert_eq!(rest, room.records[20..]);
    close(log);
}

#[test]
fn a_snapshot_that_its_log_does_not_bear_out_is_removed() {
    let dir = quick_dir();
    let mut dice = Dice(211);
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let room = room_of(&log, "cardiology", &mut dice, 10);
    let right = of(&room, 10, b"state");
    let other_epoch = Position::new(right.at.epoch + 1, right.at.seq);
    for wrong in [
        Snapshot { at: other_epoch, ..right.clone() },
        Snapshot { at: Position::new(right.at.epoch, 11), ..right.clone() },
        Snapshot { link: [1; 32], ..right.clone() },
    ] {
        assert!(save(&log, &room, &wrong));
        assert_eq!(load(&log, &room), None, "{wrong:?}");
        assert_eq!(files(&dir.path().join("snapshots")), Vec::<PathBuf>::new());
    }
    // Another version of the fold made it: of no use here, and not wrong.
    assert!(save(&log, &room, &Snapshot { fold: FOLD + 1, ..right.clone() }));
    assert_eq!(load(&log, &room), None);
    file(&dir);
    // Somebody else's, under this log's name.
    let lane = room_of(&log, "cardiology/moderators", &mut dice, 10);
    assert!(save(&log, &room, &right));
    let mine = file(&dir);
    assert!(save(&log, &lane, &of(&lane, 10, b"lane")));
    let theirs = files(&dir.path().join("snapshots")).into_iter().find(|path| *path != mine);
    fs::rename(theirs.unwrap(), mine).unwrap();
    assert_eq!(load(&log, &room), None);
    close(log);
}

#[test]
fn what_is_too_large_or_in_memory_is_not_kept() {
    let dir = quick_dir();
    let mut dice = Dice(221);
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let room = room_of(&log, "cardiology", &mut dice, 1);
    let most = of(&room, 1, &vec![5; Snapshot::LARGEST]);
    assert!(save(&log, &room, &most));
    assert!(!save(&log, &room, &of(&room, 1, &vec![5; Snapshot::LARGEST + 1])));
    assert_eq!(load(&log, &room), Some(most), "the one before stays");
    close(log);
    // What a crash left half made is tidied away.
    let half = file(&dir).with_extension("new");
    fs::write(&half, b"half").unwrap();
    close(Log::open(dir.path(), small()).unwrap().0);
    assert!(!half.exists());
    let log = Log::ephemeral();
    let room = room_of(&log, "cardiology", &mut dice, 1);
    assert!(!save(&log, &room, &of(&room, 1, b"state")));
    assert_eq!(load(&log, &room), None);
    close(log);
}

#[derive(Clone, Debug)]
enum Harm {
    Flip(usize, u8),
    Cut(usize),
    Zero(usize, usize),
    Grow(Vec<u8>),
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (any::<usize>(), 0..8_u8).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        any::<usize>().prop_map(Harm::Cut),
        (any::<usize>(), 1..2000_usize).prop_map(|(at, len)| Harm::Zero(at, len)),
        prop::collection::vec(any::<u8>(), 1..600).prop_map(Harm::Grow),
    ]
}

#[test]
fn a_damaged_snapshot_is_none_or_the_same_bytes() {
    let dir = quick_dir();
    let mut dice = Dice(231);
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let room = room_of(&log, "cardiology", &mut dice, 3);
    proptest!(ProptestConfig::with_cases(400), |(state in prop::collection::vec(any::<u8>(), 0..3000), harm in harm())| {
        let snapshot = of(&room, 2, &state);
        prop_assert!(save(&log, &room, &snapshot));
        let path = file(&dir);
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        match &harm {
            Harm::Flip(at, bit) => {
                let at = at % bytes.len();
                bytes[at] ^= 1 << bit;
            }
            Harm::Cut(at) => bytes.truncate(at % bytes.len()),
            Harm::Zero(at, len) => {
                let at = at % bytes.len();
                let end = (at + len).min(bytes.len());
                bytes[at..end].fill(0);
            }
            Harm::Grow(more) => bytes.extend_from_slice(more),
        }
        fs::write(&path, &bytes).unwrap();
        let expected = (bytes == whole).then_some(snapshot);
        prop_assert_eq!(load(&log, &room), expected);
    });
    close(log);
}

#[test]
fn the_index_of_mids_goes_into_bytes_and_back() {
    let mut dice = Dice(241);
    let mut index = MidIndex::new();
    let mids: Vec<_> = (0..5000).map(|_| dice.mid()).collect();
    mids[..4900].iter().for_each(|mid| index.seed(*mid));
    for (seq, mid) in (4901..).zip(&mids[4900..]) {
        let row = wardroom::domain::Row {
            position: Position::new(1, seq),
            at: seq,
            by: "dr-synthetic".parse().unwrap(),
            submit: [0; 32],
            topic: None,
            status: wardroom::domain::Status::Act,
            what: wardroom::domain::What::Act,
        };
        index.note(*mid, row, seq);
    }
    let bytes = index.encode();
    println!("{} mids in {} bytes", mids.len(), bytes.len());
    let again = MidIndex::decode(&bytes).unwrap();
    assert!(mids.iter().all(|mid| again.find(mid) == Found::AskStore), "none is missed");
    let strangers = (0..5000).filter(|_| again.find(&dice.mid()) != Found::Absent).count();
    println!("of 5000 strangers, {strangers} look known");
    assert!(strangers < 500);
    for cut in [0, 3, 5, 1000, bytes.len() - 1] {
        assert!(MidIndex::decode(&bytes[..cut]).is_none(), "{cut}");
    }
    assert!(MidIndex::decode(&[bytes, vec![0]].concat()).is_none());
}
