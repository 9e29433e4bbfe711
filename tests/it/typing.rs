//! Typing: passed on to all others in the room, and not as often as somebody likes.

use std::time::Instant;

use serde_json::{Value, json};

use crate::presence::{enter, with_ben};
use crate::world::{World, mid, post};

#[tokio::test(flavor = "multi_thread")]
async fn typing_reaches_all_others_and_is_limited() {
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let (mut ana, id) = enter(&node, &world, "ana").await;
    let (mut other, _) = enter(&node, &world, "ana").await;
    let mut limited = 0;
    let begun = Instant::now();
    for _ in 0..40 {
        // With an id it is told that one was dropped, and nothing else.
        ana.tell("typing", json!({ "room": "cardiology" })).await;
    }
    ana.tell("message.post", post("cardiology", "T", &mid(), "a marker")).await;
    let mut told = 0;
    loop {
        let frame: Value = serde_json::from_str(&ana.receive().await.unwrap()).unwrap();
        match frame["error"]["code"].as_str() {
            Some(code) => {
                assert_eq!(code, "rate_limited");
                assert!(frame["error"]["retry_after_ms"].as_u64().unwrap() <= 1_000);
                limited += 1;
            }
            None if frame["seq"].is_u64() => break,
            None if frame.get("ok").is_some() => {}
            None => panic!("her own connection is not told: {frame}"),
        }
    }
    loop {
        let frame: Value = serde_json::from_str(&ben.receive().await.unwrap()).unwrap();
        if frame["seq"].is_u64() {
            break;
        }
        assert_eq!((&frame["op"], &frame["by"]["id"]), (&json!("typing"), &json!(id)));
        assert_eq!(frame["d"]["card"]["name"], "Dr ana");
        told += 1;
    }
    let most = 4 + begun.elapsed().as_secs() + 1;
    assert!(told >= 1 && told <= most, "{told} signals in {:?}", begun.elapsed());
    assert!(limited >= 40 - most, "{limited} of 40 were dropped");
    assert_eq!(other.op("typing").await["by"]["id"], json!(id), "her other device is told");
    // One room's typing is not the next one's business.
    let refused = ana.ask("typing", json!({ "room": "nowhere" })).await.unwrap_err();
    assert_eq!(refused["code"], "unknown_room");
}
