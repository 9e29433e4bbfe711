//! Endings: which ones are tried again, how the app learns, and what the first connection does.

use serde_json::json;
use wardroom_client::{Client, Draft, Error, From, State};

use crate::fake::{Server, TOKEN, entry, joined, seqs_until, soon};

#[tokio::test]
async fn codes_that_mean_never_stop_the_client() {
    for (code, name) in [
        (4202, "token_expired"),
        (4201, "token_invalid"),
        (4400, "bad_envelope"),
        (1009, "frame_too_large"),
    ] {
        let server = Server::start().await;
        let (client, mut peer) = server.client().await;
        let mut room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
        let sending = room.post(Draft::new("Rounds", "never answered"));
        peer.expect("message.post").await;
        peer.close(code, name).await;
        let failed = soon("the post's failure", sending).await.unwrap_err();
        let State::Closed(closed) = client.state() else {
            panic!("{code} must be the end, not {:?}", client.state());
        };
        assert_eq!((closed.code, closed.name.as_str()), (code, name));
        assert!(!closed.retryable);
        assert!(matches!(failed, Error::Closed(_)), "{failed}");
        while soon("the stream's end", room.next()).await.is_some() {}
        let after = soon("no", client.join("oncology", From::Now)).await;
        assert!(matches!(after, Err(Error::Closed(_))));
    }
}

#[tokio::test]
async fn codes_that_mean_later_are_tried_again() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    let mut seq = 1;
    for (code, name) in [(4000, "drain"), (1011, "server_error"), (4101, "silent"), (4777, "new")] {
        let mut states = client.states();
        states.mark_unchanged();
        peer.close(code, name).await;
        let wait = states.wait_for(|it| matches!(it, State::Reconnecting { .. }));
        soon("the state", wait).await.unwrap();
        drop(states);
        let answer = json!({"cardiology": {"ok": joined(seq, seq)}});
        peer = server.greet(|_| answer.clone()).await.0;
        seq += 1;
        peer.send(entry("cardiology", seq)).await;
        assert_eq!(seqs_until(&mut room, seq).await, [seq]);
        assert_eq!(client.state(), State::Online);
    }
}

#[tokio::test]
async fn a_drain_moves_the_client_within_its_window() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Now, joined(1, 1)).await;
    peer.send(r#"{"op":"drain","d":{"within_ms":30}}"#).await;
    peer.gone().await;
    let (mut peer, _) = server.greet(|_| json!({"cardiology": {"ok": joined(1, 1)}})).await;
    peer.send(entry("cardiology", 2)).await;
    assert_eq!(seqs_until(&mut room, 2).await, [2]);
    assert_eq!(client.state(), State::Online);
}

#[tokio::test]
async fn a_refused_hello_is_final_for_tokens_and_not_for_busy_nodes() {
    let server = Server::start().await;
    let (client, peer) = server.client().await;
    peer.cut();
    let mut peer = server.accept().await;
    let (id, _) = peer.expect("hello").await;
    peer.refuse(id, 101, "overloaded", Some(1)).await;
    let mut peer = server.accept().await;
    let (id, _) = peer.expect("hello").await;
    peer.refuse(id, 301, "token_expired", None).await;
    let mut states = client.states();
    let closed = soon("the end", states.wait_for(|it| matches!(it, State::Closed(_)))).await;
    let State::Closed(closed) = closed.unwrap().clone() else {
        unreachable!("waited for it");
    };
    assert_eq!(closed.name, "token_expired");
}

#[tokio::test]
async fn the_first_failure_is_an_error_that_shows_no_token() {
    let server = Server::start().await;
    let builder = Client::builder(server.url.as_str(), TOKEN);
    assert!(!format!("{builder:?}").contains(TOKEN));
    let (refused, ()) = tokio::join!(builder.connect(), async {
        let mut peer = server.accept().await;
        let (id, _) = peer.expect("hello").await;
        peer.refuse(id, 300, "token_invalid", None).await;
    });
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::Refused(_)));
    assert!(!format!("{refused:?} {refused}").contains(TOKEN));

    let nobody = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("ws://{}", listener.local_addr().unwrap())
    };
    let error = Client::builder(nobody, TOKEN).connect().await.unwrap_err();
    assert!(error.to_string().contains("is the server running"), "{error}");
    for (url, says) in [
        ("http://127.0.0.1:1", "must begin with ws://"),
        ("wss://127.0.0.1:1", "is the server running"),
        ("127.0.0.1:1", "ws://"),
        ("ws://127.0.0.1:1/v1/socket?token=x", "no query"),
        ("ws://robin@127.0.0.1:1", "no user"),
    ] {
        let error = Client::builder(url, TOKEN).connect().await.unwrap_err();
        assert!(error.to_string().contains(says), "{url}: {error}");
    }
}

#[tokio::test]
async fn closing_tells_everybody_and_the_server() {
    let server = Server::start().await;
    let (client, peer) = server.client().await;
    let gone = tokio::spawn(peer.gone());
    soon("the close", client.close()).await;
    soon("the goodbye", gone).await.unwrap();
    assert!(matches!(client.state(), State::Closed(_)));
    let (client, peer) = server.client().await;
    drop(client);
    peer.gone().await;
}

#[tokio::test]
async fn closing_while_a_drain_is_waited_for_is_heard_at_once() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    peer.send(r#"{"op":"drain","d":{"within_ms":3600000}}"#).await;
    // A request's answer shows that the notice before it was read.
    let listing = client.rooms(wardroom_client::protocol::room::ListRooms::default());
    let (listed, ()) = tokio::join!(listing, async {
        let (id, _) = peer.expect("rooms").await;
        peer.ok(id, &json!({"rooms": []})).await;
    });
    listed.unwrap();
    peer.cut();
    soon("the close", client.close()).await;
    assert!(matches!(client.state(), State::Closed(_)));
}
