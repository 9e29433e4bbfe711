//! Promise 4: a gap is never silent. Both copies of some entries are damaged on purpose.

use std::path::PathBuf;

use serde_json::{Value, json};
use wardroom_protocol::ids::Mid;

use crate::world::{Node, Probe, World, files, mid, post};

/// Overwrites the first place in any file below the data directory that holds these bytes.
fn damage(world: &World, needle: &[u8]) {
    for path in files(&world.data()) {
        let mut bytes = std::fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(needle.len()).position(|window| window == needle) {
            bytes[at + needle.len() / 2] ^= 0x40;
            std::fs::write(&path, bytes).unwrap();
            return;
        }
    }
    panic!("no file holds the words");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_never_silent() {
    let world = World::new();
    let node = world.node();
    let token = world.token("ana", &["moderator", "import"]);
    let mut ana = node.probe(&token).await;
    ana.create("cardiology").await;
    for number in 0..60 {
        ana.post("cardiology", "T", &format!("text {number}")).await.unwrap();
    }
    drop(ana);
    node.stop();
    // One copy gone whole, the other hurt in two entries: these two are lost for good.
    let sealed = [20, 21].map(|seq| super::crowd::sealed_words(&world, seq));
    std::fs::remove_dir_all(world.data().join("store")).unwrap();
    for words in &sealed {
        damage(&world, words);
    }

    let node = world.node();
    let mut ben = node.probe(&token).await;
    let joined = ben.ask("join", json!({ "room": "cardiology", "from": "start" })).await.unwrap();
    assert_eq!(joined["position"]["seq"], 61);
    let epoch = joined["position"]["epoch"].as_u64().unwrap();
    let mut seen = Vec::new();
    while seen.len() < 60 {
        let frame: Value = serde_json::from_str(&ben.receive().await.unwrap()).unwrap();
        if frame["op"] == "gap" {
            assert_eq!(frame["d"]["room"], "cardiology");
            assert_eq!((&frame["d"]["from"], &frame["d"]["to"]), (&json!(20), &json!(21)));
            assert_eq!(frame["d"]["reason"], "lost");
            assert_eq!(frame["d"]["last"], json!({ "epoch": epoch, "seq": 19 }));
            seen.push(0);
        } else if let Some(seq) = frame["seq"].as_u64() {
            seen.push(seq);
        }
    }
    let expected: Vec<u64> = (1..=19).chain([0]).chain(22..=61).collect();
    assert_eq!(seen, expected, "contiguous, or told exactly what is missing");

    // History names it too, in both directions.
    let body = json!({ "room": "cardiology", "after": { "epoch": epoch, "seq": 15 }, "limit": 20 });
    for body in [body, json!({ "room": "cardiology" })] {
        let page = ben.ask("history", body).await.unwrap();
        assert_eq!(page["holes"], json!([{ "from": 20, "to": 21 }]), "{page}");
    }
    // The numbering authority was lost for a while: what is written now opens an epoch, and
    // positions of before are still on the line.
    let written = ben.post("cardiology", "T", "after").await.unwrap();
    assert_eq!(written["position"]["seq"], 62);
    assert!(written["position"]["epoch"].as_u64().unwrap() > epoch);
    let mut late = Probe::open(&node.socket).await;
    let hello =
        json!({ "token": token, "resume": { "cardiology": { "epoch": epoch, "seq": 61 } } });
    let greeting = late.ask("hello", hello).await.unwrap();
    let resumed = &greeting["rooms"]["cardiology"]["ok"];
    assert_eq!(resumed["recovered"], true);
    assert_eq!(resumed["state"]["epochs"].as_array().unwrap().len(), 2);
    assert!(late.entry().await.contains("\"seq\":62,"));
    // Operators are told, by name and place.
    assert!(node.told().contains("cardiology"), "{}", node.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_a_topic_is_never_silent() {
    let world = World::new();
    let node = world.node();
    let token = world.token("ana", &["moderator", "import"]);
    let mut ana = node.probe(&token).await;
    ana.create("cardiology").await;
    for seq in 2..=13 {
        let topic = if seq == 5 || seq == 9 { "U" } else { "T" };
        ana.post("cardiology", topic, &format!("text {seq}")).await.unwrap();
    }
    drop(ana);
    node.stop();
    let sealed = [3, 4, 6, 9].map(|seq| super::crowd::sealed_words(&world, seq));
    std::fs::remove_dir_all(world.data().join("store")).unwrap();
    for words in &sealed {
        damage(&world, words);
    }

    let node = world.node();
    let mut ben = node.probe(&token).await;
    let topics = ben.ask("topics", json!({ "room": "cardiology" })).await.unwrap();
    let (topic, epoch) = (&topics["topics"][0]["topic"], &topics["position"]["epoch"]);
    let at = |seq: u64| json!({ "epoch": epoch, "seq": seq });
    let whole = json!({ "room": "cardiology", "topic": topic });
    let onwards = json!({ "room": "cardiology", "topic": topic, "after": at(1) });
    for body in [whole, onwards] {
        let page = ben.ask("history", body).await.unwrap();
        let entries = page["entries"].as_array().unwrap().iter();
        let seqs: Vec<_> = entries.map(|entry| entry["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, [2, 7, 8, 10, 11, 12, 13]);
        let holes = json!([{ "from": 3, "to": 4 }, { "from": 6, "to": 6 }]);
        assert_eq!(page["holes"], holes, "what is lost of another topic is not among them");
    }
    // A page of which all is lost speaks for no more than itself.
    for (side, seq) in [("after", 2), ("before", 5)] {
        let body = json!({ "room": "cardiology", "topic": topic, side: at(seq), "limit": 2 });
        let page = ben.ask("history", body).await.unwrap();
        assert_eq!((&page["entries"], &page["more"]), (&json!([]), &json!(true)), "{side}");
        let lost = json!({ "from": 3, "to": 4 });
        assert_eq!((&page["holes"], &page["range"]), (&json!([lost]), &json!(lost)), "{side}");
    }
}

/// The segments of the journal, ascending.
fn segments(world: &World) -> Vec<PathBuf> {
    let mut all = files(&world.data().join("journal"));
    all.retain(|path| path.extension().is_some_and(|ending| ending == "seg"));
    all.sort();
    all
}

/// Whether a position is on a room's line, and the last one that both sides share.
async fn resumed(node: &Node, token: &str, room: &str, position: Value) -> (bool, Value) {
    let mut probe = Probe::open(&node.socket).await;
    let hello = json!({ "token": token, "resume": { room: position } });
    let greeting = probe.ask("hello", hello).await.unwrap();
    let resumed = &greeting["rooms"][room]["ok"];
    (resumed["recovered"].as_bool().unwrap(), resumed["after"].clone())
}

/// The journal's last groups are gone, and the store that knew them. The node is started and stopped before
/// anybody writes: what shows the loss is mended by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_end_is_never_numbered_again() {
    let world = World::new();
    let node = world.node();
    let token = world.token("ana", &["moderator", "import"]);
    let mut ana = node.probe(&token).await;
    ana.create("cardiology").await;
    ana.create("oncology").await;
    let mut lost = Value::Null;
    for number in 0..9 {
        let ok = ana.post("cardiology", "T", &format!("text {number}")).await.unwrap();
        lost = ok["position"].clone();
    }
    drop(ana);
    node.stop();
    let open = segments(&world).into_iter().rev().find_map(|path| {
        let bytes = std::fs::read(&path).unwrap();
        let groups = bytes.windows(4).enumerate().filter(|(_, four)| four == b"WGRP");
        let group = groups.map(|(at, _)| at).rev().nth(2)?;
        Some((path, bytes, group))
    });
    let (path, mut bytes, group) = open.unwrap();
    bytes[group..].fill(0);
    std::fs::write(path, bytes).unwrap();
    std::fs::remove_dir_all(world.data().join("store")).unwrap();

    assert!(world.node().stop().success());
    let node = world.node();
    assert!(node.told().contains("nobody can say whose"), "{}", node.told());
    let mut ben = node.probe(&token).await;
    let (epoch, seq) = (lost["epoch"].as_u64().unwrap(), lost["seq"].as_u64().unwrap());
    assert_eq!(seq, 10);
    let mut opened = Value::Null;
    for seq in 8..=12 {
        let written = ben.post("cardiology", "T", "after").await.unwrap()["position"].clone();
        assert_eq!(written["seq"], seq);
        assert!(written["epoch"].as_u64().unwrap() > epoch, "a number is given twice: {written}");
        opened = written["epoch"].clone();
    }
    // Who holds what was lost is told, and from where on it is another entry.
    let shared = json!({ "epoch": epoch, "seq": 7 });
    assert_eq!(resumed(&node, &token, "cardiology", lost).await, (false, shared.clone()));
    assert_eq!(resumed(&node, &token, "cardiology", shared.clone()).await, (true, shared));
    let other = ben.post("oncology", "T", "after").await.unwrap();
    assert!(other["position"]["epoch"].as_u64().unwrap() > epoch, "nobody knows that it lost none");
    drop(ben);
    node.stop();
    // It is opened once.
    let node = world.node();
    let mut ben = node.probe(&token).await;
    let written = ben.post("cardiology", "T", "later").await.unwrap();
    assert_eq!(written["position"], json!({ "epoch": opened, "seq": 13 }));
}

/// The last entry of a room is damaged in a closed segment, which says how far the room went.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_end_with_a_name_is_never_numbered_again() {
    let world = World::new();
    let env = [("WARDROOM_LOG__SEGMENT_MIB", "1")];
    let node = world.node_with(&[], &env);
    let token = world.token("ana", &["moderator", "import"]);
    let mut ana = node.probe(&token).await;
    ana.create("cardiology").await;
    ana.create("oncology").await;
    ana.post("cardiology", "T", "stays").await.unwrap();
    let last = mid();
    let lost = ana.ask("message.post", post("cardiology", "T", &last, "goes")).await.unwrap();
    let (lost, long) = (lost["position"].clone(), "text ".repeat(1_000));
    let mut beside = Value::Null;
    for _ in 0..300 {
        beside = ana.post("oncology", "T", &long).await.unwrap()["position"].clone();
    }
    drop(ana);
    node.stop();
    let first = segments(&world).remove(0);
    let mut bytes = std::fs::read(&first).unwrap();
    let mid: Mid = last.parse().unwrap();
    let at = bytes.windows(16).position(|found| found == mid.as_bytes()).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    std::fs::remove_dir_all(world.data().join("store")).unwrap();

    assert!(world.node_with(&[], &env).stop().success());
    let node = world.node_with(&[], &env);
    let mut ben = node.probe(&token).await;
    let written = ben.post("cardiology", "T", "after").await.unwrap()["position"].clone();
    assert_eq!(written["seq"], lost["seq"]);
    assert!(written["epoch"].as_u64() > lost["epoch"].as_u64(), "a number is given twice");
    let shared = json!({ "epoch": lost["epoch"], "seq": lost["seq"].as_u64().unwrap() - 1 });
    assert_eq!(resumed(&node, &token, "cardiology", lost).await, (false, shared));
    // The other room has lost nothing.
    assert_eq!(resumed(&node, &token, "oncology", beside.clone()).await, (true, beside.clone()));
    let other = ben.post("oncology", "T", "after").await.unwrap();
    assert_eq!(other["position"]["epoch"], beside["epoch"]);
}
