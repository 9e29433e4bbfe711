//! Posts that a moderator looks at first: nobody else waits for them, and their handles come to an end.

use serde_json::{Value, json};
use wardroom_client::protocol::code::ErrorCode;
use wardroom_client::{Draft, From};

use crate::fake::{EPOCH, Server, entry, joined, mid, soon};

/// The server's own time: a test that waited for it would not end.
const HELD_MS: u64 = 3_600_000;

#[tokio::test]
async fn a_held_post_says_so_and_holds_up_nobody() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let cardiology = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let oncology = peer.join(&client, "oncology", From::Now, joined(1, 1)).await;
    let of = mid(9).parse().unwrap();
    let mut waits = cardiology.post(Draft::new("Rounds", "waits").mid(of));
    let (id, _) = peer.expect("message.post").await;
    assert!(!waits.is_held());
    peer.refuse(id, 107, "held", Some(HELD_MS)).await;
    assert!(soon("the hold", waits.held()).await && waits.is_held());

    for room in [&cardiology, &oncology, &cardiology] {
        let mut goes = room.post(Draft::new("Rounds", "goes on"));
        let (id, body) = peer.expect("message.post").await;
        assert_eq!((&body["body"], &body["after"]), (&json!("goes on"), &Value::Null));
        peer.written(id, 2).await;
        assert!(!soon("no hold", goes.held()).await, "the answer was definite");
        soon("the answer", goes).await.unwrap();
    }

    // Its entry tells that it was released: the same mid gets the definite answer.
    peer.send(entry("cardiology", 2)).await;
    peer.send(entry("cardiology", 3).replace(&mid(3), &mid(9))).await;
    let (id, body) = peer.expect("message.post").await;
    assert_eq!((&body["mid"], &body["body"]), (&json!(mid(9)), &json!("waits")));
    let answer = json!({"position": {"epoch": EPOCH, "seq": 3}, "at": 5, "duplicate": true});
    peer.ok(id, &answer).await;
    assert_eq!(soon("the release", &mut waits).await.unwrap().position.seq, 3);
    assert!(!waits.is_held());
}

#[tokio::test]
async fn a_note_of_the_mailbox_ends_what_was_declined_and_a_cut_asks_again() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mailbox = client.mailbox();
    assert_eq!(mailbox.as_str(), "@me");
    let _mailbox = peer.join(&client, "@me", From::Start, joined(0, 0)).await;
    let of = mid(9).parse().unwrap();
    let post = Draft::new("Rounds", "waits").mid(of).into_post("cardiology".parse().unwrap());
    let mut waits = client.post(post);
    let (id, first) = peer.expect("message.post").await;
    peer.refuse(id, 107, "held", Some(HELD_MS)).await;
    assert!(soon("the hold", waits.held()).await);
    let filed = json!({
        "room": "@me", "epoch": EPOCH, "seq": 1, "n": 1, "at": 5, "by": {"id": "mo"},
        "op": "notification.filed", "mid": mid(1),
        "d": {"room": "cardiology", "seq": 0, "of": mid(9), "why": "declined"},
    });
    peer.send(filed.to_string()).await;
    peer.expect("message.post").await;
    peer.cut();

    let (mut peer, _) = server.greet(|_| json!({"@me": {"ok": joined(1, 1)}})).await;
    let (id, again) = peer.expect("message.post").await;
    assert_eq!(first, again, "the same command, to the letter");
    assert!(waits.is_held());
    peer.refuse(id, 220, "declined", None).await;
    assert!(soon("the end", waits).await.unwrap_err().is(ErrorCode::Declined));
}
