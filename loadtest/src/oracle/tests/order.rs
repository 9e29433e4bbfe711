//! Places: an author's order, epochs, and seqs that are not there.

use super::*;

#[test]
fn an_authors_posts_the_other_way_round_are_an_order_break() {
    let mut history = History::said(2);
    let turned = [history.mids[1], history.mids[0]];
    let frames = turned.iter().zip(1_u64..).map(|(mid, seq)| {
        history.oracle.acknowledged(*mid, at(seq), false);
        frame(ROOM, seq, *mid)
    });
    let frames: Vec<String> = frames.collect();
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Order, 1)]);
}

/// Neither reader sees it: one stops before, the other begins behind.
#[test]
fn an_epoch_that_falls_between_two_readers_breaks_the_order() {
    for (fallen, expected) in [(EPOCH - 1, vec![(Fault::Order, 1)]), (EPOCH + 1, vec![])] {
        let History { mut oracle, room, mut frames, mids } = History::of(2);
        let second = Position::new(fallen, 2);
        oracle.posts.get_mut(&mids[1]).expect("it was said").told = Told::Acknowledged(second);
        frames[1] = frames[1].replace(&EPOCH.to_string(), &fallen.to_string());
        for (frame, after, upto) in
            [(&frames[0], Position::ZERO, 1), (&frames[1], Position::new(fallen, 1), 2)]
        {
            let mut reader = Reader::new(room, after);
            oracle.delivered(&mut reader, frame);
            oracle.done(reader, upto);
        }
        assert_eq!(found(&oracle.verdict(true)), expected, "from {EPOCH} to {fallen}");
    }
}

/// Its reader sees it, and so does the verdict over the room.
#[test]
fn an_epoch_that_falls_before_a_readers_eyes_breaks_the_order() {
    let mut history = History::said(2);
    let mut frames = history.frames.clone();
    frames[1] = frames[1].replace(&EPOCH.to_string(), &(EPOCH - 1).to_string());
    history.oracle.acknowledged(history.mids[0], at(1), false);
    history.oracle.acknowledged(history.mids[1], Position::new(EPOCH - 1, 2), false);
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Order, 2)]);
}

/// No reader misses it: one stops before, the other begins behind, and nobody was told of what stood there.
#[test]
fn a_seq_that_nobody_ever_saw_is_a_hole() {
    for (rooms_read, expected) in [(true, vec![(Fault::Hole, 1)]), (false, vec![])] {
        let History { mut oracle, room, frames, mids } = History::said(3);
        oracle.acknowledged(mids[0], at(1), false);
        oracle.unknown(mids[1]);
        oracle.acknowledged(mids[2], at(3), false);
        for (seen, after, upto) in [(0, Position::ZERO, 1), (2, at(2), 3)] {
            let mut reader = Reader::new(room, after);
            oracle.delivered(&mut reader, &frames[seen]);
            oracle.done(reader, upto);
        }
        assert_eq!(found(&oracle.verdict(rooms_read)), expected);
    }
}

#[test]
fn a_gap_too_long_to_remember_counts_every_entry() {
    let mut faults = Faults::default();
    let mut reader = Reader::new(RoomIndex(0), Position::ZERO);
    reader.take(at(20_001), &mut faults);
    reader.finish(20_001, &mut faults);
    assert_eq!(found(&faults), [(Fault::Gap, 20_000)]);
}
