//! What an author was told, and what stands.

use super::*;

#[test]
fn a_post_of_unknown_outcome_stands_once_or_not_at_all() {
    for (stands, doubled) in [(0, 0), (1, 0), (2, 1)] {
        let mut history = History::said(1);
        let mid = history.mids[0];
        history.oracle.unknown(mid);
        let frames: Vec<String> = (1..=stands).map(|seq| frame(ROOM, seq, mid)).collect();
        history.read(&frames);
        let faults = history.verdict();
        assert_eq!(faults.count(Fault::Doubled), doubled, "{stands}: {:?}", faults.examples());
        assert!(doubled > 0 || faults.total() == 0, "{stands}: {:?}", faults.examples());
    }
}

#[test]
fn a_retry_is_answered_as_the_first_time() {
    let again = |position: Position, duplicate: bool| {
        let mut history = History::of(2);
        let frames = history.frames.clone();
        history.read(&frames);
        history.oracle.acknowledged(history.mids[0], position, duplicate);
        history.verdict()
    };
    assert_eq!(found(&again(at(1), true)), []);
    assert_eq!(found(&again(at(1), false)), [(Fault::Doubled, 1)], "written again, it says");
    let elsewhere = again(at(2), true);
    assert_eq!(found(&elsewhere), [(Fault::LostAck, 1), (Fault::Doubled, 1)]);
}

#[test]
fn a_refusal_that_is_taken_back_is_found() {
    let mut history = History::said(1);
    let frames = history.frames.clone();
    history.oracle.refused(history.mids[0]);
    history.oracle.acknowledged(history.mids[0], at(1), false);
    history.read(&frames);
    assert_eq!(found(&history.verdict()), [(Fault::Doubled, 1)]);
}

#[test]
fn an_unknown_outcome_is_settled_by_the_next_answer() {
    let mut history = History::said(1);
    let frames = history.frames.clone();
    history.oracle.unknown(history.mids[0]);
    history.oracle.acknowledged(history.mids[0], at(1), true);
    history.read(&frames);
    assert_eq!(found(&history.verdict()), []);
}

#[test]
fn an_answer_that_nobody_waits_for_is_foreign() {
    let mut history = History::said(0);
    history.oracle.acknowledged(Mid::fresh(), at(1), false);
    assert_eq!(found(&history.verdict()), [(Fault::Foreign, 1)]);
}

#[test]
fn what_is_no_entry_of_v1_is_foreign() {
    let mut history = History::of(1);
    let frames = history.frames.clone();
    history.read(&frames);
    let mut reader = Reader::new(history.room, Position::ZERO);
    history.oracle.delivered(&mut reader, r#"{"room":"made-by-hand","seq":1}"#);
    assert_eq!(found(&history.verdict()), [(Fault::Foreign, 1)]);

    // With a head, and nothing behind it that could be read.
    let mut history = History::said(0);
    let torn = format!(r#"{{"room":"{ROOM}","epoch":{EPOCH},"seq":1,"n":1}}"#);
    history.read([&torn]);
    assert_eq!(found(&history.verdict()), [(Fault::Foreign, 1)]);
}
