//! Held posts: everything else goes on, and what a moderator decides reaches the handle.

use wardroom_client::protocol::code::ErrorCode;
use wardroom_client::protocol::ids::{LogName, Mid};
use wardroom_client::protocol::message::{AboutMessage, Hide};
use wardroom_client::protocol::room::{Posting, SetPolicy};
use wardroom_client::{Client, Draft, From, Written};

use crate::node::{Node, soon};

fn cardiology() -> LogName {
    "cardiology".parse().unwrap()
}

async fn policy(mo: &Client, posting: Posting) {
    let (room, mid) = (cardiology(), Client::mid());
    let policy = SetPolicy { room, mid, join: None, posting: Some(posting) };
    let _: Written = mo.command("room.policy", &policy).await.unwrap();
}

async fn release(mo: &Client, of: Mid) -> Written {
    let release = AboutMessage { room: cardiology(), mid: Client::mid(), of };
    mo.command("message.release", &release).await.unwrap()
}

fn says(text: &str) -> Draft {
    Draft::new("Rounds", text)
}

#[tokio::test(flavor = "multi_thread")]
async fn others_go_on_while_one_is_held_and_a_release_resolves_its_handle() {
    let node = Node::start();
    let mo = node.moderator(&["cardiology", "oncology"]).await;
    policy(&mo, Posting::Held).await;
    let ana = node.client("ana").await;
    let cardiology = ana.join("cardiology", From::Now).await.unwrap();
    let oncology = ana.join("oncology", From::Now).await.unwrap();

    // Three at once, so that each names the one before it: all are held, and none waits for another.
    let mut held: Vec<_> = ["a", "b", "c"].map(|text| cardiology.post(says(text))).into();
    for sending in &mut held {
        assert!(soon("the hold", sending.held()).await);
    }
    soon("the other room", oncology.post(says("goes on"))).await.unwrap();
    policy(&mo, Posting::Free).await;
    let behind = soon("the same room", cardiology.post(says("goes on"))).await.unwrap();
    soon("the other room again", oncology.post(says("and on"))).await.unwrap();
    assert!(held.iter().all(wardroom_client::Sending::is_held));

    let released = held.remove(1);
    release(&mo, released.mid()).await;
    let written = soon("the release", released).await.unwrap();
    assert!(written.duplicate && written.position > behind.position, "{written:?}");
    assert!(held.iter().all(wardroom_client::Sending::is_held), "the others wait on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_post_ends_as_declined() {
    let node = Node::start();
    let mo = node.moderator(&["cardiology"]).await;
    policy(&mo, Posting::Held).await;
    let ana = node.client("ana").await;
    let _mailbox = ana.join(ana.mailbox().as_str(), From::Now).await.unwrap();
    // Not followed: a post needs no join.
    let mut sending = ana.post(says("waits").into_post(cardiology()));
    assert!(soon("the hold", sending.held()).await);
    let (of, reason) = (sending.mid(), "a name in it".to_owned());
    let hide = Hide { room: cardiology(), mid: Client::mid(), of, reason };
    let _: Written = mo.command("message.hide", &hide).await.unwrap();
    let declined = soon("the end", sending).await.unwrap_err();
    assert!(declined.is(ErrorCode::Declined), "{declined}");
}
