//! A bug in the task of a room, or of a log of the node's own: whoever asked is answered, whoever followed
//! is closed with a code to come back by, and the log is opened anew with everything that was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wardroom_client::wire::Ended;

use crate::world::{Node, PATIENCE, Probe, World, mid, post};

/// Posts on their way at once; the bug is in the midst of them.
const POSTS: usize = 60;

/// Before a command is looked at; when its entry has its place and is not folded; when it is folded and
/// its author not answered.
const POINTS: [&str; 3] = ["in_actor@30", "in_fold@30", "in_reply@30"];

/// Who is not answered or not closed is pinged for ever, so this waits by its own clock.
async fn in_time<T>(all: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, all).await.expect("somebody is left waiting")
}

/// Everything of `cardiology` that this one is shown until it is closed; the close code with its reason.
async fn until_closed(probe: &mut Probe) -> (Vec<String>, (u16, String)) {
    let mut shown = Vec::new();
    loop {
        match probe.receive().await {
            Ok(text) if text.contains("\"seq\":") => shown.push(text),
            Ok(text) => assert!(!text.contains("\"removed\""), "nobody was taken out: {text}"),
            Err(Ended::Closed { code, reason }) => return (shown, (code, reason)),
            Err(ended) => panic!("no close frame: {ended}"),
        }
    }
}

/// All entries of `cardiology`, after checking that they are dense.
async fn whole(probe: &mut Probe) -> Vec<String> {
    let joined = probe.ask("join", json!({ "room": "cardiology", "from": "start" })).await.unwrap();
    let mut entries = Vec::new();
    for seq in 1..=joined["position"]["seq"].as_u64().unwrap() {
        let text = probe.entry_of("cardiology").await;
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["seq"], seq, "dense");
        entries.push(text);
    }
    entries
}

/// Posts what is not acknowledged, until it is.
async fn post_all(author: &mut Probe, mids: &[String], acked: &mut BTreeMap<String, Value>) {
    let mut ids = Vec::new();
    for mid in mids {
        let body = post("cardiology", "T", mid, "text");
        ids.push((mid, author.tell("message.post", body).await));
    }
    let mut unknown = 0;
    for (mid, id) in ids {
        match author.reply(id).await {
            Ok(written) => {
                acked.insert(mid.clone(), written["position"].clone());
            }
            Err(error) => {
                let code = error["code"].as_str().unwrap();
                assert!(["unknown", "log_unavailable"].contains(&code), "{error}");
                unknown += u64::from(code == "unknown");
            }
        }
    }
    assert!(unknown > 0, "nobody was told of the bug");
    for mid in mids {
        let body = post("cardiology", "T", mid, "text");
        let written = author.ask("message.post", body).await.unwrap();
        let position = acked.entry(mid.clone()).or_insert(written["position"].clone());
        assert_eq!(*position, written["position"], "a retry is answered with the same place");
    }
}

