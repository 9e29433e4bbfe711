//! Plays `protocol/vectors/fold.json`: logs, and what is to be shown of them. The server's fold and the
//! web client's play the same file.
#![allow(
    clippy::unwrap_used,
    reason = "a vector that does not read has failed, and the panic says where"
)]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use wardroom_client::protocol::history::History;
use wardroom_client::protocol::ids::LogName;
use wardroom_client::protocol::message::Reaction;
use wardroom_client::{Message, Question, Stand, Timeline, Unread};

fn vectors() -> Vec<Value> {
    let file = include_str!("../../../protocol/vectors/fold.json");
    let file: Value = serde_json::from_str(file).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

fn page(entries: &[&str]) -> History {
    let position = json!({"epoch": 1, "seq": 9});
    let page = format!(
        r#"{{"entries":[{}],"position":{position},"first":{position},"more":true}}"#,
        entries.join(",")
    );
    serde_json::from_str(&page).unwrap()
}

fn timeline() -> Timeline {
    Timeline::new("cardiology".parse::<LogName>().unwrap())
}

/// The seq of the entry that says this.
fn said_by(body: &str, entries: &[&str]) -> u64 {
    let parsed = entries.iter().map(|entry| serde_json::from_str::<Value>(entry).unwrap());
    let mut said = parsed.filter(|entry| entry["w"]["body"] == body);
    said.next().expect("a text that an entry has")["seq"].as_u64().unwrap()
}

fn message(message: &Message<'_>, entries: &[&str]) -> Value {
    let reactions: BTreeMap<_, _> = message
        .reactions()
        .map(|(word, who)| (serde_json::to_value::<Reaction>(word).unwrap(), who))
        .map(|(word, who)| (word.as_str().unwrap().to_owned(), json!(who)))
        .collect();
    let mut shown = json!({
        "seq": message.seq(),
        "topic": message.topic(),
        "stand": match message.stand() {
            Stand::Shown => "shown",
            Stand::Retracted => "retracted",
            Stand::Hidden => "hidden",
        },
        "erased": message.is_erased(),
        "words": message.body().map(|body| said_by(body, entries)),
        "reactions": reactions,
        "acks": message.acks().collect::<Vec<_>>(),
    });
    if let Some(question) = message.question() {
        shown["question"] = match question {
            Question::Open => "open".into(),
            Question::NeedsInfo => "needs_info".into(),
            Question::Answered(answer) => {
                shown["answer"] = json!(answer);
                "answered".into()
            }
        };
    }
    shown
}

fn shown(timeline: &Timeline, entries: &[&str]) -> Value {
    let topics = timeline.topics().map(|topic| {
        let mut shown = Map::new();
        shown.insert("topic".into(), json!(topic.id));
        shown.insert("name".into(), json!(topic.name));
        shown.insert("resolved".into(), topic.resolved.into());
        if let Some(into) = topic.merged_into {
            shown.insert("merged_into".into(), json!(into));
        }
        Value::Object(shown)
    });
    json!({
        "messages": timeline.messages().map(|it| message(&it, entries)).collect::<Vec<_>>(),
        "pins": timeline.pins().iter().map(Message::seq).collect::<Vec<_>>(),
        "topics": topics.collect::<Vec<_>>(),
    })
}

#[test]
fn a_timeline_shows_what_the_vectors_say() {
    let vectors = vectors();
    assert!(vectors.len() >= 80);
    for vector in &vectors {
        let entries: Vec<&str> =
            vector["entries"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        // As they come; the newest first; and every one of them twice.
        let forth = entries.iter().copied();
        let orders: [Vec<&str>; 3] = [
            forth.clone().collect(),
            forth.clone().rev().collect(),
            forth.clone().chain(forth.rev()).collect(),
        ];
        for (order, entries_in_order) in orders.iter().enumerate() {
            let mut timeline = timeline();
            for entry in entries_in_order {
                timeline.page(&page(&[entry]));
            }
            let shown = shown(&timeline, &entries);
            assert_eq!(shown, vector["expect"], "{} (order {order})", vector["name"]);
        }
    }
}

#[test]
fn unread_counts_messages_under_the_topics_where_the_vectors_put_them() {
    for vector in &vectors() {
        let entries: Vec<&str> =
            vector["entries"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        for backwards in [false, true] {
            let (mut timeline, mut unread) = (timeline(), Unread::new());
            let mut order = entries.clone();
            if backwards {
                order.reverse();
            }
            for entry in order {
                let changed = timeline.page(&page(&[entry]));
                unread.place(&timeline, &changed);
            }
            let mut expected = BTreeMap::<String, u64>::new();
            for message in vector["expect"]["messages"].as_array().unwrap() {
                *expected.entry(message["topic"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            let counted: BTreeMap<String, u64> =
                unread.topics().map(|(topic, count)| (topic.to_string(), count)).collect();
            assert_eq!(counted, expected, "{} (backwards: {backwards})", vector["name"]);
            assert_eq!(unread.unplaced(), 0);
        }
    }
}
