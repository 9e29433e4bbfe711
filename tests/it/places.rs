//! How many may be here at once: connections of a node and of an address, and handshakes. At the limit and
//! one past it.

use serde_json::{Value, json};
use wardroom_client::wire::Connection;

use crate::world::{Raw, World, upgrade};

/// The answer to an upgrade: status, `Retry-After`, and the code of its body.
async fn answer(mut raw: Raw, headers: &str) -> (u16, Option<String>, Option<String>) {
    raw.send(upgrade(headers).as_bytes()).await;
    let head = raw.head().await.expect("an answer").to_ascii_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let field = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(ToOwned::to_owned)
    };
    if status == 101 {
        return (status, None, None);
    }
    let retry = field("retry-after");
    let length: usize = field("content-length").unwrap().parse().unwrap();
    assert_eq!(field("content-type").as_deref(), Some("application/json"));
    let body: Value = serde_json::from_slice(&raw.bytes(length).await).unwrap();
    assert!(body["message"].is_string(), "{body}");
    (status, retry, body["code"].as_str().map(ToOwned::to_owned))
}

fn told(status: u16, retry: &str, code: &str) -> (u16, Option<String>, Option<String>) {
    (status, Some(retry.into()), Some(code.into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_has_so_many_websockets() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_SERVER__MAX_CONNECTIONS", "3")]);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(node.probe(&world.token("ana", &[])).await);
    }
    let refused = answer(Raw::connect(&node).await, "").await;
    assert_eq!(refused, told(503, "5", "busy"));
    assert_eq!(node.metric(r#"wardroom_handshakes_refused_total{reason="busy"}"#).await, 1);
    assert_eq!(node.get("/healthz").await.0, 200, "operators still get in");
    held.pop().unwrap().wire.close().await;
    node.until_metric("wardroom_connections", 2).await;
    // The seat is given back right after the count goes down.
    while answer(Raw::connect(&node).await, "").await.0 != 101 {}
    held[0].ask("rooms", json!({})).await.expect("those who are here are served");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_so_many_websockets() {
    let world = World::new();
    let env = [("WARDROOM_SERVER__MAX_PER_ADDRESS", "2")];
    let node = world.node_with(&["--ephemeral"], &env);
    let _held = (Raw::upgraded(&node).await, Raw::upgraded(&node).await);
    // Without a proxy nobody's word counts for who they are.
    for headers in ["", "x-forwarded-for: 192.0.2.1\r\n"] {
        let refused = answer(Raw::connect(&node).await, headers).await;
        assert_eq!(refused, told(429, "5", "too_many_connections"), "{headers}");
    }
    drop(node);

    let env = [env[0], ("WARDROOM_SERVER__TRUSTED_PROXY", "true")];
    let node = world.node_with(&["--ephemeral"], &env);
    let mut held = Vec::new();
    // The proxy's own word is the last one; what its peer claims stands before it.
    for (headers, status) in [
        ("x-forwarded-for: 192.0.2.1\r\n", 101),
        ("x-forwarded-for: 198.51.100.9, 192.0.2.1\r\n", 101),
        ("x-forwarded-for: 203.0.113.7, 192.0.2.1\r\n", 429),
        ("x-forwarded-for: 198.51.100.9\r\nx-forwarded-for: 192.0.2.1\r\n", 429),
        ("x-forwarded-for: 192.0.2.2\r\n", 101),
        ("x-forwarded-for: nonsense\r\n", 101),
    ] {
        let mut raw = Raw::connect(&node).await;
        raw.send(upgrade(headers).as_bytes()).await;
        let head = raw.head().await.unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {head}");
        held.push(raw);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_handshakes_are_in_flight() {
    let world = World::new();
    let env = [("WARDROOM_SERVER__MAX_HANDSHAKES", "2"), ("WARDROOM_LIMITS__HEADER_SECONDS", "3")];
    let node = world.node_with(&["--ephemeral"], &env);
    // Upgraded, it has left the handshakes.
    let mut here = node.probe(&world.token("ana", &[])).await;
    let from = async |address| Raw::connect_from(address, &node).await;
    let silent = [from("127.0.0.1").await, from("127.0.0.2").await];
    let refused = answer(from("127.0.0.3").await, "").await;
    assert_eq!(refused, told(503, "5", "busy"));
    here.ask("rooms", json!({})).await.expect("those who are here are served");
    for raw in silent {
        assert_eq!(raw.rest().await, b"");
    }
    Connection::open(&node.socket).await.expect("there is a place again");
}

/// Who opens sockets and says nothing keeps out nobody but their own.
#[tokio::test(flavor = "multi_thread")]
async fn one_address_does_not_take_every_handshake() {
    let world = World::new();
    let env = [("WARDROOM_SERVER__MAX_HANDSHAKES", "4"), ("WARDROOM_LIMITS__HEADER_SECONDS", "60")];
    let node = world.node_with(&["--ephemeral"], &env);
    let from = async |address| Raw::connect_from(address, &node).await;
    let _silent = [from("127.0.0.1").await, from("127.0.0.1").await];
    for _ in 0..4 {
        let refused = answer(from("127.0.0.1").await, "").await;
        assert_eq!(refused, told(429, "5", "too_many_connections"));
    }
    let mut served = Vec::new();
    for _ in 0..8 {
        let mut other = from("127.0.0.2").await;
        other.upgrade().await;
        other.hello(&world.token("ana", &[])).await;
        served.push(other);
    }
    let reason = r#"wardroom_handshakes_refused_total{reason="too_many_connections"}"#;
    let mut operator = from("127.0.0.3").await;
    operator.send(b"GET /metrics HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await;
    let metrics = String::from_utf8(operator.rest().await).unwrap();
    assert!(metrics.contains(&format!("{reason} 4")), "{metrics}");

    // Behind a proxy all have one address until their headers are read.
    let env = [&env[..], &[("WARDROOM_SERVER__TRUSTED_PROXY", "true")]].concat();
    let node = world.node_with(&["--ephemeral"], &env);
    let from = async |address| Raw::connect_from(address, &node).await;
    let mut silent = Vec::new();
    for _ in 0..4 {
        silent.push(from("127.0.0.1").await);
    }
    assert_eq!(answer(from("127.0.0.1").await, "").await, told(503, "5", "busy"));
}
