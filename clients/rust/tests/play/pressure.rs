//! An app that does not read: nothing is lost, nobody else waits.

use serde_json::json;
use wardroom_client::{Client, Draft, Event, From, Room, State};

use crate::fake::{EPOCH, Peer, Server, TOKEN, entry, joined, next, seqs_until, soon};

async fn client_with_buffer(server: &Server, events: usize) -> (Client, Peer) {
    let builder = Client::builder(server.url.as_str(), TOKEN).buffer(events);
    let (client, (peer, _)) = tokio::join!(builder.connect(), server.greet(|_| json!({})));
    (client.unwrap(), peer)
}

#[tokio::test]
async fn a_slow_room_is_left_and_read_again_while_the_other_one_flows() {
    let server = Server::start().await;
    let (client, mut peer) = client_with_buffer(&server, 4).await;
    let mut slow = peer.join(&client, "cardiology", From::Start, joined(0, 0)).await;
    let mut quick = peer.join(&client, "oncology", From::Start, joined(0, 0)).await;
    for seq in 1..=20 {
        peer.send(entry("cardiology", seq)).await;
    }
    peer.send(entry("oncology", 1)).await;
    assert_eq!(seqs_until(&mut quick, 1).await, [1]);
    let (id, body) = peer.expect("leave").await;
    assert_eq!(body["room"], "cardiology");
    peer.ok(id, &json!({})).await;
    assert_eq!(slow.overflows(), 1);

    // The app begins to read: what the buffer held, then the rest, read again from there.
    let mut seqs = Vec::new();
    let reader = async {
        while seqs.last() != Some(&21) {
            match next(&mut slow).await {
                Event::Gap(gap) => panic!("a gap where none is: {gap:?}"),
                event => seqs.extend(event.entry().map(|it| it.position.seq)),
            }
        }
    };
    let serve = async {
        let (id, body) = peer.expect("join").await;
        let from = body["from"]["seq"].as_u64().unwrap();
        assert_eq!(body["from"]["epoch"], EPOCH);
        assert!(from <= 4, "the buffer holds four events, so {from} was never given");
        // Late frames of the old join come before the answer and count for nothing.
        peer.send(entry("cardiology", 20)).await;
        peer.ok(id, &joined(from, 21)).await;
        for seq in from + 1..=21 {
            peer.send(entry("cardiology", seq)).await;
        }
    };
    soon("both", async { tokio::join!(reader, serve) }).await;
    assert_eq!(seqs, (1..=21).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_room_alone_holds_the_server_back_instead() {
    let server = Server::start().await;
    let (client, mut peer) = client_with_buffer(&server, 4).await;
    let mut room = peer.join(&client, "cardiology", From::Start, joined(0, 0)).await;
    for seq in 1..=300 {
        peer.send(entry("cardiology", seq)).await;
    }
    let seqs = seqs_until(&mut room, 300).await;
    assert_eq!(seqs, (1..=300).collect::<Vec<_>>());
    assert_eq!(room.overflows(), 0, "nobody else waited, so nothing was dropped");
}

#[tokio::test]
async fn a_bot_that_posts_from_its_loop_is_never_stuck() {
    let server = Server::start().await;
    let (client, mut peer) = client_with_buffer(&server, 2).await;
    let mut room = peer.join(&client, "cardiology", From::Start, joined(0, 0)).await;
    for seq in 1..=10 {
        peer.send(entry("cardiology", seq)).await;
    }
    // The answer stands behind entries that the bot cannot take while it waits for the answer.
    let sending = room.post(Draft::new("Rounds", "busy"));
    let (id, _) = peer.expect("message.post").await;
    peer.written(id, 11).await;
    soon("the answer behind a full buffer", sending).await.unwrap();
    assert_eq!(room.overflows(), 1);
    assert!(next(&mut room).await.entry().is_none(), "caught up comes first");
}

/// A room whose buffer is exactly full when the server removes its reader, and two that go on.
async fn full_and_removed(server: &Server) -> (Client, Peer, Room, [Room; 2]) {
    let (client, mut peer) = client_with_buffer(server, 4).await;
    let full = peer.join(&client, "cardiology", From::Start, joined(0, 0)).await;
    let mut other = peer.join(&client, "oncology", From::Start, joined(0, 0)).await;
    let third = peer.join(&client, "neurology", From::Start, joined(0, 0)).await;
    // Caught up comes first, so three entries fill the buffer and none is left over.
    for seq in 1..=3 {
        peer.send(entry("cardiology", seq)).await;
    }
    let removed = json!({"op": "removed", "d": {"room": "cardiology", "reason": "forbidden"}});
    peer.send(removed.to_string()).await;
    // Later news of it adds nothing behind its end.
    peer.send(removed.to_string()).await;
    peer.send(entry("oncology", 1)).await;
    assert_eq!(seqs_until(&mut other, 1).await, [1]);
    (client, peer, full, [other, third])
}

#[tokio::test]
async fn a_slow_app_is_told_the_end_of_its_room_however_late_it_reads() {
    let server = Server::start().await;
    let (client, mut peer, mut full, _others) = full_and_removed(&server).await;
    // The other room is full only now: when it is left, the grace of the ended one, had it any, is over.
    for seq in 2..=6 {
        peer.send(entry("oncology", seq)).await;
    }
    let (_, left) = peer.expect("leave").await;

    let mut told = Vec::new();
    while let Some(event) = soon("an event or the end", full.next()).await {
        told.push(match event {
            Event::CaughtUp(_) => "caught up".to_owned(),
            Event::Ended(error) => error.code,
            event => event.entry().unwrap().position.seq.to_string(),
        });
    }
    assert_eq!(told, ["caught up", "1", "2", "3", "forbidden"]);
    assert_eq!(left["room"], "oncology", "nobody says goodbye to a room that has ended");
    assert_eq!((full.overflows(), client.state()), (0, State::Online));
}

#[tokio::test]
async fn an_ended_room_that_nobody_reads_is_dropped_without_a_goodbye() {
    let server = Server::start().await;
    let (client, mut peer, full, [other, _third]) = full_and_removed(&server).await;
    drop(full);
    // A goodbye would come before the post.
    let sending = other.post(Draft::new("Rounds", "still here"));
    let (id, _) = peer.expect("message.post").await;
    peer.written(id, 2).await;
    soon("the answer", sending).await.unwrap();
    // And the room may be joined again, should its reader be let in.
    peer.join(&client, "cardiology", From::Now, joined(3, 3)).await;
}
