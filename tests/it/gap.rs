//! Promise 4: a gap is never silent. Both copies of some entries are damaged on purpose.

use serde_json::{Value, json};

use crate::world::{Probe, World, files};

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
