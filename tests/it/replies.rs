//! Answers that wait for a reader who does not read: bounded in bytes, and answered all the same once it reads.

use std::time::Duration;

use serde_json::json;

use crate::world::{Node, PATIENCE, Probe, Raw, World};

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
