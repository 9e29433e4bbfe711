//! The oracle must fail on histories that are wrong: each test breaks one by hand.

mod answers;
mod order;

use super::*;

const ROOM: &str = "made-by-hand";
const EPOCH: u64 = 1_700_000_000;

/// A history of some posts, all well: (frames by seq, mids by seq).
struct History {
    oracle: Oracle,
    room: RoomIndex,
    frames: Vec<String>,
    mids: Vec<Mid>,
}

fn frame(room: &str, seq: u64, mid: Mid) -> String {
    format!(
        r#"{{"room":"{room}","epoch":{EPOCH},"seq":{seq},"n":{seq},"at":1,"by":{{"id":"a"}},"op":"message.posted","mid":"{mid}","d":{{}},"w":{{"card":{{"name":"A"}},"topic":"Load","body":"{}"}}}}"#,
        words::body(mid, 20)
    )
}

fn at(seq: u64) -> Position {
    Position::new(EPOCH, seq)
}

impl History {
    /// Said, and not answered yet.
    fn said(posts: u64) -> Self {
        let mut oracle = Oracle::default();
        let room = oracle.room(ROOM);
        let mids: Vec<Mid> = (0..posts).map(|_| Mid::fresh()).collect();
        for mid in &mids {
            oracle.said(room, *mid, 20);
        }
        let numbered = mids.iter().zip(1_u64..);
        let frames = numbered.map(|(mid, seq)| frame(ROOM, seq, *mid)).collect();
        Self { oracle, room, frames, mids }
    }

    fn of(posts: u64) -> Self {
        let mut history = Self::said(posts);
        for (mid, seq) in history.mids.iter().zip(1_u64..) {
            history.oracle.acknowledged(*mid, at(seq), false);
        }
        history
    }

    fn read<'a>(&mut self, frames: impl IntoIterator<Item = &'a String>) {
        let mut reader = Reader::new(self.room, Position::ZERO);
        for frame in frames {
            self.oracle.delivered(&mut reader, frame);
        }
        let upto = self.oracle.head(self.room);
        self.oracle.done(reader, upto);
    }

    fn verdict(self) -> Faults {
        self.oracle.verdict(true)
    }
}

/// The faults that are not none.
fn found(faults: &Faults) -> Vec<(Fault, u64)> {
    let all = Fault::ALL.into_iter().map(|kind| (kind, faults.count(kind)));
    all.filter(|(_, count)| *count > 0).collect()
}

#[test]
fn a_history_without_fault_has_none() {
    let mut history = History::of(5);
    let frames = history.frames.clone();
    history.read(&frames);
    history.read(&frames);
    assert_eq!(found(&history.verdict()), []);
}

#[test]
fn a_drop_in_the_middle_is_a_gap() {
    let mut history = History::of(5);
    let frames = history.frames.clone();
    history.read(&frames);
    history.read(frames.iter().take(2).chain(&frames[3..]));
    assert_eq!(found(&history.verdict()), [(Fault::Gap, 1)]);
}

#[test]
fn a_drop_at_the_end_is_a_gap() {
    let mut history = History::of(5);
    let frames = history.frames.clone();
    history.read(&frames);
    history.read(&frames[..3]);
    assert_eq!(found(&history.verdict()), [(Fault::Gap, 2)]);
}

#[test]
fn a_swap_is_an_order_break() {
    let mut history = History::of(5);
    let mut frames = history.frames.clone();
    history.read(&frames);
    frames.swap(1, 2);
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Order, 1)]);
}

#[test]
fn a_double_is_a_duplicate() {
    let mut history = History::of(5);
    let mut frames = history.frames.clone();
    frames.insert(3, frames[2].clone());
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Duplicate, 1)]);
}

#[test]
fn an_entry_that_nobody_said_is_foreign() {
    let mut history = History::of(5);
    let mut frames = history.frames.clone();
    frames.push(frame(ROOM, 6, Mid::fresh()));
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Foreign, 1)]);
}

#[test]
fn an_entry_of_another_room_is_foreign() {
    let mut history = History::of(5);
    let mut frames = history.frames.clone();
    frames.insert(2, frame("somewhere-else", 3, history.mids[2]));
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Foreign, 1)]);
}

#[test]
fn a_lost_ack_is_found_in_all_its_forms() {
    // Acknowledged, and nobody ever saw it, though the reader was told that it has everything.
    let mut history = History::of(5);
    let frames = history.frames.clone();
    let mut reader = Reader::new(history.room, Position::ZERO);
    for frame in &frames[..4] {
        history.oracle.delivered(&mut reader, frame);
    }
    history.oracle.done(reader, 4);
    assert_eq!(found(&history.verdict()), [(Fault::LostAck, 1), (Fault::Hole, 1)]);

    // Acknowledged at one place, standing at another.
    let mut history = History::of(2);
    let swapped = [frame(ROOM, 1, history.mids[1]), frame(ROOM, 2, history.mids[0])];
    history.read(&swapped);
    assert_eq!(found(&history.verdict()), [(Fault::Order, 1), (Fault::LostAck, 2)]);

    // Never answered.
    let mut history = History::of(1);
    let frames = history.frames.clone();
    history.read(&frames);
    history.oracle.said(history.room, Mid::fresh(), 20);
    assert_eq!(history.oracle.unanswered(), 1);
    assert_eq!(found(&history.verdict()), [(Fault::Unanswered, 1)]);
}

