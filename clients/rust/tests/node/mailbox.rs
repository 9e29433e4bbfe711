//! Two devices of one person: what one has read, the other counts as read.

use wardroom_client::protocol::ids::LogName;
use wardroom_client::protocol::mailbox::Why;
use wardroom_client::protocol::message::{Edit, React, Reaction};
use wardroom_client::{Client, Draft, Event, From, Unread, Written};

use crate::node::{Node, replayed, soon};

#[tokio::test(flavor = "multi_thread")]
async fn a_second_device_counts_the_same_after_it_has_read_the_mailbox() {
    let node = Node::start();
    let mo = node.moderator(&["cardiology", "oncology"]).await;
    let (first, second) = (node.client("ana").await, node.client("ana").await);
    assert_eq!(first.mailbox(), second.mailbox());
    for (room, posts) in [("cardiology", 6), ("oncology", 3)] {
        for turn in 0..posts {
            let room = room.parse().unwrap();
            let draft = Draft::new("Rounds", format!("{turn}")).mention(first.id().clone());
            soon("a post", mo.post(draft.into_post(room))).await.unwrap();
        }
    }
    let rooms: [LogName; 2] = ["cardiology".parse().unwrap(), "oncology".parse().unwrap()];
    let mut mine = Unread::new();
    mine.head(first.join("cardiology", From::Now).await.unwrap().joined().n);
    let read = [[4, 4], [1, 2]];
    mine.mark(read);
    first.mark_read(&rooms[0], read).await.unwrap();
    assert_eq!((mine.count(), mine.first()), (3, Some(3)));

    let mut theirs = Unread::new();
    theirs.head(second.join("cardiology", From::Now).await.unwrap().joined().n);
    assert_eq!(theirs.count(), 6, "nothing is known of what was read");
    let mut mailbox = second.join(second.mailbox().as_str(), From::Start).await.unwrap();
    let events = replayed(&mut mailbox).await;
    let marks = events.iter().filter(|event| theirs.hear(&rooms[0], event)).count();
    assert_eq!((marks, &theirs), (1, &mine));
    let mentions = events
        .iter()
        .filter(|event| matches!(event, Event::Filed(filed) if filed.facts.why == Why::Mention));
    assert_eq!(mentions.count(), 9);

    // What follows is live, and of another room.
    first.mark_read(&rooms[1], [[1, 3]]).await.unwrap();
    let event = soon("a marker", mailbox.next()).await.unwrap();
    assert!(!theirs.hear(&rooms[0], &event) && Unread::new().hear(&rooms[1], &event));
    assert_eq!(theirs, mine);
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_without_a_method_are_commands() {
    let node = Node::start();
    let mo = node.moderator(&["cardiology"]).await;
    let mut room = mo.join("cardiology", From::Now).await.unwrap();
    let of = Client::mid();
    soon("a post", room.post(Draft::new("Rounds", "said").mid(of))).await.unwrap();
    let (log, body) = (|| room.log().clone(), "said better".to_owned());
    let edit = Edit { room: log(), mid: Client::mid(), of, body, tags: Vec::new() };
    let once: Written = mo.command("message.edit", &edit).await.unwrap();
    let twice: Written = mo.command("message.edit", &edit).await.unwrap();
    assert_eq!((twice.position, once.duplicate, twice.duplicate), (once.position, false, true));
    let react = React { room: log(), mid: Client::mid(), of, reaction: Reaction::Helpful };
    let _: Written = mo.command("message.react", &react).await.unwrap();

    let mut timeline = wardroom_client::Timeline::new(log());
    let shown = loop {
        let event = soon("an event", room.next()).await.unwrap();
        timeline.hear(&event);
        if event.entry().is_some_and(|entry| entry.op == "message.reacted") {
            break timeline.messages().next().unwrap();
        }
    };
    assert_eq!((shown.body(), shown.reactions().count()), (Some("said better"), 1));
}
