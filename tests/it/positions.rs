//! Promise 4: a gap is never silent. And the ends of connections.

use serde_json::{Value, json};

use crate::world::{Probe, Raw, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_position_off_the_line_is_told_with_the_last_common_one() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let token = world.token("ana", &["moderator"]);
    let mut ana = node.probe(&token).await;
    ana.create("cardiology").await;
    for body in ["one", "two"] {
        ana.post("cardiology", "T", body).await.unwrap();
    }
    let head = ana.ask("join", json!({ "room": "cardiology" })).await.unwrap()["position"].clone();
    let epoch = head["epoch"].as_u64().unwrap();
    let at = |epoch: u64, seq: u64| json!({ "epoch": epoch, "seq": seq });
    for (asked, recovered, after) in [
        (at(epoch, 3), true, at(epoch, 3)),
        (at(epoch, 1), true, at(epoch, 1)),
        (at(0, 0), true, at(0, 0)),
        (at(epoch, 4), false, at(epoch, 3)),
        (at(epoch + 7, 9), false, at(epoch, 3)),
        (at(epoch + 7, 2), false, at(epoch, 1)),
        (at(epoch - 7, 2), false, at(0, 0)),
    ] {
        let mut ben = Probe::open(&node.socket).await;
        let hello = json!({ "token": token, "resume": { "cardiology": asked } });
        let greeting = ben.ask("hello", hello).await.unwrap();
        let joined = &greeting["rooms"]["cardiology"]["ok"];
        assert_eq!(joined["recovered"], recovered, "{asked}");
        assert_eq!(joined["after"], after, "{asked}");
        for seq in after["seq"].as_u64().unwrap() + 1..=3 {
            assert!(ben.entry().await.contains(&format!("\"seq\":{seq},")), "{asked}");
        }
    }
    let mut ben = Probe::open(&node.socket).await;
    let resume = json!({ "cardiology": at(epoch, 3), "nowhere": at(1, 1) });
    let greeting = ben.ask("hello", json!({ "token": token, "resume": resume })).await.unwrap();
    assert_eq!(greeting["rooms"]["cardiology"]["ok"]["recovered"], true);
    assert_eq!(greeting["rooms"]["nowhere"]["error"]["code"], "unknown_room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_follows_so_many_logs() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_LIMITS__LOGS_PER_CONNECTION", "2")]);
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    for room in ["a", "b", "c"] {
        ana.create(room).await;
    }
    for room in ["a", "b", "a"] {
        ana.ask("join", json!({ "room": room })).await.unwrap();
    }
    let refused = ana.ask("join", json!({ "room": "c" })).await.unwrap_err();
    assert_eq!(refused["code"], "too_many_logs");
    ana.ask("leave", json!({ "room": "a" })).await.unwrap();
    ana.ask("join", json!({ "room": "c" })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_is_gone_and_who_answers_pings_stays() {
    let world = World::new();
    let env = [("WARDROOM_LIMITS__PING_SECONDS", "1"), ("WARDROOM_LIMITS__SILENT_SECONDS", "2")];
    let node = world.node_with(&["--ephemeral"], &env);
    let token = world.token("ana", &["moderator"]);
    let mut silent = node.probe(&token).await;
    let mut polite = node.probe(&token).await;
    // The polite one answers pings inside `receive`; the silent one only reads.
    let silent = tokio::spawn(async move {
        loop {
            if let Err(ended) = silent.wire.receive().await {
                return ended;
            }
        }
    });
    let ended = loop {
        tokio::select! {
            biased;
            frame = polite.receive() => assert!(frame.is_ok(), "the polite one was cut off"),
            () = async { while !silent.is_finished() { tokio::task::yield_now().await; } } => {
                break silent.await.unwrap();
            }
        }
    };
    let silent = wardroom_client::wire::Ended::Closed { code: 4101, reason: "silent".into() };
    assert_eq!(ended, silent);
    polite.ask("rooms", json!({})).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_tells_everybody_and_ends_well() {
    let world = World::new();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    ana.create("cardiology").await;
    let stopping = tokio::task::spawn_blocking(move || node.stop());
    let notice = ana.op("drain").await;
    assert_eq!(notice["d"]["within_ms"], 1000);
    assert_eq!(ana.closed().await, (4000, "drain".into()));
    assert!(stopping.await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_health_and_readiness() {
    let world = World::new();
    let node = world.node();
    assert_eq!(node.get("/healthz").await, (200, "ok\n".into()));
    assert_eq!(node.get("/readyz").await, (200, "ready\n".into()));
    let (status, page) = node
        .http("GET / HTTP/1.1\r\nhost: t\r\naccept: text/html\r\nconnection: close\r\n\r\n")
        .await;
    assert_eq!(status, 200);
    assert!(page.contains("Wardroom"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_without_id_is_not_answered_and_followed() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    ana.create("cardiology").await;
    let mut raw = Raw::upgraded(&node).await;
    raw.hello(&world.token("ben", &[])).await;
    raw.text(r#"{"op":"join","d":{"room":"cardiology","from":"start"}}"#).await;
    raw.text(r#"{"op":"join","d":{"room":"nowhere"}}"#).await;
    raw.text(r#"{"id":7,"op":"rooms","d":{}}"#).await;
    // Commands are done in order; presence may be told between.
    let (mut followed, mut answered) = (false, false);
    while !(followed && answered) {
        let (_, payload) = raw.frame().await.expect("a frame before the end");
        let frame: Value = serde_json::from_slice(&payload).unwrap();
        followed |= frame["op"] == "room.created";
        if let Some(id) = frame.get("id") {
            assert_eq!(id, 7, "{frame}");
            answered = true;
        }
    }
}
