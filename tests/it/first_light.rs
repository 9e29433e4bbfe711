//! The walk: rooms that remember.

use serde_json::{Value, json};

use crate::world::{Probe, World, mid, post};

#[tokio::test(flavor = "multi_thread")]
async fn people_join_post_see_each_other_live_leave_and_miss_nothing() {
    let world = World::new();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    let created = ana.create("cardiology").await;
    assert_eq!(created["position"]["seq"], 1);

    let mut ben = node.probe(&world.token("ben", &[])).await;
    let joined = ben.ask("join", json!({ "room": "cardiology", "from": "now" })).await.unwrap();
    assert_eq!(joined["position"], created["position"], "a position even with nothing said");
    assert_eq!(joined["after"], created["position"]);
    assert_eq!(joined["recovered"], true);
    assert_eq!(joined["state"]["title"], "Room cardiology");

    let written = ana.post("cardiology", "STEMI", "Time to balloon?").await.unwrap();
    let live = ben.entry().await;
    let entry: Value = serde_json::from_str(&live).unwrap();
    assert_eq!(entry["seq"], 2);
    assert_eq!(entry["n"], 1);
    assert_eq!(entry["op"], "message.posted");
    assert_eq!(entry["epoch"], written["position"]["epoch"]);
    assert_eq!(entry["w"]["body"], "Time to balloon?");
    assert_eq!(entry["w"]["topic"], "STEMI");
    assert_eq!(entry["w"]["card"]["name"], "Dr ana");
    let order: Vec<_> = field_order(&live);
    let frozen =
        ["room", "epoch", "seq", "n", "at", "by", "op", "mid", "d", "w"].map(str::to_owned);
    assert_eq!(order, frozen, "the frozen order of v1");

    // Ben leaves; Ana goes on; Ben comes back from his position and misses nothing.
    ben.ask("leave", json!({ "room": "cardiology" })).await.unwrap();
    for body in ["one", "two", "three"] {
        ana.post("cardiology", "STEMI", body).await.unwrap();
    }
    drop(ben);
    let mut ben = Probe::open(&node.socket).await;
    let position = json!({ "epoch": entry["epoch"], "seq": entry["seq"] });
    let token = world.token("ben", &[]);
    let hello = json!({ "token": token, "resume": { "cardiology": position } });
    let greeting = ben.ask("hello", hello).await.unwrap();
    let resumed = &greeting["rooms"]["cardiology"]["ok"];
    assert_eq!(resumed["recovered"], true);
    assert_eq!(resumed["after"], position);
    for (seq, body) in (3..).zip(["one", "two", "three"]) {
        let entry: Value = serde_json::from_str(&ben.entry().await).unwrap();
        assert_eq!((&entry["seq"], &entry["w"]["body"]), (&json!(seq), &json!(body)));
    }
    // And goes on live, with no seam.
    ana.post("cardiology", "STEMI", "four").await.unwrap();
    let entry: Value = serde_json::from_str(&ben.entry().await).unwrap();
    assert_eq!(entry["w"]["body"], "four");
    assert!(node.stop().success());
}

