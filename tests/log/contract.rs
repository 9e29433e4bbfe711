//! One contract for the log on disk and its twin in memory, against a model.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wardroom::domain::{Row, Rows, reindex};
use wardroom::entry::{self, Words};
use wardroom::log::{Budget, Health, Log, Slice, verify};
use wardroom_protocol::ids::{LogName, Mid};

use crate::world::{Author, Dice, ask, close, read, small, topic};

const ROOMS: [&str; 4] = ["cardiology", "cardiology/moderators", "cardio", "~directory"];

/// What happens, in order: the room, whether it is a redaction, a size.
type Acts = Vec<(usize, bool, usize)>;

fn acts() -> impl Strategy<Value = Acts> {
    prop::collection::vec((0..ROOMS.len(), prop::bool::weighted(0.2), 1..3000_usize), 1..120)
}

fn perform(log: &Log, seed: u64, acts: &Acts) -> Vec<Author> {
    let mut dice = Dice(seed | 1);
    let mut rooms: Vec<Author> = ROOMS.map(Author::new).into();
    for &(at, redacts, size) in acts {
        let room = &mut rooms[at];
        let messages: Vec<u64> = room
            .records
            .iter()
            .filter(|record| record.header.n.is_some() && record.words != Words::Erased)
            .map(|record| record.header.position.seq)
            .collect();
        if room.head() == 0 {
            room.create(log, &mut dice);
        } else if redacts && !messages.is_empty() {
            let seq = messages[size % messages.len()];
            room.redact(log, &mut dice, seq);
        } else {
            room.post(log, &mut dice, size);
        }
        assert_eq!(log.health(), Health::Ready);
    }
    rooms.iter().for_each(Author::stored);
    rooms
}

/// The rows that follow from a room's entries.
fn rows_of(room: &Author) -> BTreeMap<Mid, Row> {
    let mut rows = BTreeMap::<Mid, Row>::new();
    for record in &room.records {
        let event = entry::event(&record.header).unwrap().unwrap();
        let mut known = Rows::default();
        if let Some(target) = event.target() {
            known.insert(target, rows.get(&target).cloned());
        }
        rows.extend(reindex(&event, &record.header.meta(), &known));
    }
    rows
}

fn check(log: &Log, rooms: &[Author], dice: &mut Dice) {
    let mut names: Vec<LogName> =
        rooms.iter().filter(|room| room.head() > 0).map(|room| room.name.clone()).collect();
    names.sort();
    assert_eq!(ask(log, |reader| reader.logs().unwrap()), names);
    for room in rooms {
        check_room(log, room, dice);
    }
}

fn check_room(log: &Log, room: &Author, dice: &mut Dice) {
    let all = room.records.clone();
    let name = room.name.clone();
    let head = room.head();
    assert_eq!(read(log, &name), (all.clone(), vec![]));
    let (after, upto) = (dice.below(130) as u64, dice.below(130) as u64);
    let entries = 1 + dice.below(20);
    let bytes = 1 + entries * 397;
    ask(log, move |reader| {
        let budget = Budget { entries, bytes: usize::MAX };
        let within = |from: u64, to: u64| -> Vec<_> {
            all.iter()
                .filter(|record| (from..=to).contains(&record.header.position.seq))
                .cloned()
                .collect()
        };
        let whole = |records: Vec<_>| Slice { records, holes: vec![] };
        let mut ahead = within(after + 1, upto);
        ahead.truncate(entries);
        assert_eq!(reader.forward(&name, after, upto, budget).unwrap(), whole(ahead));
        let mut back = within(1, upto.saturating_sub(1));
        back.drain(..back.len().saturating_sub(entries));
        assert_eq!(reader.backward(&name, upto, budget).unwrap(), whole(back));
        // A budget of bytes cuts the answer short and says nothing of what lies beyond.
        let budget = Budget { entries: usize::MAX, bytes };
        let cut = reader.forward(&name, after, upto, budget).unwrap();
        let ahead = within(after + 1, upto);
        assert_eq!(cut.holes, vec![]);
        assert_eq!(cut.records, ahead[..cut.records.len()]);
        assert_eq!(cut.records.is_empty(), ahead.is_empty());
        let cut = reader.backward(&name, upto, budget).unwrap();
        let back = within(1, upto.saturating_sub(1));
        assert_eq!(cut.holes, vec![]);
        assert_eq!(cut.records, back[back.len() - cut.records.len()..]);
        assert_eq!(cut.records.is_empty(), back.is_empty());
        // At least one, however small the budget.
        let tiny = Budget { entries: 5, bytes: 1 };
        let one = reader.forward(&name, 0, u64::MAX, tiny).unwrap();
        assert_eq!(one.records, all.first().cloned().into_iter().collect::<Vec<_>>());

        let found = reader.head(&name).unwrap();
        assert_eq!(found.map_or(0, |found| found.position.seq), head);
        if let Some(found) = found {
            let last = all.last().unwrap();
            assert_eq!(found.link, wardroom::log::record::encode_header(&last.header).link());
            assert_eq!(found.at, last.header.at);
            if !name.as_str().starts_with('~') {
                assert_eq!(
                    found.n,
                    all.iter().rev().find_map(|record| record.header.n).unwrap_or(0)
                );
            }
        }
        let first = all.first().map(|record| record.header.position);
        assert_eq!(reader.first(&name).unwrap(), first);
    });
    check_plain(log, room, (after, upto), Budget { entries, bytes });
    check_index(log, room, dice, (after, upto));
}

