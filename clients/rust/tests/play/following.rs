//! Reading: resume, gaps, dedupe, unknown ops.

use serde_json::json;
use wardroom_client::{Event, From};

use crate::fake::{EPOCH, Server, TOKEN, entry, joined, next, seqs_until, soon};

#[tokio::test]
async fn a_cut_in_mid_replay_resumes_without_gap_or_double() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Start, joined(0, 5)).await;
    for seq in 1..=3 {
        peer.send(entry("cardiology", seq)).await;
    }
    assert_eq!(seqs_until(&mut room, 3).await, [1, 2, 3]);
    peer.cut();

    let (mut peer, resume) = server.greet(|_| json!({"cardiology": {"ok": joined(3, 6)}})).await;
    assert_eq!(resume, json!({"cardiology": {"epoch": EPOCH, "seq": 3}}));
    // A server may repeat itself; the app must not see it.
    for seq in [3, 4, 4, 5, 2, 6, 7] {
        peer.send(entry("cardiology", seq)).await;
    }
    let Event::Rejoined(rejoined) = next(&mut room).await else {
        panic!("the app was not told that the log was joined again");
    };
    assert_eq!(rejoined.joined.after.seq, 3);
    assert!(!rejoined.reset);
    assert_eq!(seqs_until(&mut room, 6).await, [4, 5, 6]);
    let Event::CaughtUp(position) = next(&mut room).await else {
        panic!("the app was not told that it had caught up");
    };
    assert_eq!(position.seq, 6);
    assert_eq!(seqs_until(&mut room, 7).await, [7]);
}

#[tokio::test]
async fn an_empty_replay_is_caught_up_at_once_and_raw_bytes_are_exact() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Now, joined(4, 4)).await;
    assert_eq!(room.joined().position.seq, 4);
    assert!(matches!(next(&mut room).await, Event::CaughtUp(at) if at.seq == 4));
    // Spaces and unknown fields are part of the bytes and of nothing else.
    let text = entry("cardiology", 5).replacen('{', "{ \"later\" : [1], ", 1);
    peer.send(text.clone()).await;
    let event = next(&mut room).await;
    let Event::Posted(posted) = &event else {
        panic!("not a message: {event:?}");
    };
    assert_eq!(posted.entry.raw(), text);
    assert_eq!(posted.body(), Some("message 5"));
    assert_eq!(posted.author(), Some("Sam Example"));
    let shown = format!("{event:?} {client:?} {room:?}");
    assert!(!shown.contains("message 5") && !shown.contains(TOKEN), "{shown}");
}

#[tokio::test]
async fn a_jump_is_filled_from_history_once() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Start, joined(0, 0)).await;
    for seq in [1, 2, 6, 7] {
        peer.send(entry("cardiology", seq)).await;
    }
    let (id, body) = peer.expect("history").await;
    assert_eq!(body["after"], json!({"epoch": EPOCH, "seq": 2}));
    peer.send(entry("cardiology", 8)).await;
    let page = format!(
        r#"{{"id":{id},"ok":{{"entries":[{},{},{}],"range":{{"from":3,"to":5}},"position":{{"epoch":{EPOCH},"seq":8}},"first":{{"epoch":{EPOCH},"seq":1}},"more":true}}}}"#,
        entry("cardiology", 3),
        entry("cardiology", 4),
        entry("cardiology", 5)
    );
    peer.send(page).await;
    peer.send(entry("cardiology", 9)).await;
    assert_eq!(seqs_until(&mut room, 9).await, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    // Nothing was asked for twice: the next command is the app's own.
    let (rooms, ()) =
        tokio::join!(client.rooms(wardroom_client::protocol::room::ListRooms::default()), async {
            let (id, _) = peer.expect("rooms").await;
            peer.ok(id, &json!({"rooms": []})).await;
        });
    assert!(rooms.unwrap().rooms.is_empty());
}

#[tokio::test]
async fn what_history_does_not_have_is_a_gap_in_band() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Start, joined(0, 0)).await;
    peer.send(entry("cardiology", 1)).await;
    peer.send(entry("cardiology", 5)).await;
    let (id, _) = peer.expect("history").await;
    let page = format!(
        r#"{{"id":{id},"ok":{{"entries":[{}],"range":{{"from":2,"to":3}},"holes":[{{"from":2,"to":2}}],"position":{{"epoch":{EPOCH},"seq":5}},"first":{{"epoch":{EPOCH},"seq":1}},"more":false}}}}"#,
        entry("cardiology", 3)
    );
    peer.send(page).await;
    let mut story = Vec::new();
    while story.len() < 5 {
        story.push(match next(&mut room).await {
            Event::Gap(gap) => format!("gap {}-{} after {}", gap.from, gap.to, gap.last.seq),
            Event::CaughtUp(_) => continue,
            event => event.entry().unwrap().position.seq.to_string(),
        });
    }
    assert_eq!(story, ["1", "gap 2-2 after 1", "3", "gap 4-4 after 3", "5"]);
}

