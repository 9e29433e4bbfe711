//! Every limit of one connection or person, at the limit and one past it. Limits in seconds are set short;
//! what is tested is what happens, never how soon.

use std::time::Duration;

use serde_json::{Value, json};
use wardroom_client::wire::Connection;

use crate::world::{PATIENCE, Probe, Raw, World, masked, mid, post, upgrade};

const ROOMS: &str = r#"{"id":1,"op":"rooms","d":{}}"#;

/// `ROOMS`, blown up with spaces.
fn of_length(length: usize) -> String {
    format!("{}{ROOMS}", " ".repeat(length - ROOMS.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_64_kib_whole_or_in_pieces() {
    const LIMIT: usize = 64 * 1024;
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let token = world.token("ana", &[]);
    let mut probe = node.probe(&token).await;
    probe.send(of_length(LIMIT)).await;
    probe.reply(1).await.expect("at the limit");
    probe.send(of_length(LIMIT + 1)).await;
    assert_eq!(probe.closed().await, (1009, "frame_too_large".into()));

    for (length, close) in [(LIMIT, None), (LIMIT + 1, Some((1009, "frame_too_large".into())))] {
        let mut raw = Raw::upgraded(&node).await;
        raw.hello(&token).await;
        let text = of_length(length).into_bytes();
        let (first, second) = text.split_at(LIMIT / 2);
        raw.send(&masked(0x01, first)).await;
        raw.send(&masked(0x80, second)).await;
        match close {
            None => assert!(raw.told("id").await.get("ok").is_some()),
            close => assert_eq!(raw.closed().await, close),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_nests_16_deep() {
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
        format!(r#"{{"id":1,"op":"rooms","d":{{"x":{open}{close}}}}}"#)
    };
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut probe = node.probe(&world.token("ana", &[])).await;
    probe.send(deep(16)).await;
    assert_eq!(probe.reply(1).await.unwrap_err()["code"], "bad_request", "read, then refused");
    probe.send(deep(17)).await;
    assert_eq!(probe.closed().await, (4400, "bad_envelope".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_is_due_in_time() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_LIMITS__HELLO_SECONDS", "2")]);
    let mut greeted = node.probe(&world.token("ana", &[])).await;
    let mut silent = Probe::open(&node.socket).await;
    // Frames that are no message do not stand in for it.
    let mut pinging = Raw::upgraded(&node).await;
    pinging.send(&masked(0x89, b"are you there")).await;
    let late = Some((4200, "hello_required".into()));
    assert_eq!(Some(silent.closed().await), late);
    assert_eq!(pinging.closed().await, late);
    greeted.ask("rooms", json!({})).await.expect("who said hello stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_silent_is_pinged_then_gone_and_who_answers_stays() {
    let world = World::new();
    let seconds =
        [("WARDROOM_LIMITS__PING_SECONDS", "1"), ("WARDROOM_LIMITS__SILENT_SECONDS", "5")];
    let node = world.node_with(&["--ephemeral"], &seconds);
    let (mut silent, mut answers) = (Raw::upgraded(&node).await, Raw::upgraded(&node).await);
    silent.hello(&world.token("silent", &[])).await;
    answers.hello(&world.token("answers", &[])).await;
    let gone = tokio::spawn(async move {
        let mut pings = 0;
        while let Some((first, payload)) = silent.frame().await {
            if first == 0x88 {
                return (pings, u16::from_be_bytes([payload[0], payload[1]]));
            }
            let notice: Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(notice["op"], "ping");
            assert!(notice["d"]["now"].is_u64());
            pings += 1;
        }
        panic!("no close frame");
    });
    // Answered in each way there is; any frame counts.
    for answer in [r#"{"op":"pong"}"#, r#"{"op":"typing","d":{}}"#, ROOMS].iter().cycle().take(6) {
        assert_eq!(answers.told("op").await["op"], "ping");
        answers.text(answer).await;
        if *answer == ROOMS {
            answers.told("id").await;
        }
    }
    let (pings, code) = gone.await.unwrap();
    assert!(pings >= 1, "pinged before it was called gone");
    assert_eq!(code, 4101);
    assert_eq!(node.metric(r#"wardroom_closes_total{code="silent"}"#).await, 1);
    node.until_metric("wardroom_connections", 1).await;
    answers.text(ROOMS).await;
    answers.told("ok").await;
}

/// Somebody who takes nothing at all; what was posted meanwhile is for others to read.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_blocked_for_too_long_ends_the_connection() {
    let world = World::new();
    let node = world.node_with(
        &["--ephemeral"],
        &[("WARDROOM_LIMITS__WRITE_TIMEOUT_SECONDS", "1"), ("WARDROOM_LIMITS__PING_SECONDS", "1")],
    );
    let mut author = node.probe(&world.token("author", &["moderator", "import"])).await;
    author.create("cardiology").await;
    author.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    let mut stalled = Raw::narrow(&node).await;
    stalled.upgrade().await;
    stalled.hello(&world.token("stalled", &[])).await;
    stalled.text(r#"{"id":1,"op":"join","d":{"room":"cardiology"}}"#).await;
    stalled.told("id").await;
    // Until both systems' buffers are full, and then until its time is over.
    let slow = r#"wardroom_closes_total{code="slow"}"#;
    let mut posted = 0;
    while node.metric(slow).await == 0 {
        author.post("cardiology", "T", &"z".repeat(40_000)).await.unwrap();
        author.entry().await;
        posted += 1;
        assert!(posted < 5_000, "nobody was called slow");
        if posted > 500 {
            // The buffers are full for certain; what is left is to wait.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(node.metric(slow).await, 1, "the author is not slow");
    node.until_metric("wardroom_connections", 1).await;
    author.post("cardiology", "T", "the room goes on").await.unwrap();
    assert!(author.entry().await.contains("goes on"));
    // What was on its way arrives whole, then the end; no frame is cut in the middle of nothing.
    let mut frames = 0;
    while let Some((first, _)) = stalled.frame().await {
        frames += u64::from(first == 0x81);
    }
    assert!(frames <= posted, "{frames} of {posted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sends_20_messages_a_second_and_40_at_once() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    // On two connections: the rate is the person's.
    let token = world.token("ana", &[]);
    let (mut phone, mut desk) = (node.probe(&token).await, node.probe(&token).await);
    let begun = std::time::Instant::now();
    let mut ids = Vec::new();
    for number in 0..60 {
        let probe = if number % 2 == 0 { &mut phone } else { &mut desk };
        ids.push(probe.tell("message.post", post("cardiology", "T", &mid(), "text")).await);
    }
    let (mut taken, mut refused) = (0, Vec::new());
    for (number, id) in ids.into_iter().enumerate() {
        let probe = if number % 2 == 0 { &mut phone } else { &mut desk };
        match probe.reply(id).await {
            Ok(_) => taken += 1,
            Err(error) => refused.push(error),
        }
    }
    // What flows in meanwhile depends on how busy this machine is.
    let most = 40 + begun.elapsed().as_millis() * 20 / 1_000 + 1;
    assert!((40..=most).contains(&taken), "{taken} of 60, at most {most}");
    for error in &refused {
        assert_eq!((&error["code"], &error["number"]), (&json!("rate_limited"), &json!(102)));
    }
    // One flows in every 50 ms, and whoever waits as long as they are told is not refused again.
    for _ in 0..10 {
        let (body, wait) = loop {
            let body = post("cardiology", "T", &mid(), "text");
            if let Err(error) = desk.ask("message.post", body.clone()).await {
                assert_eq!(error["code"], "rate_limited");
                break (body, error["retry_after_ms"].as_u64().unwrap());
            }
            assert!(begun.elapsed() < PATIENCE, "no limit is met");
        };
        assert!((1..=50).contains(&wait), "{wait} ms for one of 20 a second");
        tokio::time::sleep(Duration::from_millis(wait)).await;
        desk.ask("message.post", body).await.expect("as long as it was told");
    }
    // Others are not concerned; who imports is exempt, and told so.
    mo.post("cardiology", "T", "text").await.unwrap();
    let mut importer = Probe::open(&node.socket).await;
    let greeting = importer.hello(&world.token("im", &["import"])).await;
    assert_eq!(greeting["limits"].get("burst"), None);
    for _ in 0..60 {
        importer.post("cardiology", "T", "text").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_follows_128_logs() {
    const LOGS: usize = 128;
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator", "import"])).await;
    let name = |number: usize| format!("room-{number}");
    for number in 0..=LOGS {
        mo.create(&name(number)).await;
    }
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let join = |number: usize| json!({ "room": name(number) });
    for number in 0..LOGS {
        ana.ask("join", join(number)).await.unwrap();
    }
    let refused = ana.ask("join", join(LOGS)).await.unwrap_err();
    assert_eq!((&refused["code"], &refused["field"]), (&json!("too_many_logs"), &json!("/d/room")));
    ana.ask("join", join(7)).await.expect("joining anew is not one more");
    ana.ask("leave", join(7)).await.unwrap();
    ana.ask("join", join(LOGS)).await.expect("one for another");

    // The same by hello: one past the limit is told, and may be tried again.
    let resume = |count: usize| -> Value {
        let nothing = json!({ "epoch": 0, "seq": 0 });
        (0..count)
            .map(|number| (name(number), nothing.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let token = world.token("ben", &[]);
    let mut ben = Probe::open(&node.socket).await;
    let hello = |count| json!({ "token": token, "resume": resume(count) });
    let refused = ben.ask("hello", hello(LOGS + 1)).await.unwrap_err();
    assert_eq!(refused["code"], "too_many_logs");
    assert_eq!(refused["field"], "/d/resume");
    let greeting = ben.ask("hello", hello(LOGS)).await.unwrap();
    assert_eq!(greeting["rooms"].as_object().unwrap().len(), LOGS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_page_has_200_entries() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator", "import"])).await;
    mo.create("cardiology").await;
    for _ in 0..200 {
        mo.post("cardiology", "T", "text").await.unwrap();
    }
    let page = |limit: u32| json!({ "room": "cardiology", "limit": limit });
    let full = mo.ask("history", page(200)).await.unwrap();
    assert_eq!(full["entries"].as_array().unwrap().len(), 200);
    assert_eq!(full["more"], true, "the room has 201 entries");
    let unsaid = mo.ask("history", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(unsaid["entries"].as_array().unwrap().len(), 200);
    let refused = mo.ask("history", page(201)).await.unwrap_err();
    assert_eq!((&refused["code"], &refused["field"]), (&json!("bad_request"), &json!("/d/limit")));
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_due_in_time() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_LIMITS__HEADER_SECONDS", "1")]);
    let (mut nothing, mut half) = (Raw::connect(&node).await, Raw::connect(&node).await);
    half.send(&upgrade("").as_bytes()[..40]).await;
    nothing.send(b"").await;
    assert_eq!(nothing.rest().await, b"", "who says nothing hears nothing");
    let rest = half.rest().await;
    assert!(!rest.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&rest));
    Connection::open(&node.socket).await.expect("who speaks in time is served");
}
