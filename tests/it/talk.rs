//! What is done about messages, questions and topics, as a socket sees it.

use serde_json::{Value, json};

use crate::world::{Probe, World, grep, mid, post};

async fn next(probe: &mut Probe) -> Value {
    serde_json::from_str(&probe.entry().await).unwrap()
}

/// The body of an act about a message.
fn about(of: &str) -> Value {
    json!({ "room": "cardiology", "mid": mid(), "of": of })
}

fn with(mut body: Value, more: Value) -> Value {
    let Value::Object(more) = more else { unreachable!("an object") };
    body.as_object_mut().unwrap().extend(more);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_edits_and_retracts_and_readers_react() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let mut ben = node.probe(&world.token("ben", &[])).await;
    let of = mid();
    ana.ask("message.post", post("cardiology", "T", &of, "first words")).await.unwrap();
    ben.ask("join", json!({ "room": "cardiology" })).await.unwrap();

    let edit = with(about(&of), json!({ "body": "better words", "tags": ["a"] }));
    let refused = ben.ask("message.edit", edit.clone()).await.unwrap_err();
    assert_eq!((&refused["code"], &refused["field"]), (&json!("forbidden"), &json!("/d/of")));
    ana.ask("message.edit", edit.clone()).await.unwrap();
    let entry = next(&mut ben).await;
    assert_eq!((&entry["op"], &entry["d"]["of"]), (&json!("message.edited"), &json!(of)));
    assert_eq!((&entry["d"]["seq"], &entry["w"]["body"]), (&json!(2), &json!("better words")));
    assert_eq!(entry.get("n"), None, "not reading matter");
    let again = ana.ask("message.edit", edit).await.unwrap();
    assert_eq!(again["duplicate"], true);

    let react = |op: &'static str| (op, with(about(&of), json!({ "reaction": "helpful" })));
    for (op, body) in [react("message.react"), react("message.unreact")] {
        ben.ask(op, body).await.unwrap();
        let entry = next(&mut ben).await;
        assert_eq!(entry["d"]["reaction"], "helpful");
        assert_eq!(entry["w"]["card"]["name"], "Dr ben");
    }
    let loud = with(about(&of), json!({ "reaction": "any words I like" }));
    let refused = ben.ask("message.react", loud).await.unwrap_err();
    assert_eq!(refused["code"], "bad_request", "a reaction is a fact: no free text");

    mo.ask("message.pin", about(&of)).await.unwrap();
    let joined = ben.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(joined["state"]["pins"], json!([{ "of": of, "seq": 2 }]));
    assert_eq!(ben.ask("message.pin", about(&of)).await.unwrap_err()["code"], "forbidden");

    ana.ask("message.retract", about(&of)).await.unwrap();
    let joined = ben.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(joined["state"].get("pins"), None, "what was taken back is not kept in sight");
    for (op, more) in [
        ("message.edit", json!({ "body": "later" })),
        ("message.react", json!({ "reaction": "agree" })),
        ("message.retract", json!({})),
    ] {
        let refused = ana.ask(op, with(about(&of), more)).await.unwrap_err();
        assert_eq!(refused["code"], "message_gone", "{op}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redaction_erases_the_edits_too() {
    let world = World::new();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let of = mid();
    ana.ask("message.post", post("cardiology", "T", &of, "words one")).await.unwrap();
    for words in ["words two", "words three"] {
        ana.ask("message.edit", with(about(&of), json!({ "body": words }))).await.unwrap();
    }
    let redact = with(about(&of), json!({ "reason": "a name in it" }));
    let written = mo.ask("message.redact", redact.clone()).await.unwrap();
    assert_eq!(written["position"]["seq"], 7, "an entry for each edit, then the message's own");
    let page = mo.ask("history", json!({ "room": "cardiology" })).await.unwrap();
    let entries = page["entries"].as_array().unwrap();
    for seq in [2, 3, 4] {
        assert_eq!(entries[seq - 1]["erased"], true, "seq {seq}");
        assert_eq!(entries[seq - 1].get("w"), None, "seq {seq}");
    }
    let again = mo.ask("message.redact", redact).await.unwrap();
    assert_eq!((&again["position"], &again["duplicate"]), (&written["position"], &json!(true)));
    assert_eq!(
        mo.ask("message.redact", with(about(&of), json!({ "reason": "again" }))).await.unwrap_err()
            ["code"],
        "message_gone"
    );
    assert!(node.stop().success());
    assert_eq!(grep(&world.data(), b"words t"), None, "sealed at rest in any case");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_open_answered_or_needs_more() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let mut ben = node.probe(&world.token("ben", &[])).await;
    let (question, answer) = (mid(), mid());
    let asked = with(post("cardiology", "T", &question, "why?"), json!({ "kind": "question" }));
    ana.ask("message.post", asked).await.unwrap();
    ben.ask("message.post", post("cardiology", "T", &answer, "because")).await.unwrap();
    let accept = || with(about(&question), json!({ "answer": answer }));
    assert_eq!(ben.ask("answer.accept", accept()).await.unwrap_err()["code"], "forbidden");
    ana.ask("answer.accept", accept()).await.unwrap();
    let mark = with(about(&question), json!({ "state": "needs_info" }));
    mo.ask("question.mark", mark).await.unwrap();
    let wrong = with(about(&answer), json!({ "answer": question }));
    assert_eq!(mo.ask("answer.accept", wrong).await.unwrap_err()["code"], "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_renamed_resolved_moved_and_merged() {
    let world = World::new();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let mids: Vec<String> = (0..4).map(|_| mid()).collect();
    for (mid, topic) in mids.iter().zip(["Old", "Old", "Other", "Other"]) {
        ana.ask("message.post", post("cardiology", topic, mid, "text")).await.unwrap();
    }
    let topics = |page: &Value| page["topics"].clone();
    let list = json!({ "room": "cardiology" });
    let before = topics(&ana.ask("topics", list.clone()).await.unwrap());
    let (old, other) = (before[0]["topic"].clone(), before[1]["topic"].clone());
    let act = |more: Value| with(json!({ "room": "cardiology", "mid": mid() }), more);

    let rename = act(json!({ "topic": old, "name": "New" }));
    ana.ask("topic.rename", rename).await.unwrap();
    let taken = act(json!({ "topic": old, "name": "other" }));
    assert_eq!(ana.ask("topic.rename", taken).await.unwrap_err()["code"], "topic_exists");
    // Both names lead to it.
    ana.post("cardiology", "new", "five").await.unwrap();
    ana.post("cardiology", "OLD", "six").await.unwrap();
    mo.ask("topic.resolve", act(json!({ "topic": old, "resolved": true }))).await.unwrap();
    let page = topics(&ana.ask("topics", list.clone()).await.unwrap());
    assert_eq!((&page[0]["name"], &page[0]["messages"]), (&json!("New"), &json!(4)));
    assert_eq!(page[0]["resolved"], true);

    let moved = act(json!({ "of": [mids[2]], "to": "New" }));
    assert_eq!(ana.ask("topic.move", moved.clone()).await.unwrap_err()["code"], "forbidden");
    mo.ask("topic.move", moved).await.unwrap();
    let seqs = async |probe: &mut Probe, topic: &Value| -> Vec<u64> {
        loop {
            let ask = json!({ "room": "cardiology", "topic": topic });
            let page = probe.ask("history", ask).await.unwrap();
            // The index follows the log.
            if page["range"]["to"] == page["position"]["seq"] {
                let posts = page["entries"].as_array().unwrap().iter();
                let posts = posts.filter(|entry| entry["op"] == "message.posted");
                return posts.map(|entry| entry["seq"].as_u64().unwrap()).collect();
            }
        }
    };
    assert_eq!(seqs(&mut ana, &old).await, [2, 3, 4, 7, 8]);
    assert_eq!(seqs(&mut ana, &other).await, [5]);
    mo.ask("topic.merge", act(json!({ "topic": other, "into": old }))).await.unwrap();
    assert_eq!(seqs(&mut ana, &old).await, [2, 3, 4, 5, 7, 8]);
    assert_eq!(seqs(&mut ana, &other).await, [2, 3, 4, 5, 7, 8], "its id leads there");
    ana.post("cardiology", "Other", "seven").await.unwrap();
    let live = topics(&ana.ask("topics", list.clone()).await.unwrap());
    assert_eq!(live[0]["messages"], 7);
    assert_eq!(live[1]["merged_into"], old);

    // All of it is there after a restart.
    drop((mo, ana));
    node.kill();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &[])).await;
    assert_eq!(topics(&ana.ask("topics", list).await.unwrap()), live);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_is_acknowledged_while_it_lasts() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let announce = |of: &str, announce: Value| {
        let more = json!({ "kind": "announcement", "announce": announce });
        with(post("cardiology", "T", of, "all take note"), more)
    };
    let (now, past, plain) = (mid(), mid(), mid());
    let refused = ana.ask("message.post", announce(&now, json!({ "ack": true }))).await;
    assert_eq!(refused.unwrap_err()["code"], "forbidden");
    mo.ask("message.post", announce(&now, json!({ "ack": true }))).await.unwrap();
    let over = announce(&past, json!({ "ack": true, "until": 1_000 }));
    mo.ask("message.post", over).await.unwrap();
    mo.ask("message.post", post("cardiology", "T", &plain, "text")).await.unwrap();
    ana.ask("announcement.ack", about(&now)).await.unwrap();
    for (of, code) in [(&past, "announcement_over"), (&plain, "bad_request")] {
        let refused = ana.ask("announcement.ack", about(of)).await.unwrap_err();
        assert_eq!(refused["code"], code);
    }
}
