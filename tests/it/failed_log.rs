//! A node whose log has failed for good: it reveals nothing new, drains by itself and ends with the
//! exit code of a disk that said no. What only lags or is only nearly full does not drain: that heals.

use serde_json::json;
use tokio::time::timeout;

use crate::world::{PATIENCE, World, mid, post};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_journal_fails_drains_by_itself_and_loses_nothing() {
    let world = World::new();
    let (sender, reader) = (world.token("sender", &["moderator"]), world.token("reader", &[]));
    // Two people, a name, a room, a post: the sixth group is the second post's.
    let node = world.node_with(&[], &[("WARDROOM_FAULT", "journal_fails@6")]);
    let mut sender_here = node.probe(&sender).await;
    sender_here.create("cardiology").await;
    let mut reader_here = node.probe(&reader).await;
    let joined = reader_here.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    let (kept, doubtful) = (mid(), mid());
    let body = post("cardiology", "T", &kept, "kept");
    let written = sender_here.ask("message.post", body.clone()).await.unwrap();
    assert!(reader_here.entry().await.contains(&kept));

    let refused = sender_here.ask("message.post", post("cardiology", "T", &doubtful, "perhaps"));
    assert_eq!(refused.await.unwrap_err()["code"], "unknown");
    for probe in [&mut sender_here, &mut reader_here] {
        // Pings go on for as long as the node does, so this waits by its own clock.
        let told = timeout(PATIENCE, probe.op("drain")).await.expect("it does not drain");
        assert_eq!(told["d"]["within_ms"], 1_000);
        assert_eq!(probe.closed().await, (4000, "drain".into()));
    }
    let (told, ended) = node.wait_and_tell();
    assert_eq!(ended.code(), Some(74), "{told}");
    let drains = |line: &&str| line.contains("this node drains and ends");
    let lines: Vec<_> = told.lines().filter(drains).collect();
    assert!(lines.len() == 1 && lines[0].contains("ERROR"), "{told}");
    assert!(lines[0].contains("the journal could not be written"), "{told}");
    assert!(!told.contains("perhaps"), "{told}");

    // A restart heals. What was acknowledged is where it was; of the other one everybody learns now.
    let node = world.node();
    let mut again = node.probe(&sender).await;
    let there = again.ask("message.post", body).await.unwrap();
    assert_eq!((&there["position"], &there["duplicate"]), (&written["position"], &json!(true)));
    let late = again.ask("message.post", post("cardiology", "T", &doubtful, "perhaps")).await;
    assert_eq!(late.unwrap()["position"]["seq"], 3);
    let mut reader_here = node.probe(&reader).await;
    let from = json!({ "room": "cardiology", "from": joined["position"] });
    reader_here.ask("join", from).await.unwrap();
    for mid in [kept, doubtful] {
        assert!(reader_here.entry().await.contains(&mid));
    }
    assert!(node.stop().success(), "a drain that was asked for ends well");
}
