//! A room that opens from its snapshot is the room that opens from its first entry.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{Node, Probe, World, files, mid, post};

const ROOM: &str = "cardiology";
const USED: &str = "wardroom_snapshots_total{outcome=\"used\"}";

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let to = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&path, &to).unwrap();
    }
}

/// The same data, without what is kept of its logs.
fn without_snapshots(world: &World) -> World {
    let dir = TempDir::new().unwrap();
    let bare = World::in_dir(dir);
    copy(&world.data(), &bare.data());
    let _ = fs::remove_dir_all(bare.data().join("snapshots"));
    bare
}

async fn everything(world: &World, node: &Node) -> Vec<Value> {
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    let mut ana = Probe::open(&node.socket).await;
    let me = ana.hello(&world.token("ana", &["import"])).await["principal"]["id"].clone();
    let mut seen = Vec::new();
    let lane = format!("{ROOM}/moderators");
    for room in [ROOM, &lane] {
        seen.push(mo.ask("join", json!({ "room": room, "from": "start" })).await.unwrap());
        let mut ask = json!({ "room": room, "limit": 200 });
        loop {
            let page = mo.ask("history", ask.clone()).await.unwrap();
            let entries = page["entries"].as_array().unwrap();
            let first = entries.first().map(|first| (first["epoch"].clone(), first["seq"].clone()));
            seen.push(page.clone());
            match first {
                Some((epoch, seq)) if seq != 1 => {
                    ask["before"] = json!({ "epoch": epoch, "seq": seq });
                }
                _ => break,
            }
        }
    }
    let topics = mo.ask("topics", json!({ "room": ROOM })).await.unwrap();
    let ids: Vec<_> =
        topics["topics"].as_array().unwrap().iter().map(|it| it["topic"].clone()).collect();
    seen.push(topics);
    for topic in ids {
        seen.push(mo.ask("history", json!({ "room": ROOM, "topic": topic })).await.unwrap());
    }
    seen.push(ana.ask("rooms", json!({})).await.unwrap());
    let mailbox = format!("@{}", me.as_str().unwrap());
    seen.push(ana.ask("join", json!({ "room": mailbox, "from": "start" })).await.unwrap());
    seen
}

/// Every write and its answer are asked for once more: the index of mids knows them all.
async fn said_again(probe: &mut Probe, said: &[(Value, Value)]) {
    for (body, answer) in said {
        let again = probe.ask("message.post", body.clone()).await.unwrap();
        assert_eq!(again["duplicate"], true);
        assert_eq!(again["position"], answer["position"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_opens_from_its_snapshot_as_from_its_first_entry() {
    let world = World::new();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create(ROOM).await;
    let mut ana = node.probe(&world.token("ana", &["import"])).await;
    let mut said = Vec::new();
    for number in 0..300 {
        let body = post(ROOM, &format!("T{}", number % 5), &mid(), &format!("words {number}"));
        let answer = ana.ask("message.post", body.clone()).await.unwrap();
        said.push((body, answer));
    }
    let of = |number: usize| said[number].0["mid"].as_str().unwrap().to_owned();
    let about = |number, more: Value| {
        let mut body = json!({ "room": ROOM, "mid": mid(), "of": of(number) });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    mo.ask("message.react", about(7, json!({ "reaction": "helpful" }))).await.unwrap();
    mo.ask("message.pin", about(8, json!({}))).await.unwrap();
    mo.ask("message.report", about(9, json!({ "reason": "look" }))).await.unwrap();
    // The name of T0 goes with its first entry, and is read from the next.
    mo.ask("message.redact", about(0, json!({ "reason": "a name in it" }))).await.unwrap();
    let topics = mo.ask("topics", json!({ "room": ROOM })).await.unwrap();
    let t1 = &topics["topics"][1]["topic"];
    let rename = json!({ "room": ROOM, "mid": mid(), "topic": t1, "name": "anew" });
    mo.ask("topic.rename", rename).await.unwrap();
    assert!(node.stop().success());
    let kept = files(&world.data().join("snapshots"));
    assert!(!kept.is_empty(), "kept when it closed");

    // A little more, and a name that goes after it was kept; then no time to keep anything.
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &["import"])).await;
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    let body = post(ROOM, "T3", &mid(), "later words");
    let answer = ana.ask("message.post", body.clone()).await.unwrap();
    assert!(node.metric(USED).await > 0);
    mo.ask("message.redact", about(2, json!({ "reason": "a name in it" }))).await.unwrap();
    said.push((body, answer));
    node.kill();

    let bare = without_snapshots(&world);
    let node = world.node();
    let from_snapshot = everything(&world, &node).await;
    assert!(node.metric(USED).await > 0, "it opened from what was kept");
    let mut ana = node.probe(&world.token("ana", &["import"])).await;
    said_again(&mut ana, &said).await;
    node.stop();

    let node = bare.node();
    let from_first = everything(&world, &node).await;
    assert_eq!(node.metric(USED).await, 0);
    assert_eq!(from_snapshot, from_first);
    let topics = &from_first.iter().find(|reply| reply["topics"].is_array()).unwrap()["topics"];
    let names: Vec<_> = topics.as_array().unwrap().iter().map(|topic| &topic["name"]).collect();
    assert_eq!(names, ["T0", "anew", "T2", "T3", "T4"], "by other entries, where one was erased");
}
