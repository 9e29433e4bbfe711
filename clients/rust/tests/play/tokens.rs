//! Tokens that end: what a provider and the app give in time, and what is done when nobody does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wardroom_client::protocol::room::ListRooms;
use wardroom_client::{Builder, Client, Error, State};

use crate::fake::{Peer, Server, TOKEN, greeting, soon};

/// Gives the tokens of a list, one after the other, then none.
fn provides(builder: Builder, tokens: &[&str]) -> (Builder, Arc<AtomicUsize>) {
    let tokens: Vec<_> = tokens.iter().rev().map(|it| (*it).to_owned()).collect();
    let (tokens, asked) = (Mutex::new(tokens), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&asked);
    let provider = move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(tokens.lock().unwrap().pop())
    };
    (builder.token_provider(provider), asked)
}

/// The next connection's `hello`, and the token in it.
async fn hello(server: &Server) -> (Peer, u64, String) {
    let mut peer = server.accept().await;
    let (id, body) = peer.expect("hello").await;
    (peer, id, body["token"].as_str().unwrap().to_owned())
}

async fn online(server: &Server, builder: Builder) -> (Client, Peer) {
    let (client, (peer, _)) = tokio::join!(builder.connect(), server.greet(|_| json!({})));
    (client.unwrap(), peer)
}

/// That everything before was heard: a request's answer.
async fn heard(client: &Client, peer: &mut Peer) {
    let (listed, ()) = tokio::join!(client.rooms(ListRooms::default()), async {
        let (id, _) = peer.expect("rooms").await;
        peer.ok(id, &json!({"rooms": []})).await;
    });
    listed.unwrap();
}

fn refreshed() -> Value {
    json!({"expires_at": 1_763_799_999_000_u64, "limits": greeting(&json!({}))["limits"]})
}

const EXPIRING: &str = r#"{"op":"expiring","d":{"expires_at":1763787630000}}"#;

#[tokio::test]
async fn an_end_that_is_told_is_answered_with_the_providers_token() {
    let server = Server::start().await;
    let builder = Client::builder(server.url.as_str(), TOKEN);
    let (builder, asked) = provides(builder, &["canary-second"]);
    assert!(!format!("{builder:?}").contains("canary"));
    let (client, mut peer) = online(&server, builder).await;
    assert_eq!(asked.load(Ordering::SeqCst), 0, "the first token is the app's");
    peer.send(EXPIRING).await;
    let (id, body) = peer.expect("refresh").await;
    assert_eq!(body, json!({"token": "canary-second"}));
    peer.ok(id, &refreshed()).await;
    heard(&client, &mut peer).await;
    // The newer one speaks from now on, and nobody is asked for one that is not needed.
    peer.cut();
    let (mut peer, id, token) = hello(&server).await;
    assert_eq!(token, "canary-second");
    peer.ok(id, &greeting(&json!({}))).await;
    heard(&client, &mut peer).await;
    assert_eq!((client.state(), asked.load(Ordering::SeqCst)), (State::Online, 1));
}

#[tokio::test]
async fn a_client_whose_token_is_over_signs_in_with_the_providers() {
    let server = Server::start().await;
    let builder = Client::builder(server.url.as_str(), TOKEN);
    let (builder, asked) = provides(builder, &["second", "third", "wrong"]);
    let (client, peer) = online(&server, builder).await;
    peer.close(4202, "token_expired").await;
    let (mut peer, id, token) = hello(&server).await;
    assert_eq!(token, "second");
    // Its time is over before it says hello, by the greeting's clock: the provider is asked first.
    let mut short = greeting(&json!({}));
    short["expires_at"] = json!(short["now"].as_u64().unwrap() + 1_000);
    peer.ok(id, &short).await;
    heard(&client, &mut peer).await;
    peer.cut();
    let (mut peer, id, token) = hello(&server).await;
    assert_eq!(token, "third");
    peer.ok(id, &greeting(&json!({}))).await;
    heard(&client, &mut peer).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    // One that was just fetched and is not believed ends it: the next would be no better.
    peer.close(4201, "token_invalid").await;
    let (mut peer, id, token) = hello(&server).await;
    assert_eq!(token, "wrong");
    peer.refuse(id, 300, "token_invalid", None).await;
    let mut states = client.states();
    let closed = soon("the end", states.wait_for(|it| matches!(it, State::Closed(_)))).await;
    let State::Closed(closed) = closed.unwrap().clone() else { unreachable!("waited for it") };
    assert_eq!(closed.name, "token_invalid");
}

#[tokio::test]
async fn a_provider_that_panics_or_has_none_is_asked_again() {
    let server = Server::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let builder = Client::builder(server.url.as_str(), TOKEN).token_provider(move || {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        async move {
            assert!(turn > 0, "a provider that fails");
            Some("second".to_owned())
        }
    });
    let (client, mut peer) = online(&server, builder).await;
    peer.send(EXPIRING).await;
    heard(&client, &mut peer).await;
    let (id, body) = peer.expect("refresh").await;
    assert_eq!((body["token"].as_str(), asked.load(Ordering::SeqCst)), (Some("second"), 2));
    peer.ok(id, &refreshed()).await;
    heard(&client, &mut peer).await;
}

#[tokio::test]
async fn the_apps_own_refresh_resolves_once_it_is_taken() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    // Without a provider the notice changes nothing.
    peer.send(EXPIRING).await;
    heard(&client, &mut peer).await;

    let (refused, ()) = tokio::join!(client.refresh("canary-wrong"), async {
        let (id, _) = peer.expect("refresh").await;
        peer.refuse(id, 300, "token_invalid", None).await;
    });
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::Refused(_)));
    assert!(!format!("{refused:?} {refused} {client:?}").contains("canary"));
    let (taken, ()) = tokio::join!(client.refresh("canary-second"), async {
        let (id, body) = peer.expect("refresh").await;
        assert_eq!(body["token"], "canary-second");
        peer.ok(id, &refreshed()).await;
    });
    assert_eq!(taken.unwrap().expires_at, 1_763_799_999_000);

    // An answer lost: the next hello brings it.
    let again = tokio::spawn({
        let client = client.clone();
        async move { client.refresh("canary-third").await }
    });
    peer.expect("refresh").await;
    peer.cut();
    let (mut peer, id, token) = hello(&server).await;
    assert_eq!(token, "canary-third");
    peer.ok(id, &greeting(&json!({}))).await;
    let taken = soon("the answer", again).await.unwrap().unwrap();
    assert_eq!(taken.expires_at, 1_763_791_200_000, "the greeting's");
    heard(&client, &mut peer).await;
}
