//! Writing: lost answers, order, limits.

use serde_json::{Value, json};
use wardroom_client::protocol::code::ErrorCode;
use wardroom_client::{Client, Draft, Error, From};

use crate::fake::{Server, TOKEN, joined, soon};

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_mid() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let sending = room.post(Draft::new("Rounds", "once only"));
    let (_, first) = peer.expect("message.post").await;
    assert_eq!(first["mid"], sending.mid().to_string());
    peer.cut();

    let (mut peer, _) = server.greet(|_| json!({"cardiology": {"ok": joined(1, 2)}})).await;
    let (id, second) = peer.expect("message.post").await;
    assert_eq!(first, second, "the same command, to the letter");
    let answer = json!({"position": {"epoch": 1, "seq": 2}, "at": 5, "duplicate": true});
    peer.ok(id, &answer).await;
    let written = soon("the answer", sending).await.unwrap();
    assert_eq!((written.position.seq, written.duplicate), (2, true));
}

#[tokio::test]
async fn posts_in_flight_name_the_one_before_and_are_at_most_48() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let sendings: Vec<_> =
        (0..60).map(|i| room.post(Draft::new("Rounds", format!("{i}")))).collect();
    let mut ids = Vec::new();
    let mut before = Value::Null;
    for i in 0..48 {
        let (id, body) = peer.expect("message.post").await;
        assert_eq!(body["body"], i.to_string());
        assert_eq!(body["after"], before, "post {i}");
        before = body["mid"].clone();
        ids.push(id);
    }
    // The window is full. A request would come through only after an answer, so the next frame
    // after one answer is post 48 and nothing else.
    peer.written(ids[0], 2).await;
    let (_, body) = peer.expect("message.post").await;
    assert_eq!(body["body"], "48");
    assert_eq!(
        soon("an answer", sendings.into_iter().next().unwrap()).await.unwrap().position.seq,
        2
    );
}

#[tokio::test]
async fn out_of_order_is_sent_again_in_order() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let sendings: Vec<_> =
        ["a", "b", "c"].map(|text| room.post(Draft::new("Rounds", text))).into_iter().collect();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(peer.expect("message.post").await.0);
    }
    peer.refuse(ids[0], 101, "overloaded", Some(1)).await;
    peer.refuse(ids[1], 105, "out_of_order", None).await;
    peer.refuse(ids[2], 105, "out_of_order", None).await;
    // The window has shrunk to a few, so the order is that of the answers.
    let mut order = Vec::new();
    let mut log: Vec<Value> = Vec::new();
    while order.len() < 3 {
        let (id, body) = peer.expect("message.post").await;
        let after = &body["after"];
        if after.is_null() || log.contains(after) {
            order.push(body["body"].as_str().unwrap().to_owned());
            log.push(body["mid"].clone());
            peer.written(id, 1 + log.len() as u64).await;
        } else {
            peer.refuse(id, 105, "out_of_order", None).await;
        }
    }
    assert_eq!(order, ["a", "b", "c"]);
    for sending in sendings {
        soon("an answer", sending).await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_post_does_not_hold_up_the_next() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let bad = room.post(Draft::new("", "no topic"));
    let good = room.post(Draft::new("Rounds", "fine"));
    let (bad_id, _) = peer.expect("message.post").await;
    let (good_id, _) = peer.expect("message.post").await;
    peer.refuse(bad_id, 200, "bad_request", None).await;
    peer.refuse(good_id, 105, "out_of_order", None).await;
    let (id, body) = peer.expect("message.post").await;
    assert_eq!(body["body"], "fine");
    assert_eq!(body["after"], Value::Null, "the one before it will never be logged");
    peer.written(id, 2).await;
    assert!(soon("no", bad).await.unwrap_err().is(ErrorCode::BadRequest));
    assert_eq!(soon("yes", good).await.unwrap().position.seq, 2);
}

#[tokio::test]
async fn retryable_answers_are_retried_with_the_same_mid() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let sending = room.post(Draft::new("Rounds", "again"));
    for (number, code, wait) in [
        (102, "rate_limited", Some(1)),
        (104, "unknown", None),
        (100, "internal", None),
        (199, "new_in_a_later_version", Some(1)),
    ] {
        let (id, body) = peer.expect("message.post").await;
        assert_eq!(body["mid"], sending.mid().to_string());
        peer.refuse(id, number, code, wait).await;
    }
    let (id, _) = peer.expect("message.post").await;
    peer.written(id, 2).await;
    soon("the answer", sending).await.unwrap();
}

#[tokio::test]
async fn requests_are_sent_again_after_a_cut() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let of = Client::mid();
    let writer = room.writer();
    let redacting = tokio::spawn(async move { writer.redact(of, "entered in error").await });
    let (_, first) = peer.expect("message.redact").await;
    peer.cut();
    let (mut peer, _) = server.greet(|_| json!({"cardiology": {"ok": joined(1, 2)}})).await;
    let (id, second) = peer.expect("message.redact").await;
    assert_eq!(first, second, "an act keeps its mid");
    peer.written(id, 3).await;
    assert_eq!(soon("the answer", redacting).await.unwrap().unwrap().position.seq, 3);
}

#[tokio::test]
async fn a_full_outbox_says_so_and_an_oversize_post_never_leaves() {
    let server = Server::start().await;
    let builder = Client::builder(server.url.as_str(), TOKEN).outbox(2);
    let (client, (mut peer, _)) = tokio::join!(builder.connect(), server.greet(|_| json!({})));
    let client = client.unwrap();
    let room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let huge = room.post(Draft::new("Rounds", "x".repeat(70_000)));
    let refused = soon("the size check", huge).await.unwrap_err();
    assert!(matches!(refused, Error::TooLarge { limit: 65_536, .. }), "{refused}");
    let _first = room.post(Draft::new("Rounds", "1"));
    let _second = room.post(Draft::new("Rounds", "2"));
    let third = soon("the bound", room.post(Draft::new("Rounds", "3"))).await;
    assert!(matches!(third, Err(Error::OutboxFull { capacity: 2 })));
    let waiting = tokio::spawn({
        let writer = room.writer();
        async move { writer.post_when_room(Draft::new("Rounds", "4")).await.await }
    });
    let (id, body) = peer.expect("message.post").await;
    assert_eq!(body["body"], "1");
    peer.written(id, 2).await;
    peer.expect("message.post").await;
    let (id, body) = peer.expect("message.post").await;
    assert_eq!(body["body"], "4");
    peer.written(id, 4).await;
    soon("the place", waiting).await.unwrap().unwrap();
}
