//! Signals: who writes, who comes and goes, and who is there.

use serde_json::json;
use wardroom_client::{Event, From, Heard};

use crate::fake::{Server, joined, next, soon};

#[tokio::test]
async fn signals_are_typed_and_a_roster_is_kept_true_by_them() {
    let server = Server::start().await;
    let (client, mut peer) = server.client().await;
    let mut room = peer.join(&client, "cardiology", From::Now, joined(4, 4)).await;
    assert!(matches!(next(&mut room).await, Event::CaughtUp(_)));

    let card = json!({ "name": "Sam Example" });
    let signal = |op: &str, by: Option<&str>, d: serde_json::Value| {
        let by = by.map_or_else(String::new, |id| format!(r#""by":{{"id":"{id}"}},"#));
        format!(r#"{{"room":"cardiology","op":"{op}",{by}"d":{d}}}"#)
    };
    peer.send(signal("typing", Some("sam"), json!({ "card": card }))).await;
    let event = next(&mut room).await;
    let Event::Typing(typing) = &event else { panic!("not typing: {event:?}") };
    assert_eq!((typing.by.as_str(), typing.topic), ("sam", None));
    assert_eq!(typing.card.as_ref().unwrap().name, "Sam Example");
    assert!(!format!("{event:?}").contains("Sam Example"), "Debug shows no names");

    let writer = room.writer();
    let asking = tokio::spawn(async move { writer.roster().await });
    let (id, body) = peer.expect("presence").await;
    assert_eq!(body, json!({ "room": "cardiology" }));
    let first =
        json!({ "rev": 6, "online": 2, "people": [{ "id": "ana", "card": card }], "next": "ana" });
    peer.ok(id, &first).await;
    let (id, body) = peer.expect("presence").await;
    assert_eq!(body, json!({ "room": "cardiology", "after": "ana" }));
    let second = json!({ "rev": 6, "online": 2, "people": [{ "id": "ben", "card": card }] });
    peer.ok(id, &second).await;
    let mut roster = soon("a roster", asking).await.unwrap().unwrap();
    assert_eq!(roster.people().unwrap().len(), 2);

    let news = [
        json!({ "rev": 7, "online": 2, "joined": [{ "id": "sam", "card": card }], "left": ["ben"] }),
        json!({ "rev": 8, "online": 250 }),
    ];
    for (d, heard) in news.into_iter().zip([Heard::Taken, Heard::AskAgain]) {
        // An op of a later version, and a body that does not read, are nobody's business.
        peer.send(signal("waved", None, json!({ "here": 3 }))).await;
        peer.send(signal("presence", None, json!({ "online": "many" }))).await;
        peer.send(signal("presence", None, d)).await;
        let event = next(&mut room).await;
        let Event::Presence(presence) = &event else { panic!("not presence: {event:?}") };
        assert!(!format!("{event:?}").contains("Sam Example"), "Debug shows no names");
        assert_eq!(roster.hear(presence), heard);
    }
    assert_eq!((roster.online(), roster.people()), (250, None));
}
