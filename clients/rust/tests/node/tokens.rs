//! Tokens that end while their clients live.

use std::sync::Arc;

use wardroom_client::protocol::code::ErrorCode;
use wardroom_client::protocol::room::ListRooms;
use wardroom_client::{Client, State};

use crate::node::{Node, soon};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_provider_outlives_its_token() {
    let node = Arc::new(Node::start());
    let short = || node.token("ana", &["--ttl", "8s"]);
    let give = Arc::clone(&node);
    let ana = Client::builder(node.url(), short())
        .token_provider(move || {
            let node = Arc::clone(&give);
            // What blocks here holds up nothing.
            async move { Some(node.token("ana", &["--ttl", "1h"])) }
        })
        .connect();
    let ana = ana.await.unwrap();
    soon("an answer", ana.rooms(ListRooms::default())).await.unwrap();
    let mut states = ana.states();
    states.mark_unchanged();
    // Later made, later over: when this one has ended, so has the first.
    let ends = Client::builder(node.url(), short()).connect().await.unwrap();
    let mut ended = ends.states();
    let closed = soon("the end", ended.wait_for(|it| matches!(it, State::Closed(_)))).await;
    let State::Closed(closed) = closed.unwrap().clone() else { unreachable!("waited for it") };
    assert_eq!((closed.code, closed.name.as_str()), (4202, "token_expired"));

    soon("an answer", ana.rooms(ListRooms::default())).await.unwrap();
    assert_eq!(ana.state(), State::Online);
    assert!(!states.has_changed().unwrap(), "it was online all the time, on one connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_is_for_the_same_person_only() {
    let node = Node::start();
    let ana = node.client("ana").await;
    let refused = soon("no", ana.refresh(node.token("ben", &[]))).await.unwrap_err();
    assert!(refused.is(ErrorCode::TokenInvalid), "{refused}");
    let first = soon("yes", ana.refresh(node.token("ana", &["--ttl", "1h"]))).await.unwrap();
    let second = soon("yes", ana.refresh(node.token("ana", &["--ttl", "2h"]))).await.unwrap();
    assert!(second.expires_at > first.expires_at);
    assert_eq!(ana.state(), State::Online);
}
