//! Plays `protocol/vectors/fold.json` on the server's fold. What the server does not keep, because
//! clients fold it alone (texts, reactions, who took note), is theirs to prove: `clients/rust` and
//! `clients/web/app` play the same file.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wardroom::domain::{LogState, Room, Row, Stand, question};
use wardroom::entry::{self, Header, NO_LINK};
use wardroom::room::Names;
use wardroom_protocol::envelope;
use wardroom_protocol::ids::{LogName, Mid};

use super::fold;

/// A log folded from the frames of its entries.
struct Played {
    state: LogState,
    rows: BTreeMap<Mid, Row>,
    names: Names,
}

fn header(entry: &envelope::Entry) -> Header {
    Header {
        log: entry.room.clone(),
        position: entry.position(),
        n: entry.n,
        at: entry.at,
        op: entry.op.as_str().into(),
        op_version: 1,
        // An op of a later version that may be folded as nothing.
        optional: true,
        mid: entry.mid,
        by: entry.by.id.clone(),
        submit: [7; 32],
        bumps: Vec::new(),
        head: None,
        was: None,
        facts: entry.d.get().as_bytes().to_vec().into(),
        key: 0,
        nonce: [0; 24],
        words_len: 0,
        words_hash: [0; 32],
        link: NO_LINK,
    }
}

fn play(entries: &[envelope::Entry]) -> Played {
    let log: LogName = "cardiology".parse().unwrap();
    let mut played =
        Played { state: LogState::empty(&log), rows: BTreeMap::new(), names: Names::default() };
    let mut erased: Vec<u64> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let header = header(entry);
        let Some(event) = entry::event(&header).unwrap() else {
            played.state.skip(&header.meta());
            continue;
        };
        fold(&mut played.state, &mut played.rows, &event, &header.meta());
        learn(&mut played.names, entry);
        if let Some(seq) = event.erases() {
            erased.push(seq);
            played.names.forget(seq, entry.seq);
            // Another entry may still hold a name that is lost, as an actor finds in the log.
            let lost = played.names.take_lost();
            let standing = entries[..index].iter().filter(|it| !erased.contains(&it.seq));
            standing.filter(|_| !lost.is_empty()).for_each(|it| learn(&mut played.names, it));
        }
    }
    played
}

fn learn(names: &mut Names, entry: &envelope::Entry) {
    let event = entry::event(&header(entry)).unwrap();
    let Some(event) = event.filter(|event| names.lacks(event)) else { return };
    let words = entry.w.as_ref().and_then(|words| Names::in_words(&event, words.get().as_bytes()));
    if let Some(name) = words {
        names.learn(&event, entry.seq, name);
    }
}

fn message(room: &Room, rows: &BTreeMap<Mid, Row>, row: &Row) -> Option<Value> {
    let facts = row.message()?;
    // What stands is the newest text, unless that one is erased.
    let newest =
        facts.edits.last().map_or((row, row.position.seq), |(mid, seq)| (&rows[mid], *seq));
    let words = (row.is_shown() && !newest.0.is_erased()).then_some(newest.1);
    let mut shown = json!({
        "seq": row.position.seq,
        "topic": room.topics.of(row.position.seq, &row.topic.unwrap()),
        "stand": match facts.stand {
            Stand::Shown => "shown",
            Stand::Retracted => "retracted",
            Stand::Hidden => "hidden",
            stand => panic!("{stand:?} in a room"),
        },
        "erased": row.is_erased() || newest.0.is_erased(),
        "words": words,
    });
    if facts.kind == wardroom::domain::Kind::Question {
        shown["question"] = match facts.question {
            question::State::Open => "open".into(),
            question::State::NeedsInfo => "needs_info".into(),
            question::State::Answered(answer) => {
                shown["answer"] = json!(answer);
                "answered".into()
            }
        };
    }
    Some(shown)
}

#[test]
fn the_server_folds_what_the_vectors_say() {
    let file = include_str!("../../../protocol/vectors/fold.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 80);
    for vector in vectors {
        let entries = vector["entries"].as_array().unwrap().iter();
        let entries: Vec<envelope::Entry> =
            entries.map(|entry| serde_json::from_str(entry.as_str().unwrap()).unwrap()).collect();
        let played = play(&entries);
        let LogState::Room(room) = &played.state else { unreachable!("a room") };
        let mut rows: Vec<&Row> = played.rows.values().collect();
        rows.sort_by_key(|row| row.position.seq);
        let mut topics: Vec<_> = room.topics.all.iter().collect();
        topics.sort_by_key(|(id, _)| **id);
        let topics = topics.into_iter().map(|(id, topic)| {
            let mut shown = Map::new();
            shown.insert("topic".into(), json!(id));
            shown.insert("name".into(), json!(played.names.topic(id).map(|name| &**name)));
            shown.insert("resolved".into(), topic.resolved.into());
            if let Some(into) = topic.merged_into {
                shown.insert("merged_into".into(), json!(into));
            }
            Value::Object(shown)
        });
        let shown = json!({
            "messages": rows.iter().filter_map(|row| message(room, &played.rows, row)).collect::<Vec<_>>(),
            "pins": room.pins.iter().map(|(_, seq)| *seq).collect::<Vec<_>>(),
            "topics": topics.collect::<Vec<_>>(),
        });
        assert_eq!(shown, kept(&vector["expect"]), "{}", vector["name"]);
    }
}

/// Of what is expected, what the server keeps.
fn kept(expected: &Value) -> Value {
    let mut kept = expected.clone();
    for message in kept["messages"].as_array_mut().unwrap() {
        let message = message.as_object_mut().unwrap();
        message.remove("reactions").unwrap();
        message.remove("acks").unwrap();
    }
    kept
}
