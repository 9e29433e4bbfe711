//! What a timeline shows follows from the entries it was given, in whatever order they came.

use proptest::prelude::*;
use serde_json::{Value, json};
use wardroom_protocol::history::History;
use wardroom_protocol::ids::{LogName, TopicId};

use super::Timeline;

fn log() -> LogName {
    "cardiology".parse().expect("a log")
}

fn mid(seq: u64) -> String {
    format!("00000000-0000-7000-8000-{seq:012}")
}

fn topic(number: u8) -> TopicId {
    TopicId::from_bytes([number % 5; 16])
}

/// The log that some picks make: each is an op, somebody, and two numbers to find what it is about.
fn entries(picks: &[(u8, u8, u8, u8)]) -> Vec<Value> {
    let mut log: Vec<Value> = Vec::new();
    let mut messages: Vec<u64> = Vec::new();
    let mut edits: Vec<u64> = Vec::new();
    for (index, &(what, who, of, other)) in picks.iter().enumerate() {
        let seq = index as u64 + 1;
        let pick = |of: u8, from: &[u64]| from.get(usize::from(of) % from.len().max(1)).copied();
        // Now and then about a message that this log does not have, as one that was lost.
        let target = pick(of, &messages).unwrap_or(1);
        let about = json!({"of": mid(target), "seq": target, "topic": topic(of)});
        let with = |field: &str, value: Value| {
            let mut facts = about.clone();
            facts[field] = value;
            facts
        };
        let word = ["agree", "thanks", "seen"][usize::from(other) % 3];
        let (op, facts, erased) = match what {
            0..=5 => {
                messages.push(seq);
                let kind = ["message", "question", "announcement"][usize::from(other) % 3];
                ("message.posted", json!({"topic": topic(of), "kind": kind}), other < 10)
            }
            6 | 7 => {
                edits.push(seq);
                ("message.edited", about, other < 10)
            }
            8 => ("message.retracted", about, false),
            9 => ("message.hidden", about, false),
            10 => ("message.redacted", about, false),
            11 => {
                let edit = pick(other, &edits).unwrap_or(target);
                let about = json!({"of": mid(edit), "seq": edit, "topic": topic(of)});
                ("message.redacted", about, false)
            }
            12 | 13 => ("message.reacted", with("reaction", word.into()), false),
            14 => ("message.unreacted", with("reaction", word.into()), false),
            15 => ("message.pinned", about, false),
            16 => ("message.unpinned", about, false),
            17 => ("announcement.acked", about, false),
            18 => ("answer.accepted", with("answer", mid(u64::from(other) + 1).into()), false),
            19 => {
                let state = if other % 2 == 0 { "open" } else { "needs_info" };
                ("question.marked", with("state", state.into()), false)
            }
            20 => ("topic.renamed", json!({"topic": topic(of), "alias": topic(other)}), false),
            21 => {
                let facts = json!({"topic": topic(of), "resolved": other.is_multiple_of(2)});
                ("topic.resolved", facts, false)
            }
            22 => ("topic.merged", json!({"topic": topic(of), "into": topic(other)}), false),
            23 => {
                let moved = json!([{"of": mid(target), "seq": target, "from": topic(of)}]);
                ("topic.moved", json!({"topic": topic(other), "messages": moved}), false)
            }
            _ => ("message.translated", about, false),
        };
        let mut entry = json!({
            "room": "cardiology", "epoch": 1, "seq": seq, "at": seq, "by": {"id": format!("p{}", who % 4)},
            "op": op, "mid": mid(seq), "d": facts,
        });
        if op == "message.posted" {
            entry["n"] = (messages.len() as u64).into();
        }
        if erased {
            entry["erased"] = true.into();
        } else {
            let card = json!({"name": "Robin Example"});
            let name = format!("Topic by {seq}");
            entry["w"] = json!({"card": card, "topic": name, "body": format!("text {seq}"), "reason": "why"});
        }
        log.push(entry);
    }
    log
}

