//! Promise 10: bad input costs the sender an error with a stable code, never anyone else anything.

use serde_json::{Value, json};
use wardroom_client::wire::Connection;

use crate::world::{Node, Probe, Raw, World, mid, post, upgrade};

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_body_is_answered_and_the_connection_stays() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut ana = node.probe(&world.token("ana", &["moderator", "import"])).await;
    ana.create("cardiology").await;
    let good = || post("cardiology", "T", &mid(), "text");
    let with = |field: &str, value: Value| {
        let mut body = good();
        body[field] = value;
        body
    };
    let rows: Vec<(&str, Value, &str, Option<&str>)> = vec![
        ("message.post", json!({}), "bad_request", Some("/d/room")),
        ("message.post", json!([]), "bad_request", Some("/d")),
        ("message.post", with("surprise", json!(1)), "bad_request", Some("/d")),
        ("message.post", with("mid", json!("x")), "bad_request", Some("/d")),
        (
            "message.post",
            with("mid", json!("00000000-0000-0000-0000-000000000000")),
            "bad_request",
            Some("/d"),
        ),
        ("message.post", with("kind", json!("poem")), "bad_request", Some("/d")),
        ("message.post", with("room", json!("Cardiology")), "bad_request", Some("/d")),
        ("message.post", with("room", json!("nowhere")), "unknown_room", Some("/d/room")),
        ("message.post", with("body", json!(" \n ")), "bad_text", Some("/d/body")),
        ("message.post", with("body", json!("a\u{0}b")), "bad_text", Some("/d/body")),
        ("message.post", with("topic", json!("a\nb")), "bad_text", Some("/d/topic")),
        ("message.post", with("topic", json!("t".repeat(200))), "", None),
        ("message.post", with("topic", json!("t".repeat(201))), "too_large", Some("/d/topic")),
        ("message.post", with("reply_to", json!(mid())), "unknown_message", Some("/d/reply_to")),
        ("message.post", with("tags", json!(["ok", ""])), "bad_text", Some("/d/tags")),
        (
            "message.redact",
            json!({ "room": "cardiology", "mid": mid(), "of": mid(), "reason": "r" }),
            "unknown_message",
            Some("/d/of"),
        ),
        ("message.post", with("tags", json!(vec!["t"; 16])), "", None),
        ("message.post", with("tags", json!(vec!["t"; 17])), "too_large", Some("/d/tags")),
        (
            "message.report",
            json!({ "room": "cardiology", "mid": mid(), "of": mid(), "reason": "r".repeat(2_001) }),
            "too_large",
            Some("/d/reason"),
        ),
        ("history", json!({ "room": "cardiology", "limit": 0 }), "bad_request", Some("/d/limit")),
        ("history", json!({ "room": "cardiology", "limit": 200 }), "", None),
        ("history", json!({ "room": "cardiology", "limit": 201 }), "bad_request", Some("/d/limit")),
        (
            "history",
            json!({ "room": "cardiology", "after": { "epoch": 0, "seq": 0 }, "before": { "epoch": 0, "seq": 0 } }),
            "bad_request",
            Some("/d/before"),
        ),
        ("join", json!({ "room": "cardiology", "from": "yesterday" }), "bad_request", Some("/d")),
        (
            "join",
            json!({ "room": "cardiology", "from": { "last": -1 } }),
            "bad_request",
            Some("/d"),
        ),
        ("leave", json!({ "room": "cardiology" }), "not_joined", Some("/d/room")),
        ("rooms", json!({ "limit": 1e3 }), "bad_request", Some("/d")),
        ("room.destroy", json!({}), "unknown_op", None),
        ("hello", json!({ "token": "x" }), "already_greeted", None),
    ];
    for (op, body, code, field) in rows {
        let text = body.to_string();
        match ana.ask(op, body).await {
            Ok(_) => assert_eq!(code, "", "{op} {text} was taken"),
            Err(error) => {
                assert_eq!(error["code"], code, "{op} {text}: {error}");
                assert_eq!(error["field"].as_str(), field, "{op} {text}: {error}");
                assert!(!error["message"].as_str().unwrap().contains("surprise"), "{error}");
            }
        }
    }
    ana.ask("message.post", good()).await.expect("the connection is as before");
}