#[test]
fn one_mid_at_two_places_is_doubled() {
    let mut history = History::of(2);
    let mut frames = history.frames.clone();
    frames.push(frame(ROOM, 3, history.mids[1]));
    history.read(&frames);
    let faults = history.verdict();
    assert_eq!((faults.count(Fault::Doubled), faults.count(Fault::LostAck)), (1, 1));
}

#[test]
fn a_refused_post_must_not_stand() {
    let mut history = History::of(2);
    let frames = history.frames.clone();
    history.oracle.refused(history.mids[1]);
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Foreign, 1)]);
}

#[test]
fn other_bytes_for_one_member_are_found() {
    let mut history = History::of(3);
    let frames = history.frames.clone();
    history.read(&frames);
    let mut other = frames;
    other[1] = other[1].replace(r#""at":1"#, r#""at":2"#);
    history.read(&other);
    assert_eq!(found(&history.verdict()), [(Fault::Bytes, 1)]);
}

#[test]
fn other_words_for_everybody_are_found() {
    let mut history = History::of(3);
    let mut frames = history.frames.clone();
    frames[1] = frames[1].replace(&words::body(history.mids[1], 20), "something else");
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Bytes, 1)]);
}

#[test]
fn a_late_reader_owes_nothing_of_before_and_a_resumed_one_everything_between() {
    let mut history = History::of(5);
    let frames = history.frames.clone();
    history.read(&frames);
    let mut late = Reader::new(history.room, at(3));
    history.oracle.delivered(&mut late, &frames[3]);
    assert_eq!(late.position(), at(4));
    history.oracle.delivered(&mut late, &frames[4]);
    history.oracle.done(late, 5);
    let mut torn = Reader::new(history.room, at(1));
    history.oracle.delivered(&mut torn, &frames[1]);
    // It reconnects, and the server leaves out the third.
    history.oracle.delivered(&mut torn, &frames[3]);
    history.oracle.delivered(&mut torn, &frames[4]);
    history.oracle.done(torn, 5);
    assert_eq!(found(&history.verdict()), [(Fault::Gap, 1)]);
}

#[test]
fn an_admitted_gap_counts() {
    let mut history = History::of(1);
    let frames = history.frames.clone();
    history.read(&frames);
    history.oracle.admitted_gap(|| "the server said so".to_owned());
    let faults = history.verdict();
    assert_eq!(found(&faults), [(Fault::Gap, 1)]);
    assert_eq!(faults.examples(), ["the server said so"]);
}

/// The frame of a post whose words are gone.
fn erased(seq: u64, mid: Mid) -> String {
    let whole = frame(ROOM, seq, mid);
    let (facts, _) = whole.split_once(r#","w":"#).expect("it has words");
    format!("{facts},\"erased\":true}}")
}

#[test]
fn an_erased_entry_is_the_same_entry_without_its_words() {
    let mut history = History::of(5);
    let frames = history.frames.clone();
    history.read(&frames);
    let (act, of) = (Mid::fresh(), history.mids[2]);
    history.oracle.erases(history.room, act, of);
    let mut after = frames.clone();
    after[2] = erased(3, of);
    // Until it is acknowledged, and until all is settled, both forms are right.
    history.read(&frames);
    history.read(&after);
    history.oracle.acknowledged(act, at(6), false);
    history.oracle.erased(of);
    history.oracle.settle();
    let redacted = format!(
        r#"{{"room":"{ROOM}","epoch":{EPOCH},"seq":6,"at":1,"by":{{"id":"a"}},"op":"message.redacted","mid":"{act}","d":{{"of":"{of}"}}}}"#
    );
    after.push(redacted);
    history.read(&after);
    assert_eq!(found(&history.verdict()), []);
}

#[test]
fn words_that_come_again_after_their_erasure_are_a_finding() {
    let mut history = History::of(3);
    let frames = history.frames.clone();
    history.read(&frames);
    let (act, of) = (Mid::fresh(), history.mids[1]);
    history.oracle.erases(history.room, act, of);
    history.oracle.erased(of);
    history.oracle.refused(act);
    history.oracle.settle();
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Bytes, 1)]);
}

#[test]
fn an_entry_that_nobody_erased_may_not_lose_its_words() {
    let mut history = History::of(3);
    let frames = history.frames.clone();
    history.read(&frames);
    let mut after = frames.clone();
    after[1] = erased(2, history.mids[1]);
    history.read(&after);
    assert_eq!(found(&history.verdict()), [(Fault::Bytes, 1)]);
}

#[test]
fn only_whole_acknowledged_posts_are_erased() {
    let mut history = History::of(3);
    let frames = history.frames.clone();
    let mut random = crate::random::Random::new(1);
    assert_eq!(history.oracle.some_post(history.room, &mut random), None, "nobody saw any");
    history.read(&frames);
    for _ in 0..3 {
        let of = history.oracle.some_post(history.room, &mut random).expect("one is left");
        history.oracle.erases(history.room, Mid::fresh(), of);
    }
    assert_eq!(history.oracle.some_post(history.room, &mut random), None, "all are gone");
}