#[tokio::test]
async fn a_gap_notice_is_told_and_passed() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Start, joined(0, 9)).await;
    peer.send(entry("cardiology", 1)).await;
    let gap = json!({"op": "gap", "d": {"room": "cardiology", "from": 2, "to": 4, "reason": "lost",
                     "last": {"epoch": EPOCH, "seq": 1}}});
    peer.send(gap.to_string()).await;
    peer.send(entry("cardiology", 5)).await;
    assert_eq!(next(&mut room).await.entry().unwrap().position.seq, 1);
    let Event::Gap(gap) = next(&mut room).await else {
        panic!("the gap was silent");
    };
    assert_eq!((gap.from, gap.to, gap.reason.as_str()), (2, 4, "lost"));
    assert_eq!(next(&mut room).await.entry().unwrap().position.seq, 5);
}

#[tokio::test]
async fn a_position_off_the_line_tells_the_app_what_to_drop() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Start, joined(0, 3)).await;
    for seq in 1..=3 {
        peer.send(entry("cardiology", seq)).await;
    }
    seqs_until(&mut room, 3).await;
    assert!(matches!(next(&mut room).await, Event::CaughtUp(_)));
    peer.cut();
    let mut answer = joined(2, 3);
    answer["recovered"] = json!(false);
    answer["position"]["epoch"] = json!(EPOCH + 9);
    let (mut peer, _) = server.greet(|_| json!({"cardiology": {"ok": answer}})).await;
    let Event::Rejoined(rejoined) = next(&mut room).await else {
        panic!("the app was not told");
    };
    assert!(!rejoined.joined.recovered);
    assert_eq!(rejoined.joined.after.seq, 2);
    // Seq 3 again, in the new epoch: another entry, which must arrive.
    let other = entry("cardiology", 3).replace(&EPOCH.to_string(), &(EPOCH + 9).to_string());
    peer.send(other).await;
    let event = next(&mut room).await;
    assert_eq!(event.entry().unwrap().position.epoch, EPOCH + 9);
}

#[tokio::test]
async fn an_unknown_op_passes_whole_and_keeps_the_count() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Start, joined(0, 0)).await;
    assert!(matches!(next(&mut room).await, Event::CaughtUp(_)));
    let unknown = entry("cardiology", 1).replace("message.posted", "poll.opened");
    peer.send(unknown.clone()).await;
    peer.send(r#"{"op":"weather","d":{"rain":true}}"#).await;
    peer.send(r#"{"room":"cardiology","op":"waving","by":{"id":"x"},"d":{}}"#).await;
    peer.send(entry("cardiology", 2)).await;
    let Event::Unknown(it) = next(&mut room).await else {
        panic!("an op nobody knows must pass as Unknown");
    };
    assert_eq!(it.raw(), unknown);
    assert_eq!(seqs_until(&mut room, 2).await, [2]);
}

#[tokio::test]
async fn two_rooms_resume_in_one_hello_and_one_may_be_gone() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut first = peer.join(&client, "cardiology", From::Start, joined(0, 1)).await;
    let mut second = peer.join(&client, "oncology", From::Start, joined(0, 1)).await;
    peer.send(entry("cardiology", 1)).await;
    peer.send(entry("oncology", 1)).await;
    seqs_until(&mut first, 1).await;
    seqs_until(&mut second, 1).await;
    peer.cut();
    let (mut peer, resume) = server
        .greet(|_| {
            json!({"cardiology": {"ok": joined(1, 1)},
                   "oncology": {"error": {"code": "unknown_room", "number": 202, "message": "gone"}}})
        })
        .await;
    assert_eq!(resume.as_object().unwrap().len(), 2);
    peer.send(entry("cardiology", 2)).await;
    assert_eq!(seqs_until(&mut first, 2).await, [2]);
    loop {
        match next(&mut second).await {
            Event::Ended(error) => break assert_eq!(error.code, "unknown_room"),
            Event::CaughtUp(_) => {}
            event => panic!("not the end: {event:?}"),
        }
    }
    assert!(soon("the stream's end", second.next()).await.is_none());
}

#[tokio::test]
async fn a_dropped_room_is_left_and_can_be_joined_again() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let twice = client.join("cardiology", From::Now).await;
    assert!(matches!(twice, Err(wardroom_client::Error::AlreadyJoined(_))));
    drop(room);
    let (id, body) = peer.expect("leave").await;
    assert_eq!(body, json!({"room": "cardiology"}));
    peer.ok(id, &json!({})).await;
    peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
}

#[tokio::test]
async fn a_log_that_may_not_be_read_any_more_ends_and_is_not_resumed() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut first = peer.join(&client, "cardiology", From::Start, joined(0, 1)).await;
    let mut second = peer.join(&client, "oncology", From::Start, joined(0, 1)).await;
    peer.send(entry("cardiology", 1)).await;
    peer.send(entry("oncology", 1)).await;
    seqs_until(&mut first, 1).await;
    seqs_until(&mut second, 1).await;
    let removed = json!({"op": "removed", "d": {"room": "oncology", "reason": "forbidden"}});
    peer.send(removed.to_string()).await;
    loop {
        match next(&mut second).await {
            Event::Ended(error) => break assert_eq!(error.code, "forbidden"),
            Event::CaughtUp(_) => {}
            event => panic!("not the end: {event:?}"),
        }
    }
    assert!(soon("the stream's end", second.next()).await.is_none());
    peer.cut();
    let (mut peer, resume) = server.greet(|_| json!({"cardiology": {"ok": joined(1, 1)}})).await;
    assert_eq!(resume.as_object().unwrap().keys().collect::<Vec<_>>(), ["cardiology"]);
    peer.send(entry("cardiology", 2)).await;
    assert_eq!(seqs_until(&mut first, 2).await, [2]);
}
