//! A room whose moderators look first: nothing that its members say is shown without them.

use serde_json::{Value, json};

use crate::world::{Probe, World, act, mid, post};

#[tokio::test(flavor = "multi_thread")]
async fn no_words_of_a_member_are_shown_that_no_moderator_has_seen() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let (before, waits) = (mid(), mid());
    ana.ask("message.post", post("cardiology", "T", &before, "said freely")).await.unwrap();
    mo.ask("room.policy", act(json!({ "posting": "held" }))).await.unwrap();
    let held = ana.ask("message.post", post("cardiology", "T", &waits, "waits")).await;
    assert_eq!(held.unwrap_err()["code"], "held");
    mo.ask("message.release", act(json!({ "of": waits }))).await.unwrap();
    let topics = ana.ask("topics", json!({ "room": "cardiology" })).await.unwrap();
    let topic = &topics["topics"][0]["topic"];

    for of in [&before, &waits] {
        let edited = ana.ask("message.edit", act(json!({ "of": of, "body": "unseen" }))).await;
        assert_eq!(edited.unwrap_err()["code"], "forbidden");
        let why = act(json!({ "of": of, "reason": "unseen" }));
        assert_eq!(ana.ask("message.retract", why).await.unwrap_err()["code"], "forbidden");
    }
    let renamed = ana.ask("topic.rename", act(json!({ "topic": topic, "name": "unseen" }))).await;
    assert_eq!(renamed.unwrap_err()["code"], "forbidden");
    // What says nothing is for members as ever, and moderators speak freely.
    ana.ask("message.react", act(json!({ "of": waits, "reaction": "thanks" }))).await.unwrap();
    ana.ask("message.retract", act(json!({ "of": before }))).await.unwrap();
    mo.ask("topic.rename", act(json!({ "topic": topic, "name": "N" }))).await.unwrap();
    let page = ana.ask("history", json!({ "room": "cardiology" })).await.unwrap();
    assert!(!page.to_string().contains("unseen"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_message_without_its_words_is_declined() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    mo.ask("room.policy", act(json!({ "posting": "held" }))).await.unwrap();
    let mut ana = Probe::open(&node.socket).await;
    let greeting = ana.hello(&world.token("ana", &[])).await;
    let me = greeting["principal"]["id"].as_str().unwrap();
    ana.ask("join", json!({ "room": format!("@{me}") })).await.unwrap();
    let waits = mid();
    let body = post("cardiology", "T", &waits, "a name in it");
    assert_eq!(ana.ask("message.post", body.clone()).await.unwrap_err()["code"], "held");
    mo.ask("message.redact", act(json!({ "of": waits, "reason": "a name" }))).await.unwrap();
    assert_eq!(ana.ask("message.post", body).await.unwrap_err()["code"], "declined");
    let told: Value = serde_json::from_str(&ana.entry().await).unwrap();
    assert_eq!((&told["d"]["why"], &told["d"]["of"]), (&json!("declined"), &json!(waits)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_takes_back_what_waits() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    mo.ask("room.policy", act(json!({ "posting": "held" }))).await.unwrap();
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let mut ben = node.probe(&world.token("ben", &[])).await;
    let waits = mid();
    let body = post("cardiology", "T", &waits, "a name in it");
    assert_eq!(ana.ask("message.post", body.clone()).await.unwrap_err()["code"], "held");
    // To others there is no such message.
    let other = ben.ask("message.retract", act(json!({ "of": waits }))).await.unwrap_err();
    assert_eq!(other["code"], "unknown_message");

    mo.ask("join", json!({ "room": "cardiology/moderators" })).await.unwrap();
    let back = act(json!({ "of": waits, "reason": "a name" }));
    let taken = ana.ask("message.retract", back.clone()).await.unwrap();
    let entry: Value = serde_json::from_str(&mo.entry_of("cardiology/moderators").await).unwrap();
    assert_eq!(
        (&entry["op"], &entry["seq"]),
        (&json!("message.hidden"), &taken["position"]["seq"])
    );
    assert_eq!(entry["w"]["reason"], "a name");
    assert_eq!(ana.ask("message.retract", back).await.unwrap()["position"], taken["position"]);
    assert_eq!(ana.ask("message.post", body).await.unwrap_err()["code"], "declined");
    let release = mo.ask("message.release", act(json!({ "of": waits }))).await.unwrap_err();
    assert_eq!(release["code"], "message_gone");
}