fn page(entries: &[Value]) -> History {
    let position = json!({"epoch": 1, "seq": 1});
    let page = json!({"entries": entries, "position": position, "first": position, "more": true});
    serde_json::from_value(page).expect("a page")
}

fn fold(pages: &[&[Value]], capacity: usize) -> Timeline {
    let mut timeline = Timeline::with_capacity(log(), capacity);
    for entries in pages {
        timeline.page(&page(entries));
        assert!(timeline.weight <= capacity);
        let weight: usize = timeline.slots.values().map(super::Slot::weight).sum();
        assert_eq!(timeline.weight, weight);
    }
    timeline
}

fn picks() -> impl Strategy<Value = Vec<(u8, u8, u8, u8)>> {
    proptest::collection::vec((0..25_u8, any::<u8>(), any::<u8>(), any::<u8>()), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_pages_gives_the_same_state(
        picks in picks(),
        size in 1..20_usize,
        order in any::<u64>(),
        again in any::<prop::sample::Index>(),
        capacity in prop_oneof![Just(10_000_usize), 1..40_usize],
    ) {
        let log = entries(&picks);
        let forth: Vec<&[Value]> = log.chunks(size).collect();
        let expected = fold(&forth, capacity);
        let back: Vec<&[Value]> = forth.iter().rev().copied().collect();
        prop_assert_eq!(&fold(&back, capacity), &expected);
        // Any order, and a page of it twice.
        let mut mixed = forth.clone();
        mixed.push(forth[again.index(forth.len())]);
        let mut random = order;
        mixed.sort_by_cached_key(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            random >> 20
        });
        prop_assert_eq!(&fold(&mixed, capacity), &expected);
        // What is shown does not contradict itself.
        for message in expected.messages() {
            prop_assert!(!message.is_erased() || message.body().is_none());
            prop_assert_eq!(message.topic(), expected.topics.resolve(&message.topic()));
            prop_assert_eq!(expected.message(&message.mid()).map(|it| it.seq()), Some(message.seq()));
        }
        for topic in expected.topics() {
            let lead_on = expected.topics.resolve(&expected.topics.resolve(&topic.id));
            prop_assert_eq!(lead_on, expected.topics.resolve(&topic.id));
        }
    }
}

/// Erased words are forgotten, not only not shown.
#[test]
fn nothing_erased_is_held() {
    let post = (0, 0, 1, 99);
    let log =
        entries(&[post, (6, 0, 0, 99), (6, 0, 0, 99), (11, 0, 0, 0), (11, 0, 0, 1), (10, 0, 0, 0)]);
    for order in [log.clone(), log.into_iter().rev().collect()] {
        let timeline = fold(&[&order], 100);
        let slot = timeline.slots.get(&1).expect("the message");
        assert!(slot.erased && slot.post.as_ref().is_some_and(|post| post.words.is_none()));
        assert!(slot.edit.as_ref().is_some_and(|edit| edit.words.is_none()));
        assert!(!format!("{timeline:?}").contains("text"));
    }
}

#[test]
fn when_it_is_full_the_oldest_go_with_all_about_them() {
    let posts = [(0, 0, 1, 99); 6];
    let log = entries(&posts);
    let timeline = fold(&[&log], 4);
    assert_eq!(timeline.messages().map(|it| it.seq()).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert_eq!((timeline.floor(), timeline.seqs.len(), timeline.filed.len()), (3, 4, 1));
    // An older page finds no room.
    let mut timeline = timeline;
    assert!(timeline.page(&page(&log[..2])).messages.is_empty());
    assert_eq!(timeline.messages().count(), 4);
}

#[test]
fn what_is_off_the_line_is_dropped() {
    let log = entries(&[(0, 0, 1, 99); 3]);
    let mut timeline = fold(&[&log], 100);
    assert!(!timeline.rejoined(3, false).dropped);
    assert_eq!(timeline.messages().count(), 3);
    assert!(timeline.rejoined(2, false).dropped);
    assert_eq!(timeline.messages().count(), 0);
    assert!(!timeline.rejoined(0, true).dropped, "nothing was held");
}
