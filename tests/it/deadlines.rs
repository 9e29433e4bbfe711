//! Who reads nothing, breaks the frame layer or never stops talking meets its deadlines like anybody else,
//! and holds up nobody. Limits in seconds are set short; what is tested is what happens.

use std::os::fd::AsFd as _;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::world::{Node, Probe, Raw, World, masked};

/// What is due in a second or two has come by then.
const SOON: Duration = Duration::from_secs(20);

const PING: u8 = 0x89;

/// Somebody who posts in a room, as much as they like.
async fn author(world: &World, node: &Node) -> Probe {
    let mut author = node.probe(&world.token("author", &["moderator", "import"])).await;
    author.create("cardiology").await;
    author.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    author
}

/// Somebody who has joined it, and reads nothing from then on.
async fn stalled(world: &World, node: &Node) -> Raw {
    let mut stalled = Raw::narrow(node).await;
    stalled.upgrade().await;
    stalled.hello(&world.token("stalled", &[])).await;
    stalled.text(r#"{"id":1,"op":"join","d":{"room":"cardiology"}}"#).await;
    stalled.told("id").await;
    stalled
}

/// Posts more than the system holds for a peer that reads nothing, so that its gate is blocked.
async fn fill(author: &mut Probe) {
    const POST: usize = 40_000;
    let limits = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem").unwrap_or_default();
    let most = limits.split_whitespace().last().map_or(4 << 20, |most| most.parse().unwrap());
    for _ in 0..=2 * most / POST {
        author.post("cardiology", "T", &"z".repeat(POST)).await.unwrap();
        author.entry().await;
    }
}

/// Pings without end, beside whatever is read; ends with the connection.
fn flood(raw: &Raw) {
    let twin = raw.stream.as_fd().try_clone_to_owned().unwrap();
    let mut twin = TcpStream::from_std(twin.into()).unwrap();
    let pings = masked(PING, b"").repeat(4_096);
    tokio::spawn(async move { while twin.write_all(&pings).await.is_ok() {} });
}

/// The node answers, and only the author is left.
async fn all_others_are_gone(node: &Node, author: &mut Probe) {
    let health = timeout(SOON, node.get("/healthz")).await.expect("the node answers");
    assert_eq!(health.0, 200);
    let gone = node.until_metric("wardroom_connections", 1);
    timeout(SOON, gone).await.expect("their time is over");
    author.post("cardiology", "T", "the room goes on").await.unwrap();
    assert!(author.entry().await.contains("goes on"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_by_somebody_who_reads_nothing_ends_that_connection_and_holds_up_nobody() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut author = author(&world, &node).await;
    // Not masked, of no kind there is, longer than a frame may be.
    let breaches: [&[u8]; 3] =
        [b"\x81\x02{}", b"\x83\x80\0\0\0\0", b"\x81\xff\0\0\0\0\0\x01\0\x01\0\0\0\0"];
    let mut peers = Vec::new();
    for breach in breaches {
        peers.push((stalled(&world, &node).await, breach));
    }
    fill(&mut author).await;
    for (peer, breach) in &mut peers {
        peer.send(breach).await;
    }
    all_others_are_gone(&node, &mut author).await;
    let closes =
        async |code| node.metric(&format!("wardroom_closes_total{{code=\"{code}\"}}")).await;
    assert_eq!((closes("protocol_error").await, closes("frame_too_large").await), (2, 1));
    for (mut peer, _) in peers {
        assert_eq!(peer.closed().await, None, "nothing could be written to it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_is_due_however_much_is_said_before_it() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_LIMITS__HELLO_SECONDS", "1")]);
    let mut raw = Raw::upgraded(&node).await;
    flood(&raw);
    let closed = timeout(SOON, raw.closed()).await.expect("its time is over");
    assert_eq!(closed, Some((4200, "hello_required".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_talks_and_does_not_read_is_slow() {
    let world = World::new();
    let seconds = [("WARDROOM_LIMITS__WRITE_TIMEOUT_SECONDS", "2")];
    let node = world.node_with(&["--ephemeral"], &seconds);
    let mut author = author(&world, &node).await;
    let peer = stalled(&world, &node).await;
    flood(&peer);
    fill(&mut author).await;
    all_others_are_gone(&node, &mut author).await;
    assert_eq!(node.metric(r#"wardroom_closes_total{code="slow"}"#).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_handshake_is_over_in_time_whatever_is_still_said() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut author = author(&world, &node).await;
    let mut peer = stalled(&world, &node).await;
    fill(&mut author).await;
    peer.send(&masked(0x82, b"binary")).await;
    flood(&peer);
    all_others_are_gone(&node, &mut author).await;
    assert_eq!(node.metric(r#"wardroom_closes_total{code="binary_refused"}"#).await, 1);
}