/// What is shown as it lies is what stands there, up to the first entry that is not whole.
fn check_plain(log: &Log, room: &Author, (after, upto): (u64, u64), budget: Budget) {
    let all = room.records.clone();
    let name = room.name.clone();
    ask(log, move |reader| {
        let mut expected = after;
        reader.plain(&name, after, upto, budget, &mut |plain| {
            expected += 1;
            let record = &all[usize::try_from(expected).unwrap() - 1];
            let (header, shown) = (&record.header, &plain.outline);
            assert_eq!(
                (shown.log, shown.by, shown.op),
                (name.as_str(), header.by.as_str(), &*header.op)
            );
            assert_eq!((shown.position, shown.at, shown.n), (header.position, header.at, header.n));
            assert_eq!((shown.mid, shown.facts), (header.mid, &header.facts[..]));
            assert_eq!((plain.words.key, plain.words.nonce), (header.key, &header.nonce));
            match &record.words {
                Words::Sealed(bytes) => assert_eq!(plain.words.bytes, bytes),
                Words::None => assert_eq!(plain.words.bytes, b""),
                // Zeros do not open: whoever reads stops here.
                Words::Erased => return false,
            }
            true
        });
        let first = usize::try_from(after).unwrap();
        let lies_whole = all.get(first).is_some_and(|record| record.words != Words::Erased);
        // One that is erased may be shown, to be refused, or not.
        assert!(expected > after || after >= upto || !lies_whole, "at least one is shown");
    });
}

fn check_index(log: &Log, room: &Author, dice: &mut Dice, (after, upto): (u64, u64)) {
    let all = room.records.clone();
    let name = room.name.clone();
    let rows = rows_of(room);
    let head = room.head();
    let stranger = dice.mid();
    ask(log, move |reader| {
        for (mid, row) in &rows {
            assert_eq!(reader.row(&name, mid).unwrap().as_ref(), Some(row));
        }
        assert_eq!(reader.row(&name, &stranger).unwrap(), None);
        for number in 1..=3 {
            let filed: Vec<u64> = all
                .iter()
                .filter(|record| {
                    let event = entry::event(&record.header).unwrap().unwrap();
                    let seq = record.header.position.seq;
                    event.topic() == Some(topic(number)) && seq > after && seq <= upto
                })
                .map(|record| record.header.position.seq)
                .collect();
            let few =
                |seqs: &mut dyn Iterator<Item = &u64>| seqs.take(4).copied().collect::<Vec<_>>();
            let asked =
                |newest| reader.topic(&name, &topic(number), after, upto, 4, newest).unwrap();
            assert_eq!(asked(false), few(&mut filed.iter()));
            assert_eq!(asked(true), few(&mut filed.iter().rev()));
        }
        let wanted: Vec<u64> = (1..=head).step_by(3).collect();
        let got = reader.get(&name, &wanted).unwrap();
        assert_eq!(
            got.records.iter().map(|record| record.header.position.seq).collect::<Vec<_>>(),
            wanted
        );
        assert_eq!(reader.get(&name, &[head + 1]).unwrap().holes, [(head + 1, head + 1)]);
        for record in &all {
            if let Some(n) = record.header.n {
                let seq = Some(record.header.position.seq);
                assert_eq!(reader.seq_of_ordinal(&name, n).unwrap(), seq);
            }
        }
        assert_eq!(reader.seq_of_ordinal(&name, head + 1).unwrap(), None);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn both_twins_keep_the_contract(acts in acts(), seed in any::<u64>()) {
        let mut dice = Dice(seed | 1);
        let log = Log::ephemeral();
        let rooms = perform(&log, seed, &acts);
        check(&log, &rooms, &mut dice);
        close(log);

        let dir = tempfile::tempdir().unwrap();
        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        prop_assert!(recovery.findings.is_empty());
        let rooms = perform(&log, seed, &acts);
        check(&log, &rooms, &mut dice);
        close(log);
        let report = verify(dir.path()).unwrap();
        prop_assert!(report.ok(), "{}", report);
        let (log, recovery) = Log::open(dir.path(), small()).unwrap();
        prop_assert!(recovery.findings.is_empty(), "{:?}", recovery.findings);
        prop_assert_eq!(recovery.replayed, 0, "a clean stop leaves nothing to replay");
        check(&log, &rooms, &mut dice);
        close(log);
    }
}

#[test]
fn a_closed_log_refuses_and_closing_again_is_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    let mut dice = Dice(5);
    let mut room = Author::new("cardiology");
    room.create(&log, &mut dice);
    let other = log.clone();
    close(log);
    assert_eq!(room.progress.synced(), 1, "what was queued is written");
    assert_eq!(room.progress.stored(), 1);
    let record = room.posting(&mut dice, 10);
    assert_eq!(room.append(&other, record), Err(wardroom::log::Unavailable::Closed));
    assert_eq!(other.health(), Health::Failed);
    // The directory is free although a handle lives on.
    let (again, _) = Log::open(dir.path(), small()).unwrap();
    assert_eq!(read(&again, &room.name).0, room.records);
    close(other);
    close(again);
}
