//! Answers that wait for a reader who does not read: bounded in bytes, answered all the same once it reads,
//! and without words that were erased meanwhile.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Node, PATIENCE, Probe, Raw, World, act, mid, post};

const PAGE: usize = 256 * 1024;
const ASKED: usize = 64;

/// A room whose newest page is nearly as large as one may be.
async fn room(world: &World, node: &Node) -> Probe {
    let mut mo = node.probe(&world.token("mo", &["moderator", "import"])).await;
    mo.create("cardiology").await;
    for _ in 0..4 {
        mo.post("cardiology", "T", &"z".repeat(60_000)).await.unwrap();
    }
    mo
}

/// Somebody who asks for so much and reads nothing, until the node takes no more.
async fn stalled(world: &World, node: &Node, ops: [&str; 2]) -> (Raw, u64) {
    let mut raw = Raw::narrow(node).await;
    raw.upgrade().await;
    raw.hello(&world.token("stalled", &[])).await;
    for id in 0..ASKED {
        let op = ops[id % 2];
        raw.text(&json!({ "id": id, "op": op, "d": { "room": "cardiology" } }).to_string()).await;
    }
    let count = r#"wardroom_commands_total{op="history",outcome="taken"}"#;
    let (mut taken, mut looks) = (0, 0);
    let begun = std::time::Instant::now();
    while looks < 20 {
        tokio::time::sleep(Duration::from_millis(25)).await;
        let now = node.metric(count).await;
        looks = if now == taken && now > 0 { looks + 1 } else { 0 };
        taken = now;
        assert!(begun.elapsed() < PATIENCE, "it goes on for ever");
    }
    (raw, taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_are_bounded_in_bytes() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let _mo = room(&world, &node).await;
    let (mut raw, taken) = stalled(&world, &node, ["history"; 2]).await;
    // What the system holds; one begun; 512 KiB, and the one that went beyond them.
    let limits = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").unwrap_or_default();
    let most = limits.split_whitespace().last().map_or(4 << 20, |most| most.parse().unwrap());
    let most = (most / PAGE + 6) as u64;
    assert!(taken < most, "{taken} pages were made for somebody who reads none");
    for id in 0..ASKED {
        let answer = raw.told("id").await;
        assert_eq!(answer["id"], id, "in the order asked");
        assert_eq!(answer["ok"]["entries"].as_array().unwrap().len(), 5, "each page whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_waits_takes_no_erased_words_along() {
    const WORDS: &str = "soon to be erased";
    let world = World::new();
    // Rooms close soon: one whose answers wait is still told what is erased in it.
    let node = world.node_with(&[], &[("WARDROOM_LIMITS__IDLE_ROOM_SECONDS", "1")]);
    let mut mo = room(&world, &node).await;
    let of = mid();
    // As a topic's name, and as a text.
    mo.ask("message.post", post("cardiology", WORDS, &of, WORDS)).await.unwrap();
    let ops = ["history", "topics"];
    let (mut raw, _) = stalled(&world, &node, ops).await;
    mo.create("oncology").await;
    node.until_metric("wardroom_rooms_open", 2).await;
    node.until_metric("wardroom_rooms_open", 1).await;
    mo.ask("message.redact", act(json!({ "of": of, "reason": "a name" }))).await.unwrap();

    let mut refused = [0; 2];
    for id in 0..ASKED {
        let answer = raw.told("id").await;
        assert_eq!(answer["id"], id);
        if let Some(error) = answer.get("error") {
            assert_eq!(error["code"], "overloaded");
            assert!(error["retry_after_ms"].is_u64() && !error.to_string().contains(WORDS));
            refused[id % 2] += 1;
        } else if ops[id % 2] == "history" && refused != [0; 2] {
            assert!(!answer.to_string().contains(WORDS), "erased words left with answer {id}");
        }
    }
    assert!(refused.iter().all(|count| *count > 0), "{refused:?} of those that waited were true");
    raw.text(&json!({ "id": ASKED, "op": "history", "d": { "room": "cardiology" } }).to_string())
        .await;
    let page: Value = raw.told("id").await;
    assert_eq!(page["ok"]["entries"].as_array().unwrap().last().unwrap()["erased"], Value::Null);
    assert!(page.to_string().contains(r#""erased":true"#), "asked again, it is answered");
}
