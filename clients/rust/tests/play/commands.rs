//! Ops by their names, read markers, and what a mailbox tells a second device.

use serde_json::json;
use wardroom_client::protocol::code::ErrorCode;
use wardroom_client::protocol::message::{AboutMessage, React, Reaction};
use wardroom_client::{Client, Error, Event, From, Unread, Written};

use crate::fake::{EPOCH, Server, joined, mid, next, soon};

#[tokio::test]
async fn a_command_is_what_the_protocol_says_and_is_sent_until_it_is_answered() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let (room, of): (_, _) = ("cardiology".parse().unwrap(), mid(4).parse().unwrap());
    let react = React { room, mid: Client::mid(), of, reaction: Reaction::Thanks };
    let (written, ()) =
        tokio::join!(client.command::<_, Written>("message.react", &react), async {
            let (id, first) = peer.expect("message.react").await;
            assert_eq!((&first["of"], &first["reaction"]), (&json!(mid(4)), &json!("thanks")));
            peer.refuse(id, 102, "rate_limited", Some(1)).await;
            let (id, again) = peer.expect("message.react").await;
            assert_eq!(first, again, "an act keeps its mid");
            peer.written(id, 5).await;
        });
    assert_eq!(written.unwrap().position.seq, 5);

    let pin = AboutMessage { room: "cardiology".parse().unwrap(), mid: Client::mid(), of };
    let (refused, ()) = tokio::join!(client.command::<_, Written>("message.pin", &pin), async {
        let (id, _) = peer.expect("message.pin").await;
        peer.refuse(id, 203, "forbidden", None).await;
    });
    assert!(refused.unwrap_err().is(ErrorCode::Forbidden));
    let (misread, ()) = tokio::join!(client.command::<_, Written>("message.unpin", &pin), async {
        let (id, _) = peer.expect("message.unpin").await;
        peer.ok(id, &json!({"pinned": false})).await;
    });
    assert!(matches!(misread, Err(Error::Answer { op: "message.unpin" })));
}

#[tokio::test]
async fn what_the_client_sends_by_itself_is_no_command_of_the_app() {
    let server = Server::start().await;
    let (client, _peer) = server.client().await;
    for op in ["hello", "refresh", "join", "leave", "message.post", "typing", "pong"] {
        let body = json!({});
        let asking = client.command::<_, Written>(op, &body);
        let refused = soon("a refusal", asking).await.unwrap_err();
        assert!(matches!(refused, Error::OwnOp { .. }), "{op}: {refused}");
    }
    let no_json = std::collections::BTreeMap::from([([1, 2], 3)]);
    let refused = client.command::<_, Written>("message.edit", &no_json).await.unwrap_err();
    assert!(matches!(refused, Error::Body { op: "message.edit" }), "{refused}");
}

#[tokio::test]
async fn what_was_read_is_marked_and_heard_by_the_other_device() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let room = "cardiology".parse().unwrap();
    let ranges = [[7, 9], [1, 2], [3, 3]];
    let (written, ()) = tokio::join!(client.mark_read(&room, ranges), async {
        let (id, body) = peer.expect("read.mark").await;
        assert_eq!((&body["room"], &body["ranges"]), (&json!(room), &json!([[1, 3], [7, 9]])));
        peer.written(id, 1).await;
    });
    written.unwrap();

    let mut mailbox = peer.join(&client, "@me", From::Start, joined(0, 2)).await;
    for (seq, room, ranges) in
        [(1, "cardiology", [[1, 3], [7, 9]]), (2, "oncology", [[1, 1], [4, 5]])]
    {
        let entry = json!({
            "room": "@me", "epoch": EPOCH, "seq": seq, "at": 5, "by": {"id": "me"},
            "op": "read.marked", "mid": mid(seq), "d": {"room": room, "ranges": ranges},
        });
        peer.send(entry.to_string()).await;
    }
    let mut unread = Unread::new();
    unread.head(10);
    for about in [true, false] {
        let event = next(&mut mailbox).await;
        assert!(matches!(event, Event::ReadMarked(_)), "{event:?}");
        assert_eq!(unread.hear(&room, &event), about);
        assert_eq!(unread.hear(&room, &event), about, "twice is once");
    }
    assert_eq!((unread.count(), unread.first()), (4, Some(4)));
    assert!(matches!(soon("the head", mailbox.next()).await, Some(Event::CaughtUp(_))));
}
