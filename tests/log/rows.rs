//! The rows of the index: a mend that writes entries back late leaves them as they were.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use wardroom::domain::message::{self, About};
use wardroom::domain::{Event, Row, moderation};
use wardroom::log::{Log, Options, verify};
use wardroom_protocol::ids::Mid;

use crate::gated_disk::{Gate, GatedDisk};
use crate::world::{Author, Dice, ask, close, copy_dir, quick_dir, read, small, topic};

/// Every mid of a room's log with its row.
fn rows(log: &Log, room: &Author) -> BTreeMap<Mid, Option<Row>> {
    let (name, mids) = (room.name.clone(), room.records.iter().map(|record| record.header.mid));
    let mids: Vec<_> = mids.collect();
    ask(log, move |reader| {
        mids.into_iter().map(|mid| (mid, reader.row(&name, &mid).unwrap())).collect()
    })
}

/// Each entry has its row, in its place.
pub(crate) fn assert_indexed(log: &Log, room: &Author, what: &str) {
    let rows = rows(log, room);
    for record in &room.records {
        let row = rows[&record.header.mid].as_ref();
        let position = row.map(|row| row.position);
        assert_eq!(position, Some(record.header.position), "{what}: {}", room.name);
    }
}

fn assert_same(before: &BTreeMap<Mid, Option<Row>>, now: &BTreeMap<Mid, Option<Row>>, what: &str) {
    for (mid, row) in before {
        assert_eq!(&now[mid], row, "{what}: {mid}");
    }
}

/// Does something about the message with this seq.
fn about(room: &mut Author, log: &Log, dice: &mut Dice, seq: u64, act: fn(About) -> Event) {
    let of = room.records[usize::try_from(seq).unwrap() - 1].header.mid;
    let event = act(About { of, seq, topic: topic(1) });
    let record = room.make(dice, &event, Some(b"synthetic".to_vec()));
    room.append(log, record).unwrap();
}

/// Messages in three segments; those of each are edited, hidden, taken back and erased in the ones behind it.
fn entangled(dir: &Path) -> Author {
    let mut dice = Dice(1401);
    let (log, _) = Log::open(dir, small()).unwrap();
    let mut room = Author::new("cardiology");
    room.create(&log, &mut dice);
    for round in 0..200_u64 {
        room.post(&log, &mut dice, 3_000);
        if round >= 70 && round % 7 == 0 {
            // Messages stand at odd places only by chance: look for one some way back.
            let back = room.head() - 60 - round % 13;
            let is_message = |seq: &u64| {
                let header = &room.records[usize::try_from(*seq).unwrap() - 1].header;
                matches!(
                    wardroom::entry::event(header),
                    Ok(Some(Event::Message(message::Event::Posted(_))))
                )
            };
            let seq = (2..=back).rev().find(is_message).unwrap();
            let edited = |about| Event::Message(message::Event::Edited(about));
            let retracted = |about| Event::Message(message::Event::Retracted(about));
            let hidden = |about| Event::Moderation(moderation::Event::Hidden(about));
            match round / 7 % 4 {
                0 => room.redact(&log, &mut dice, seq),
                1 => about(&mut room, &log, &mut dice, seq, edited),
                2 => about(&mut room, &log, &mut dice, seq, retracted),
                _ => about(&mut room, &log, &mut dice, seq, hidden),
            }
        }
        if round % 5 == 0 {
            room.synced();
        }
    }
    room.stored();
    close(log);
    room
}

#[test]
fn entries_written_back_late_have_the_rows_that_they_had() {
    let original = quick_dir();
    let room = entangled(original.path());
    let (log, _) = Log::open(original.path(), small()).unwrap();
    let before = rows(&log, &room);
    close(log);
    for (segment, in_place) in [(1, true), (2, true), (1, false), (2, false)] {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let file = dir.path().join(format!("journal/{segment:08}.seg"));
        fs::remove_file(&file).unwrap();
        for start in 0..4 {
            let what = format!("without segment {segment}, in place {in_place}, start {start}");
            let gate = Arc::new(Gate::default());
            if !in_place && start == 0 {
                // No segment can be made for them: they come behind all others.
                gate.refuse(&file.with_extension("new"));
            }
            let options = Options { disk: Arc::new(GatedDisk(gate)), ..small() };
            let (log, recovery) = Log::open(dir.path(), options).unwrap();
            let mended = if in_place { start == 0 } else { start <= 1 };
            assert_eq!(!recovery.findings.is_empty(), mended, "{what}: {:?}", recovery.findings);
            assert!(recovery.holes.is_empty(), "{what}: {:?}", recovery.holes);
            assert_same(&before, &rows(&log, &room), &what);
            assert!(read(&log, &room.name) == (room.records.clone(), vec![]), "{what}");
            if start == 2 {
                assert!(crate::world::block(log.rebuild_store()), "{what}");
                assert_same(&before, &rows(&log, &room), &format!("{what}, made anew"));
            }
            close(log);
        }
        let report = verify(dir.path()).unwrap();
        assert!(report.ok(), "{report}");
    }
}