/// The keys of an object in the order they stand in its text.
fn field_order(text: &str) -> Vec<String> {
    let mut order = Vec::new();
    let mut rest = text;
    let value: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
    let mut keys: Vec<_> = value.keys().cloned().collect();
    while !keys.is_empty() {
        let (index, at) = keys
            .iter()
            .enumerate()
            .filter_map(|(index, key)| Some((index, rest.find(&format!("\"{key}\":"))?)))
            .min_by_key(|(_, at)| *at)
            .unwrap();
        order.push(keys.remove(index));
        rest = &rest[at + 1..];
    }
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_a_restart_with_the_same_bytes() {
    let world = World::new();
    let node = world.node();
    // Imports have no rate.
    let mut ana = node.probe(&world.token("ana", &["moderator", "import"])).await;
    ana.create("oncology").await;
    ana.ask("join", json!({ "room": "oncology", "from": "start" })).await.unwrap();
    for number in 0..50 {
        ana.post("oncology", &format!("Topic {}", number % 5), &format!("text {number}"))
            .await
            .unwrap();
    }
    let mut before = Vec::new();
    for _ in 0..51 {
        before.push(ana.entry().await);
    }
    assert!(node.stop().success());

    let node = world.node();
    let mut ben = node.probe(&world.token("ben", &[])).await;
    let joined = ben.ask("join", json!({ "room": "oncology", "from": "start" })).await.unwrap();
    assert_eq!(joined["position"]["seq"], 51);
    assert_eq!(joined["n"], 50);
    assert_eq!(joined["state"]["topics"], 5);
    assert_eq!(joined["state"]["members"], 1);
    for entry in &before {
        assert_eq!(ben.entry().await, *entry);
    }
    // A clean restart keeps the epoch.
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let written = ana.post("oncology", "Topic 1", "after").await.unwrap();
    assert_eq!(written["position"]["epoch"], joined["position"]["epoch"]);
    assert_eq!(written["position"]["seq"], 52);
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_and_topics_are_listed_by_pages() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    for room in ["cardiology", "anaesthesia", "neurology"] {
        ana.create(room).await;
    }
    let page = ana.ask("rooms", json!({ "limit": 2 })).await.unwrap();
    let names: Vec<_> = page["rooms"].as_array().unwrap().iter().map(|r| &r["room"]).collect();
    assert_eq!(names, ["anaesthesia", "cardiology"]);
    let page = ana.ask("rooms", json!({ "after": page["next"], "limit": 2 })).await.unwrap();
    assert_eq!(page["rooms"][0]["room"], "neurology");
    assert_eq!(page.get("next"), None);

    for number in 0..5 {
        ana.post("cardiology", &format!("T{number}"), "text").await.unwrap();
    }
    ana.post("cardiology", " t0 ", "the same topic, folded").await.unwrap();
    let page = ana.ask("topics", json!({ "room": "cardiology", "limit": 3 })).await.unwrap();
    let names: Vec<_> = page["topics"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    assert_eq!(names, ["T0", "T1", "T2"]);
    assert_eq!(page["topics"][0]["messages"], 2);
    assert_eq!(page["topics"][0]["last"], 7);
    let rest = json!({ "room": "cardiology", "after": page["next"] });
    let page = ana.ask("topics", rest).await.unwrap();
    assert_eq!(page["topics"].as_array().unwrap().len(), 2);
    assert_eq!(page.get("next"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn typing_is_seen_and_never_logged() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    ana.create("cardiology").await;
    let mut ben = node.probe(&world.token("ben", &[])).await;
    ben.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    ana.send(r#"{"op":"typing","d":{"room":"cardiology"}}"#).await;
    let signal = ben.op("typing").await;
    assert_eq!(signal["room"], "cardiology");
    assert_eq!(signal.get("seq"), None);
    let page = ana.ask("history", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(page["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn last_n_counts_ordinals() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    ana.create("cardiology").await;
    let first = mid();
    ana.ask("message.post", post("cardiology", "T", &first, "1")).await.unwrap();
    let redact =
        json!({ "room": "cardiology", "mid": mid(), "of": first, "reason": "a date of birth" });
    ana.ask("message.redact", redact).await.unwrap();
    for body in ["2", "3"] {
        ana.post("cardiology", "T", body).await.unwrap();
    }
    let mut ben = node.probe(&world.token("ben", &[])).await;
    let join = json!({ "room": "cardiology", "from": { "last": 3 } });
    let joined = ben.ask("join", join).await.unwrap();
    assert_eq!(joined["after"]["seq"], 1, "three ordinals and what stands between them");
    let seen: Vec<Value> = [ben.entry().await, ben.entry().await, ben.entry().await]
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    assert_eq!(seen[0]["erased"], true);
    assert_eq!(seen[0].get("w"), None);
    assert_eq!(seen[1]["op"], "message.redacted");
    assert_eq!(seen[2]["w"]["body"], "2");
}