/// One node, one bug, and what is there afterwards.
async fn go_on_after(world: &World, node: &Node) -> Vec<String> {
    let token = world.token("reader", &[]);
    let mut author = node.probe(&world.token("author", &["moderator", "import"])).await;
    author.create("cardiology").await;
    author.create("oncology").await;
    let (mut reader, mut neighbour) =
        (node.probe(&token).await, node.probe(&world.token("neighbour", &[])).await);
    let joined = reader.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    neighbour.ask("join", json!({ "room": "oncology" })).await.unwrap();

    let mids: Vec<_> = (0..POSTS).map(|_| mid()).collect();
    let mut acked = BTreeMap::new();
    post_all(&mut author, &mids, &mut acked).await;
    let (mut shown, close) = until_closed(&mut reader).await;
    assert_eq!(close, (1011, "server_error".into()), "back off, come back, resume");
    drop(reader);

    // Who comes back resumes where they were.
    let last = shown.last().map(|text| serde_json::from_str::<Value>(text).unwrap());
    let position = last.map_or(
        joined["position"].clone(),
        |entry| json!({ "epoch": entry["epoch"], "seq": entry["seq"] }),
    );
    let mut reader = Probe::open(&node.socket).await;
    let resume = json!({ "token": token, "resume": { "cardiology": position } });
    let greeting = reader.ask("hello", resume).await.unwrap();
    assert_eq!(greeting["rooms"]["cardiology"]["ok"]["recovered"], true, "{greeting}");
    let mut late = node.probe(&world.token("late", &[])).await;
    let entries = whole(&mut late).await;
    assert_eq!(entries.len(), POSTS + 1, "each once, and nothing else");
    while shown.len() < POSTS {
        shown.push(reader.entry_of("cardiology").await);
    }
    assert_eq!(shown, entries[1..], "the same for who was there and who came late");
    let of = |text: &String| {
        let entry: Value = serde_json::from_str(text).unwrap();
        let position = json!({ "epoch": entry["epoch"], "seq": entry["seq"] });
        (entry["mid"].as_str().unwrap().to_owned(), position)
    };
    assert_eq!(entries[1..].iter().map(of).collect::<BTreeMap<_, _>>(), acked);

    // Nobody else noticed, and it is a room like any other.
    author.post("oncology", "T", "next door").await.unwrap();
    assert!(neighbour.entry().await.contains("next door"));
    author.post("cardiology", "T", "on it goes").await.unwrap();
    assert!(reader.entry_of("cardiology").await.contains("on it goes"));
    assert_eq!(node.get("/readyz").await.0, 200);
    assert_eq!(node.metric("wardroom_panics_total").await, 1);
    assert_eq!(node.metric("wardroom_rooms_open").await, 2);
    assert_eq!(node.metric(r#"wardroom_closes_total{code="server_error"}"#).await, 1);
    node.until_metric("wardroom_joined", 3).await;
    node.until_metric("wardroom_present", 3).await;
    entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bug_in_a_room_closes_who_follows_it_and_it_goes_on_from_its_log() {
    for fault in POINTS {
        let world = World::new();
        let node = world.node_with(&[], &[("WARDROOM_FAULT", fault)]);
        let entries = Box::pin(in_time(go_on_after(&world, &node))).await;
        assert!(node.told().contains("a bug ended a log's task"), "{fault}: {}", node.told());
        assert!(node.stop().success());
        let node = world.node();
        let kept = whole(&mut node.probe(&world.token("after", &[])).await).await;
        assert_eq!(kept[..entries.len()], entries, "{fault}: the same after a restart");
        assert_eq!(kept.len(), entries.len() + 1);
        node.stop();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bug_in_a_room_in_memory_is_no_other() {
    for fault in POINTS {
        let world = World::new();
        let node = world.node_with(&["--ephemeral"], &[("WARDROOM_FAULT", fault)]);
        Box::pin(in_time(go_on_after(&world, &node))).await;
    }
}

/// The first command of a node is about a person, the second about the name of a room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bug_in_a_log_of_the_node_is_answered_and_the_next_try_is_taken() {
    for point in ["in_actor", "in_fold", "in_reply"] {
        for nth in [1, 2] {
            let world = World::new();
            let node = world.node_with(&[], &[("WARDROOM_FAULT", &format!("{point}@{nth}"))]);
            let mut probe = Probe::open(&node.socket).await;
            let hello = json!({ "token": world.token("ana", &["moderator"]) });
            let create =
                json!({ "room": "cardiology", "mid": mid(), "title": "T", "class": "discussion" });
            let mut refused = BTreeSet::new();
            for (op, body) in [("hello", hello), ("room.create", create)] {
                let Err(error) = probe.ask(op, body.clone()).await else { continue };
                assert_eq!(error["code"], "unknown", "{op}: {error}");
                refused.insert(op);
                probe.ask(op, body).await.expect(op);
            }
            let bugged = if nth == 1 { "hello" } else { "room.create" };
            assert_eq!(refused, BTreeSet::from([bugged]), "{point}");
            probe.post("cardiology", "T", "text").await.unwrap();
            node.probe(&world.token("ben", &[])).await;
            let listed = probe.ask("rooms", json!({})).await.unwrap();
            assert_eq!(listed["rooms"].as_array().unwrap().len(), 1, "{listed}");
            assert_eq!(node.metric("wardroom_panics_total").await, 1);
            assert!(node.stop().success());
        }
    }
}
