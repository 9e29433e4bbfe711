//! Lanes and mailboxes (K1): held posts, what moderators do with them, and who is told.

use serde_json::{Value, json};

use crate::world::{Probe, World, act, mid, post};

async fn next(probe: &mut Probe) -> Value {
    serde_json::from_str(&probe.entry().await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_post_is_released_with_its_mid_or_declined() {
    let world = World::new();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    mo.ask("room.policy", act(json!({ "posting": "held" }))).await.unwrap();
    let lane = json!({ "room": "cardiology/moderators" });
    mo.ask("join", lane.clone()).await.unwrap();
    let mut ana = Probe::open(&node.socket).await;
    let me = ana.hello(&world.token("ana", &[])).await["principal"]["id"].clone();
    let mut ben = node.probe(&world.token("ben", &[])).await;
    ben.ask("join", json!({ "room": "cardiology" })).await.unwrap();

    let (good, bad) = (mid(), mid());
    for of in [&good, &bad] {
        let held = ana.ask("message.post", post("cardiology", "T", of, "waits")).await.unwrap_err();
        assert_eq!((&held["code"], &held["number"]), (&json!("held"), &json!(107)));
        let entry = next(&mut mo).await;
        assert_eq!((&entry["op"], &entry["mid"]), (&json!("message.held"), &json!(of)));
        assert_eq!((&entry["by"]["id"], &entry["w"]["body"]), (&me, &json!("waits")));
    }
    // Not final, and not twice.
    let again = ana.ask("message.post", post("cardiology", "T", &good, "waits")).await.unwrap_err();
    assert_eq!(again["code"], "held");
    let other = ana.ask("message.post", post("cardiology", "T", &good, "else")).await.unwrap_err();
    assert_eq!(other["code"], "mid_reused");
    assert_eq!(ana.ask("join", lane.clone()).await.unwrap_err()["code"], "forbidden");

    mo.ask("message.release", act(json!({ "of": good }))).await.unwrap();
    let shown = next(&mut ben).await;
    assert_eq!((&shown["op"], &shown["mid"]), (&json!("message.posted"), &json!(good)));
    assert_eq!((&shown["by"]["id"], &shown["w"]["body"]), (&me, &json!("waits")));
    assert!(shown["d"]["submitted_at"].as_u64().unwrap() <= shown["at"].as_u64().unwrap());
    let now = ana.ask("message.post", post("cardiology", "T", &good, "waits")).await.unwrap();
    assert_eq!((&now["position"]["seq"], &now["duplicate"]), (&shown["seq"], &json!(true)));
    let twice = mo.ask("message.release", act(json!({ "of": good }))).await.unwrap_err();
    assert_eq!(twice["code"], "message_gone");

    let hide = act(json!({ "of": bad, "reason": "a name in it" }));
    mo.ask("message.hide", hide).await.unwrap();
    let refused =
        ana.ask("message.post", post("cardiology", "T", &bad, "waits")).await.unwrap_err();
    assert_eq!((&refused["code"], &refused["number"]), (&json!("declined"), &json!(220)));
    let mailbox = format!("@{}", me.as_str().unwrap());
    ana.ask("join", json!({ "room": mailbox, "from": "start" })).await.unwrap();
    let told = next(&mut ana).await;
    assert_eq!((&told["d"]["why"], &told["d"]["of"]), (&json!("declined"), &json!(bad)));
    assert_eq!(told["d"]["seq"], 0, "it never stood in the room");

    // What the lane kept of a released message is erased with it.
    let redact = act(json!({ "of": good, "reason": "a name after all" }));
    mo.ask("message.redact", redact).await.unwrap();
    let page = mo.ask("history", lane).await.unwrap();
    let held = page["entries"].as_array().unwrap().iter();
    let held: Vec<_> = held.filter(|entry| entry["mid"] == good.as_str()).collect();
    assert_eq!((held.len(), &held[0]["erased"]), (1, &json!(true)));

    // After a restart the answers are the same.
    drop((mo, ana, ben));
    node.kill();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let refused =
        ana.ask("message.post", post("cardiology", "T", &bad, "waits")).await.unwrap_err();
    assert_eq!(refused["code"], "declined");
    let now = ana.ask("message.post", post("cardiology", "T", &good, "waits")).await.unwrap();
    assert_eq!(now["duplicate"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_holds_mentions_replies_and_what_was_read() {
    let world = World::new();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let mut ana = Probe::open(&node.socket).await;
    let me = ana.hello(&world.token("ana", &[])).await["principal"]["id"].clone();
    let mut ben = node.probe(&world.token("ben", &[])).await;
    let mailbox = format!("@{}", me.as_str().unwrap());
    ana.ask("join", json!({ "room": mailbox })).await.unwrap();
    let (first, named, replied) = (mid(), mid(), mid());
    ana.ask("message.post", post("cardiology", "T", &first, "mine")).await.unwrap();
    let mut body = post("cardiology", "T", &named, "look");
    body["mentions"] = json!([me]);
    ben.ask("message.post", body.clone()).await.unwrap();
    let told = next(&mut ana).await;
    assert_eq!((&told["op"], &told["d"]["why"]), (&json!("notification.filed"), &json!("mention")));
    assert_eq!((&told["d"]["of"], &told["d"]["seq"]), (&json!(named), &json!(3)));
    assert_eq!((&told["n"], told.get("w")), (&json!(1), None), "facts only");
    ben.ask("message.post", body).await.unwrap();
    let mut reply = post("cardiology", "T", &replied, "yes");
    reply["reply_to"] = json!(first);
    ben.ask("message.post", reply).await.unwrap();
    let told = next(&mut ana).await;
    assert_eq!(
        (&told["d"]["why"], &told["d"]["of"]),
        (&json!("reply"), &json!(replied)),
        "once each"
    );
    let mut nobody = post("cardiology", "T", &mid(), "look");
    nobody["mentions"] = json!(["nobody-of-this-id"]);
    assert_eq!(ben.ask("message.post", nobody).await.unwrap_err()["code"], "unknown_person");

    ana.ask("read.mark", act(json!({ "ranges": [[1, 2]] }))).await.unwrap();
    let read = next(&mut ana).await;
    assert_eq!((&read["op"], &read["d"]["ranges"]), (&json!("read.marked"), &json!([[1, 2]])));
    let soon = ana.ask("read.mark", act(json!({ "ranges": [[3, 3]] }))).await.unwrap_err();
    assert_eq!(soon["code"], "rate_limited");
    assert!(soon["retry_after_ms"].as_u64().unwrap() <= 10_000);
    for ranges in
        [json!([]), json!([[2, 1]]), json!([[0, 1]]), json!([[1, 2], [2, 3]]), json!([[1, 99]])]
    {
        let refused = ana.ask("read.mark", act(json!({ "ranges": ranges }))).await.unwrap_err();
        assert_eq!(refused["code"], "bad_request", "{ranges}");
    }
    // It is all there after a restart, for its owner.
    drop((mo, ana, ben));
    node.kill();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let page = ana.ask("history", json!({ "room": mailbox })).await.unwrap();
    let ops: Vec<_> =
        page["entries"].as_array().unwrap().iter().map(|it| it["op"].clone()).collect();
    assert_eq!(ops, ["notification.filed", "notification.filed", "read.marked"]);
}

/// An act that touches a room and its lane is one group of the journal, so a crash leaves all of it
/// or nothing: no words stay behind in the lane when those in the room are erased.
#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_touches_two_logs_is_kept_whole() {
    let world = World::new();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    mo.ask("room.policy", act(json!({ "posting": "held" }))).await.unwrap();
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let mids: Vec<String> = (0..15).map(|_| mid()).collect();
    for of in &mids {
        ana.ask("message.post", post("cardiology", "T", of, "waits")).await.unwrap_err();
    }
    let (groups, entries) = ("wardroom_groups_total", "wardroom_entries_total");
    for op in ["message.release", "message.redact"] {
        let before = (node.metric(groups).await, node.metric(entries).await);
        for of in &mids {
            let body = match op {
                "message.redact" => json!({ "of": of, "reason": "a name" }),
                _ => json!({ "of": of }),
            };
            mo.ask(op, act(body)).await.unwrap();
        }
        let after = (node.metric(groups).await, node.metric(entries).await);
        assert_eq!((after.0 - before.0, after.1 - before.1), (15, 30), "{op}");
    }
}

/// Messages are moved in the room; what stands in its lane at the same seqs has nothing to do with them.
#[tokio::test(flavor = "multi_thread")]
async fn a_lane_is_read_by_topic_whatever_was_moved_in_its_room() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let moved = [mid(), mid()];
    for of in &moved {
        mo.ask("message.post", post("cardiology", "T", of, "astray")).await.unwrap();
    }
    mo.ask("topic.move", act(json!({ "of": moved, "to": "U" }))).await.unwrap();
    mo.ask("room.policy", act(json!({ "posting": "held" }))).await.unwrap();
    let mut ana = node.probe(&world.token("ana", &[])).await;
    for _ in 0..3 {
        let held = ana.ask("message.post", post("cardiology", "T", &mid(), "waits")).await;
        assert_eq!(held.unwrap_err()["code"], "held");
    }
    let topics = mo.ask("topics", json!({ "room": "cardiology" })).await.unwrap();
    let topics = topics["topics"].as_array().unwrap();
    for (name, expected) in [("T", vec![1, 2, 3]), ("U", vec![])] {
        let topic = topics.iter().find(|topic| topic["name"] == name).unwrap();
        let body = json!({ "room": "cardiology/moderators", "topic": topic["topic"] });
        let page = mo.ask("history", body).await.unwrap();
        let seqs: Vec<_> =
            page["entries"].as_array().unwrap().iter().map(|it| it["seq"].clone()).collect();
        assert_eq!(seqs, expected, "{name}");
    }
}
