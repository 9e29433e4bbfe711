//! Pages by topic after messages were moved: with them comes all that was done about them before, and
//! nothing of other messages; contiguous, and bounded in what is looked at for one page.

use serde_json::{Value, json};
use wardroom_client::Timeline;
use wardroom_protocol::history::History;

use crate::world::{Node, Probe, World, act, mid, post};

/// Entries of the old topic beside those that count.
const OTHERS: usize = 600;

/// Does something; the seq of its entry.
async fn done(probe: &mut Probe, op: &str, body: Value) -> u64 {
    let written = probe.ask(op, body).await.unwrap_or_else(|error| panic!("{op}: {error}"));
    written["position"]["seq"].as_u64().unwrap()
}

async fn posted(probe: &mut Probe, topic: &str, of: &str, more: Value) -> u64 {
    let mut body = post("cardiology", topic, of, "the first words");
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    done(probe, "message.post", body).await
}

async fn others(probe: &mut Probe) {
    let mut waiting = Vec::new();
    for number in 0..OTHERS {
        waiting.push(probe.tell("message.post", post("cardiology", "A", &mid(), "other")).await);
        if waiting.len() == 40 || number + 1 == OTHERS {
            for id in waiting.drain(..) {
                probe.reply(id).await.unwrap();
            }
        }
    }
}

/// A topic's id, once the index has all that was written.
async fn topic(probe: &mut Probe, name: &str) -> Value {
    let topics = probe.ask("topics", json!({ "room": "cardiology" })).await.unwrap();
    let topics = topics["topics"].as_array().unwrap();
    let topic = topics.iter().find(|topic| topic["name"] == name).unwrap()["topic"].clone();
    let body = json!({ "room": "cardiology", "topic": topic, "limit": 1 });
    loop {
        let page = probe.ask("history", body.clone()).await.unwrap();
        if page["range"]["to"] == page["position"]["seq"] {
            return topic;
        }
    }
}

fn seqs(pages: &[Value]) -> Vec<u64> {
    let entries = pages.iter().flat_map(|page| page["entries"].as_array().unwrap());
    let mut seqs: Vec<_> = entries.map(|entry| entry["seq"].as_u64().unwrap()).collect();
    seqs.sort_unstable();
    seqs
}

/// All pages of a topic, from the end or from the beginning, as their ranges lead.
async fn pages(probe: &mut Probe, topic: &Value, limit: u32, newest: bool) -> Vec<Value> {
    let mut pages = Vec::<Value>::new();
    let mut body = json!({ "room": "cardiology", "topic": topic, "limit": limit });
    if !newest {
        body["after"] = json!({ "epoch": 0, "seq": 0 });
    }
    loop {
        let page = probe.ask("history", body.clone()).await.unwrap();
        assert!(page["entries"].as_array().unwrap().len() <= limit as usize);
        let end = |page: &Value, end| page["range"][end].as_u64().unwrap();
        let head = page["position"]["seq"].as_u64().unwrap();
        let seqs = seqs(std::slice::from_ref(&page));
        assert!(seqs.iter().all(|seq| (end(&page, "from")..=end(&page, "to")).contains(seq)));
        let begins = if newest { end(&page, "to") } else { end(&page, "from") };
        let ended = pages.last().map_or(if newest { head + 1 } else { 0 }, |last| {
            if newest { end(last, "from") } else { end(last, "to") }
        });
        assert_eq!(begins, if newest { ended - 1 } else { ended + 1 }, "pages are contiguous");
        let (named, seq) = if newest { ("before", "from") } else { ("after", "to") };
        body[named] = json!({ "epoch": page["position"]["epoch"], "seq": end(&page, seq) });
        let more = page["more"] == true;
        pages.push(page);
        if !more {
            let (end, last) = if newest {
                (end(&pages[pages.len() - 1], "from"), 1)
            } else {
                (end(&pages[pages.len() - 1], "to"), head)
            };
            assert_eq!(end, last, "all of the log was spoken for");
            return pages;
        }
    }
}

