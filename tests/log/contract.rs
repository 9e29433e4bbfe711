//! One contract for the log on disk and its twin in memory, against a model.

use wardroom::log::{Budget, Log};

use crate::world::{Author, Dice, close, read, small};

#[test]
fn what_is_appended_is_read_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut dice = Dice(1);
    let mut rooms = [Author::new("cardiology"), Author::new("cardiology/moderators")];
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(recovery.findings.is_empty(), "{:?}", recovery.findings);
    for room in &mut rooms {
        room.create(&log, &mut dice);
        for _ in 0..700 {
            let len = dice.below(900);
            room.post(&log, &mut dice, len);
        }
        room.redact(&log, &mut dice, 5);
    }
    rooms.iter().for_each(Author::stored);
    for room in &rooms {
        assert_eq!(read(&log, &room.name), (room.records.clone(), vec![]));
    }
    close(log);
    let (log, recovery) = Log::open(dir.path(), small()).unwrap();
    assert!(recovery.findings.is_empty(), "{:?}", recovery.findings);
    assert_eq!(recovery.replayed, 0, "a clean stop leaves nothing to replay");
    for room in &rooms {
        assert_eq!(read(&log, &room.name), (room.records.clone(), vec![]));
    }
    let name = rooms[0].name.clone();
    let head = crate::world::ask(&log, move |reader| reader.head(&name).unwrap().unwrap());
    assert_eq!(head.position.seq, 702);
    let budget = Budget { entries: 10, bytes: usize::MAX };
    let name = rooms[0].name.clone();
    let slice = crate::world::ask(&log, move |reader| reader.backward(&name, 100, budget).unwrap());
    assert_eq!(slice.records, rooms[0].records[89..99]);
    close(log);
}