/// A connection that has said hello and sends one thing; how it is closed.
async fn closed_by(node: &Node, token: &str, frame: &str) -> (u16, String) {
    let mut probe = node.probe(token).await;
    probe.send(frame).await;
    probe.closed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_envelope_closes() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let token = world.token("ana", &[]);
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
        format!(r#"{{"id":1,"op":"rooms","d":{{"x":{open}{close}}}}}"#)
    };
    for frame in [
        "",
        "hello",
        "[]",
        "{}",
        r#"{"id":1}"#,
        r#"{"id":1,"op":7}"#,
        r#"{"id":-1,"op":"rooms"}"#,
        r#"{"id":1.5,"op":"rooms"}"#,
        r#"{"id":9007199254740992,"op":"rooms"}"#,
        r#"{"id":1,"id":2,"op":"rooms"}"#,
        r#"{"id":1,"op":"rooms","extra":true}"#,
        r#"{"id":1,"op":"rooms","d":{}"#,
        r#"{"id":1,"op":"\ud800"}"#,
        &deep(17),
    ] {
        let closed = closed_by(&node, &token, frame).await;
        assert_eq!(closed, (4400, "bad_envelope".into()), "{frame}");
    }
    let mut probe = node.probe(&token).await;
    probe.send(deep(16)).await;
    assert_eq!(probe.reply(1).await.unwrap_err()["code"], "bad_request", "at the limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_heard_before_hello() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_LIMITS__HELLO_SECONDS", "1")]);
    let mut probe = Probe::open(&node.socket).await;
    probe.send(r#"{"id":1,"op":"rooms"}"#).await;
    assert_eq!(probe.closed().await, (4200, "hello_required".into()));
    let mut silent = Probe::open(&node.socket).await;
    assert_eq!(silent.closed().await, (4200, "hello_required".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_judged_before_they_are_buffered() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let token = world.token("ana", &["moderator"]);
    let frame = |length: usize| {
        let mut text = r#"{"id":1,"op":"rooms","d":{"#.to_owned();
        text.push_str(&" ".repeat(length - text.len() - 2));
        text.push_str("}}");
        text
    };
    let mut probe = node.probe(&token).await;
    probe.send(frame(64 * 1024)).await;
    probe.reply(1).await.expect("at the limit");
    let closed = closed_by(&node, &token, &frame(64 * 1024 + 1)).await;
    assert_eq!(closed, (1009, "frame_too_large".into()));

    for (name, bytes, code) in [
        ("an unmasked frame", vec![0x81, 0x02, b'{', b'}'], 1002),
        ("a reserved bit", vec![0xc1, 0x80, 0, 0, 0, 0], 1002),
        ("an opcode that is none", vec![0x83, 0x80, 0, 0, 0, 0], 1002),
        ("a long ping", [vec![0x89, 0xfe, 0, 126], vec![0; 4]].concat(), 1002),
        ("a ping in pieces", vec![0x09, 0x80, 0, 0, 0, 0], 1002),
        ("2^40 bytes announced", vec![0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1009),
        ("a binary frame", vec![0x82, 0x80, 0, 0, 0, 0], 1003),
        ("no UTF-8", vec![0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], 1007),
    ] {
        assert_eq!(raw(&node, &bytes).await, Some(code), "{name}");
    }
}

/// Upgrades by hand, sends bytes as they are, and reads until the server's close frame.
async fn raw(node: &Node, bytes: &[u8]) -> Option<u16> {
    raw_with(node, "", bytes).await
}

async fn raw_with(node: &Node, headers: &str, bytes: &[u8]) -> Option<u16> {
    let mut raw = Raw::connect(node).await;
    raw.send(upgrade(headers).as_bytes()).await;
    raw.head().await?;
    raw.send(bytes).await;
    raw.closed().await.map(|(code, _)| code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_is_checked_whole() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    for (headers, status, reason) in [
        ("origin: https://evil.example\r\n", 403, "origin_not_allowed"),
        ("origin: null\r\n", 403, "origin_not_allowed"),
        ("sec-websocket-version: 8\r\n", 426, "websocket_version"),
        ("sec-websocket-key: AAAA\r\n", 400, "websocket_key"),
        ("sec-websocket-key: !!!!\r\n", 400, "websocket_key"),
        ("sec-websocket-protocol: graphql-ws\r\n", 400, "subprotocol"),
        ("upgrade: h2c\r\n", 426, "not_websocket"),
    ] {
        let request = upgrade(headers).replace("Upgrade\r\n", "Upgrade, close\r\n");
        let (got, body) = node.http(&request).await;
        assert_eq!(got, status, "{headers}: {body}");
        assert!(body.contains(reason), "{headers}: {body}");
    }
    // The node's own page may connect; here it then breaks the protocol, so that the node hangs up.
    let own = format!("origin: {}\r\n", node.url);
    assert_eq!(raw_with(&node, &own, &[0x81, 0x00]).await, Some(1002));
    Connection::open(&node.socket).await.expect("a client without an origin");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_has_a_rate() {
    let world = World::new();
    let node = world.node_with(
        &["--ephemeral"],
        &[("WARDROOM_LIMITS__BURST", "5"), ("WARDROOM_LIMITS__MESSAGES_PER_SECOND", "1")],
    );
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let mut ana = node.probe(&world.token("ana", &[])).await;
    for _ in 0..5 {
        ana.post("cardiology", "T", "text").await.unwrap();
    }
    let refused = ana.post("cardiology", "T", "text").await.unwrap_err();
    assert_eq!(refused["code"], "rate_limited");
    assert!(refused["retry_after_ms"].as_u64().unwrap() <= 1000);
    // Somebody else is not concerned, an import neither.
    mo.post("cardiology", "T", "text").await.unwrap();
    let mut importer = node.probe(&world.token("im", &["import"])).await;
    for _ in 0..20 {
        importer.post("cardiology", "T", "text").await.unwrap();
    }
}