async fn begin(world: &World) -> (Node, Probe, Probe) {
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator", "import"])).await;
    mo.create("cardiology").await;
    let ben = node.probe(&world.token("ben", &["import"])).await;
    (node, mo, ben)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_about_a_message_before_it_was_moved_comes_with_it() {
    let world = World::new();
    let (node, mut mo, mut ben) = begin(&world).await;
    let [asked, answer, told, redacted, retracted, stays] = std::array::from_fn(|_| mid());
    let mut expected = vec![
        posted(&mut mo, "A", &asked, json!({ "kind": "question" })).await,
        posted(&mut mo, "A", &answer, json!({ "kind": "answer" })).await,
        posted(&mut mo, "A", &told, json!({ "kind": "announcement", "announce": { "ack": true } }))
            .await,
        posted(&mut mo, "A", &redacted, json!({})).await,
        posted(&mut mo, "A", &retracted, json!({})).await,
    ];
    posted(&mut mo, "A", &stays, json!({})).await;
    others(&mut mo).await;
    let edit = |of: &str, body: &str| act(json!({ "of": of, "body": body }));
    let react = |of: &str, reaction: &str| act(json!({ "of": of, "reaction": reaction }));
    done(&mut mo, "message.edit", edit(&stays, "not of it")).await;
    done(&mut ben, "message.react", react(&stays, "agree")).await;
    let accepted = act(json!({ "of": asked, "answer": answer }));
    expected.extend([
        done(&mut mo, "message.edit", edit(&asked, "the better words")).await,
        done(&mut ben, "message.react", react(&asked, "helpful")).await,
        done(&mut mo, "answer.accept", accepted).await,
        done(&mut ben, "announcement.ack", act(json!({ "of": told }))).await,
        done(&mut mo, "message.pin", act(json!({ "of": told }))).await,
        done(&mut mo, "message.edit", edit(&redacted, "worse words")).await,
        done(&mut mo, "message.retract", act(json!({ "of": retracted }))).await,
    ]);
    let redact = act(json!({ "of": redacted, "reason": "a name" }));
    // The edit is erased by an entry of its own, before the message is.
    let erased = done(&mut mo, "message.redact", redact).await;
    expected.extend([erased - 1, erased]);
    let of = json!([asked, answer, told, redacted, retracted]);
    expected.push(done(&mut mo, "topic.move", act(json!({ "of": of, "to": "B" }))).await);
    others(&mut mo).await;
    done(&mut mo, "message.edit", edit(&stays, "not of it either")).await;
    expected.extend([
        posted(&mut ben, "B", &mid(), json!({})).await,
        done(&mut mo, "message.react", react(&asked, "thanks")).await,
    ]);

    let moved_to = topic(&mut ben, "B").await;
    for (limit, newest) in [(200, true), (200, false), (3, true), (3, false)] {
        let pages = pages(&mut ben, &moved_to, limit, newest).await;
        assert_eq!(seqs(&pages), expected, "{limit} {newest}");
        if limit == 200 {
            // What the old topic had between message and move is looked at, and nothing after it.
            assert_eq!(pages.len(), 2, "{newest}");
        }
        let mut timeline = Timeline::new("cardiology".parse().unwrap());
        for page in &pages {
            timeline.page(&serde_json::from_str::<History>(&page.to_string()).unwrap());
        }
        let at = |of: &str| timeline.message(&of.parse().unwrap()).unwrap();
        assert_eq!(at(&asked).body(), Some("the better words"));
        assert_eq!((at(&asked).reactions().count(), at(&told).acks().count()), (2, 1));
        assert!(at(&told).is_pinned() && at(&redacted).is_erased());
        assert_eq!(timeline.messages().count(), 6);
    }

    // Under the old topic lies what was filed there, but for what was moved away.
    let old = topic(&mut ben, "A").await;
    let old = seqs(&pages(&mut ben, &old, 200, true).await);
    assert!(expected[..5].iter().all(|seq| !old.contains(seq)));
    assert!(expected[5..14].iter().all(|seq| old.contains(seq)));
    drop((mo, ben));
    assert!(node.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_before_and_after_its_old_topic_ended_comes_with_a_message() {
    let world = World::new();
    let (node, mut mo, mut ben) = begin(&world).await;
    let (early, late, stays) = (mid(), mid(), mid());
    posted(&mut mo, "C", &stays, json!({})).await;
    let edit = |of: &str| act(json!({ "of": of, "body": "better" }));
    let mut expected = vec![
        posted(&mut mo, "A", &early, json!({})).await,
        done(&mut mo, "message.edit", edit(&early)).await,
    ];
    let (ends, goes_on) = (topic(&mut mo, "A").await, topic(&mut mo, "C").await);
    done(&mut mo, "topic.merge", act(json!({ "topic": ends, "into": goes_on }))).await;
    let react = |of: &str| act(json!({ "of": of, "reaction": "agree" }));
    expected.push(done(&mut ben, "message.react", react(&early)).await);
    done(&mut ben, "message.react", react(&stays)).await;
    expected.push(done(&mut mo, "topic.move", act(json!({ "of": [early], "to": "B" }))).await);
    // Another one, moved by another entry, later.
    expected.push(posted(&mut mo, "C", &late, json!({})).await);
    expected.push(done(&mut mo, "message.edit", edit(&late)).await);
    done(&mut mo, "message.edit", edit(&stays)).await;
    expected.push(posted(&mut mo, "B", &mid(), json!({})).await);
    expected.push(done(&mut mo, "topic.move", act(json!({ "of": [late], "to": "B" }))).await);
    let moved_to = topic(&mut ben, "B").await;
    for (limit, newest) in [(200, true), (200, false), (1, true), (1, false)] {
        let pages = pages(&mut ben, &moved_to, limit, newest).await;
        assert_eq!(seqs(&pages), expected, "{limit} {newest}");
    }
    drop((mo, ben));
    assert!(node.stop().success());
}
