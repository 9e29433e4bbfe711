//! Entries of a version to come: readers get them as they are; a log that holds one which may not be
//! passed over is read-only to whoever cannot fold it.

use std::sync::Arc;

use serde_json::{Value, json};
use wardroom::entry::{Header, Record, Words};
use wardroom::log::record::encode_header;
use wardroom::log::{Log, Options, Progress};
use wardroom_protocol::ids::{LogName, Mid, Position};

use crate::world::World;

/// Appends an entry of an op that this version does not know, as a newer node would have.
async fn from_the_future(world: &World, optional: bool) {
    let (log, _) = Log::open(&world.data(), Options::default()).unwrap();
    let name: LogName = "cardiology".parse().unwrap();
    let of = name.clone();
    let last = log.ask(move |reader| reader.get(&of, &[2]).unwrap()).await.unwrap();
    let last = &last.records[0].header;
    let header = Header {
        position: Position::new(last.position.epoch, last.position.seq + 1),
        n: None,
        op: "message.sung".into(),
        optional,
        mid: Mid::fresh(),
        facts: br#"{"key":"d"}"#.to_vec().into(),
        words_len: 0,
        words_hash: [0; 32],
        key: 0,
        nonce: [0; 24],
        link: encode_header(last).link(),
        ..last.clone()
    };
    let encoded = encode_header(&header);
    let record = Arc::new(Record { header, words: Words::None });
    let progress = Progress::new(2);
    log.append(record, encoded, &progress).unwrap();
    while progress.synced() < 3 {
        progress.risen().await;
    }
    log.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_a_version_to_come_is_served_and_may_close_its_log_for_writing() {
    for optional in [true, false] {
        let world = World::new();
        let token = world.token("ana", &["moderator"]);
        let node = world.node();
        let mut ana = node.probe(&token).await;
        ana.create("cardiology").await;
        ana.post("cardiology", "T", "text").await.unwrap();
        drop(ana);
        assert!(node.stop().success());
        from_the_future(&world, optional).await;

        let node = world.node();
        let mut ana = node.probe(&token).await;
        let join = json!({ "room": "cardiology", "from": "start" });
        let joined = ana.ask("join", join).await.unwrap();
        assert_eq!(joined["position"]["seq"], 3);
        for op in ["room.created", "message.posted", "message.sung"] {
            let entry: Value = serde_json::from_str(&ana.entry().await).unwrap();
            assert_eq!(entry["op"], op);
        }
        let posted = ana.post("cardiology", "T", "more").await;
        if optional {
            assert_eq!(posted.unwrap()["position"]["seq"], 4);
        } else {
            let refused = posted.unwrap_err();
            assert_eq!(refused["code"], "log_unavailable");
            assert!(refused["message"].as_str().unwrap().contains("read-only"), "{refused}");
        }
        // Other rooms are not concerned.
        ana.create("oncology").await;
    }
}
