//! Notes in mailboxes: each one that is owed comes, once, however the node ended and whatever other
//! mailboxes do. Nobody need open the room for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::time::timeout;
use wardroom::log::{Log, Options};

use crate::world::{Node, PATIENCE, Probe, World, act, mid, once_free, post};

const ROOM: &str = "cardiology";

/// A post that names somebody.
fn naming(of: &str, people: &[&str]) -> Value {
    let mut body = post(ROOM, "T", of, "look");
    body["mentions"] = json!(people);
    body
}

/// Somebody who has said hello and follows their mailbox, which they have the id of.
async fn somebody(node: &Node, world: &World, name: &str) -> (Probe, String) {
    let mut probe = Probe::open(&node.socket).await;
    let greeting = probe.hello(&world.token(name, &[])).await;
    let id = greeting["principal"]["id"].as_str().unwrap().to_owned();
    probe.ask("join", json!({ "room": format!("@{id}"), "from": "start" })).await.unwrap();
    (probe, id)
}

/// The next note: why and of what.
async fn note(probe: &mut Probe, id: &str) -> (String, String) {
    let told = timeout(PATIENCE, probe.entry_of(&format!("@{id}"))).await.expect("nobody was told");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["op"], "notification.filed");
    told_of(&told["d"])
}

fn told_of(d: &Value) -> (String, String) {
    let text = |name: &str| d[name].as_str().unwrap().to_owned();
    (text("why"), text("of"))
}

/// All notes in somebody's mailbox, as a stopped node left it. Derives none.
async fn filed(world: &World, id: &str) -> Vec<(String, String)> {
    let (log, _) = once_free(|| Log::open(&world.data(), Options::default()));
    let mailbox = format!("@{id}").parse().unwrap();
    let read = log.ask(move |reader| {
        let mut notes = Vec::new();
        let holes = reader.scan(&mailbox, &mut |record| {
            if &*record.header.op == "notification.filed" {
                notes.push(told_of(&serde_json::from_slice(&record.header.facts).unwrap()));
            }
        });
        assert_eq!(holes.unwrap(), []);
        notes
    });
    let notes = read.await.unwrap();
    log.close().await;
    notes
}

async fn founder(node: &Node, world: &World) -> Probe {
    node.probe(&world.token("mo", &["moderator", "import"])).await
}

/// A file that a fault lasts for: for all mailboxes, or for these.
fn hold(world: &World, ids: &[&str]) -> PathBuf {
    let path = world.file("hold");
    fs::write(&path, ids.join("\n")).unwrap();
    path
}

fn mentions(of: &[String]) -> Vec<(String, String)> {
    of.iter().map(|of| ("mention".to_owned(), of.clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_that_a_kill_cut_off_comes_after_the_restart() {
    let world = World::new();
    let node = world.node();
    let mut mo = founder(&node, &world).await;
    mo.create(ROOM).await;
    let (ana, ana_id) = somebody(&node, &world, "ana").await;
    drop((mo, ana));
    assert!(node.stop().success());

    let node = world.node_with(&[], &[("WARDROOM_FAULT", "before_note@1")]);
    let mut mo = founder(&node, &world).await;
    let of = mid();
    // It ends after the entry is safe and before the note is written.
    mo.tell("message.post", naming(&of, &[&ana_id])).await;
    tokio::task::block_in_place(|| node.wait());
    assert_eq!(filed(&world, &ana_id).await, []);

    let node = world.node();
    let (mut ana, _) = somebody(&node, &world, "ana").await;
    let told = note(&mut ana, &ana_id).await;
    assert_eq!(told, ("mention".to_owned(), of.clone()));
    drop(ana);
    node.kill();
    // Once, also if nobody wrote down that it was filed.
    fs::write(world.data().join("noted.mark"), "torn").unwrap();
    let node = world.node();
    let mut mo = founder(&node, &world).await;
    let last = mid();
    mo.ask("message.post", naming(&last, &[&ana_id])).await.unwrap();
    let (mut ana, _) = somebody(&node, &world, "ana").await;
    while note(&mut ana, &ana_id).await.1 != last {}
    drop((mo, ana));
    assert!(node.stop().success());
    assert_eq!(filed(&world, &ana_id).await, mentions(&[of, last]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_declined_before_a_kill_is_told_after_the_restart() {
    let world = World::new();
    let node = world.node();
    let mut mo = founder(&node, &world).await;
    mo.create(ROOM).await;
    mo.ask("room.policy", act(json!({ "posting": "held" }))).await.unwrap();
    let (mut ana, ana_id) = somebody(&node, &world, "ana").await;
    let of = mid();
    let held = ana.ask("message.post", post(ROOM, "T", &of, "waits")).await.unwrap_err();
    assert_eq!(held["code"], "held");
    drop((mo, ana));
    assert!(node.stop().success());

    let node = world.node_with(&[], &[("WARDROOM_FAULT", "before_note@1")]);
    let mut mo = founder(&node, &world).await;
    let hide = act(json!({ "of": of, "reason": "a name in it" }));
    mo.tell("message.hide", hide.clone()).await;
    tokio::task::block_in_place(|| node.wait());
    assert_eq!(filed(&world, &ana_id).await, []);

    let node = world.node();
    let (mut ana, _) = somebody(&node, &world, "ana").await;
    assert_eq!(note(&mut ana, &ana_id).await, ("declined".to_owned(), of.clone()));
    // Nor does a retry say it twice.
    let again = founder(&node, &world).await.ask("message.hide", hide).await.unwrap();
    assert_eq!(again["duplicate"], true);
    drop(ana);
    assert!(node.stop().success());
    assert_eq!(filed(&world, &ana_id).await, [("declined".to_owned(), of)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_notes_wait_when_a_node_is_killed_all_come() {
    let world = World::new();
    let hold = hold(&world, &[]);
    let env = [("WARDROOM_FAULT", "mailbox@1"), ("WARDROOM_FAULT_WHILE", hold.to_str().unwrap())];
    let node = world.node_with(&[], &env);
    let mut mo = founder(&node, &world).await;
    mo.create(ROOM).await;
    let (ana, ana_id) = somebody(&node, &world, "ana").await;
    let of: Vec<String> = (0..150).map(|_| mid()).collect();
    let mut asked = Vec::new();
    for of in &of {
        asked.push(mo.tell("message.post", naming(of, &[&ana_id])).await);
    }
    for id in asked {
        mo.reply(id).await.expect("nobody is refused because a mailbox is not to be had");
    }
    drop((mo, ana));
    node.kill();
    fs::remove_file(&hold).unwrap();
    assert_eq!(filed(&world, &ana_id).await, []);

    let node = world.node();
    let (mut ana, _) = somebody(&node, &world, "ana").await;
    for told in mentions(&of) {
        assert_eq!(note(&mut ana, &ana_id).await, told, "in the order of their entries");
    }
    drop(ana);
    assert!(node.stop().success());
    assert_eq!(filed(&world, &ana_id).await, mentions(&of));

    // A clean end has said so: the second passage of that point would end this one.
    let node = world.node_with(&[], &[("WARDROOM_FAULT", "before_note@2")]);
    let (mut mo, last) = (founder(&node, &world).await, mid());
    let (mut ana, _) = somebody(&node, &world, "ana").await;
    mo.ask("message.post", naming(&last, &[&ana_id])).await.unwrap();
    while note(&mut ana, &ana_id).await.1 != last {}
    assert!(node.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_cannot_be_written_delays_no_other_and_misses_nothing() {
    let world = World::new();
    let (hold, posts) = (world.file("hold"), 60);
    let env = [("WARDROOM_FAULT", "mailbox@1"), ("WARDROOM_FAULT_WHILE", hold.to_str().unwrap())];
    let node = world.node_with(&[], &env);
    let mut mo = founder(&node, &world).await;
    mo.create(ROOM).await;
    let (mut ana, ana_id) = somebody(&node, &world, "ana").await;
    let (mut ben, ben_id) = somebody(&node, &world, "ben").await;
    fs::write(&hold, &ana_id).unwrap();
    let of: Vec<String> = (0..posts).map(|_| mid()).collect();
    for of in &of {
        mo.ask("message.post", naming(of, &[&ana_id, &ben_id])).await.unwrap();
    }
    for told in mentions(&of) {
        assert_eq!(note(&mut ben, &ben_id).await, told);
    }
    fs::remove_file(&hold).unwrap();
    // More than wait apart for one mailbox, so some were left, and are derived again.
    let mut told = BTreeSet::new();
    for _ in 0..posts {
        told.insert(note(&mut ana, &ana_id).await);
    }
    assert_eq!(told, mentions(&of).into_iter().collect());
    assert!(node.metric("wardroom_notes_left_total").await > 0, "the test does not test it");
    drop((mo, ana, ben));
    assert!(node.stop().success());
    for id in [ana_id, ben_id] {
        assert_eq!(filed(&world, &id).await.len(), posts, "once each");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_drains_files_the_notes_that_are_on_their_way() {
    let world = World::new();
    let hold = hold(&world, &[]);
    let env =
        [("WARDROOM_FAULT", "note_waits@1"), ("WARDROOM_FAULT_WHILE", hold.to_str().unwrap())];
    let node = world.node_with(&[], &env);
    let mut mo = founder(&node, &world).await;
    mo.create(ROOM).await;
    let (ana, ana_id) = somebody(&node, &world, "ana").await;
    let of: Vec<String> = (0..100).map(|_| mid()).collect();
    for of in &of {
        mo.ask("message.post", naming(of, &[&ana_id])).await.unwrap();
    }
    drop((mo, ana));
    let ended = tokio::task::spawn_blocking(move || node.stop());
    let drains = || fs::read_to_string(world.file("node.log")).unwrap().contains("draining");
    while !drains() {
        tokio::task::yield_now().await;
    }
    fs::remove_file(&hold).unwrap();
    assert!(ended.await.unwrap().success());
    assert_eq!(filed(&world, &ana_id).await, mentions(&of));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_is_told_of_ones_own_way_in_and_out_and_never_of_what_one_may_not_read() {
    let world = World::new();
    let hold = world.file("hold");
    let env = [("WARDROOM_FAULT", "mailbox@1"), ("WARDROOM_FAULT_WHILE", hold.to_str().unwrap())];
    let node = world.node_with(&[], &env);
    let mut mo = founder(&node, &world).await;
    mo.create(ROOM).await;
    mo.ask("room.policy", act(json!({ "join": "knock" }))).await.unwrap();
    mo.ask("join", json!({ "room": format!("{ROOM}/moderators") })).await.unwrap();
    let (mut ana, ana_id) = somebody(&node, &world, "ana").await;
    let (mut ben, ben_id) = somebody(&node, &world, "ben").await;
    mo.ask("member.invite", act(json!({ "person": ben_id }))).await.unwrap();
    assert_eq!(note(&mut ben, &ben_id).await.0, "invited");
    // Named while outside, which ben's note shows was written.
    let of = mid();
    mo.ask("message.post", naming(&of, &[&ana_id, &ben_id])).await.unwrap();
    assert_eq!(note(&mut ben, &ben_id).await, ("mention".to_owned(), of));
    ana.ask("member.knock", act(json!({ "reason": "same clinic" }))).await.unwrap();
    let knock: Value = serde_json::from_str(&mo.entry().await).unwrap();
    mo.ask("member.admit", act(json!({ "of": knock["mid"] }))).await.unwrap();
    assert_eq!(note(&mut ana, &ana_id).await.0, "admitted", "and of nothing before");
    let role = act(json!({ "person": ana_id, "role": "moderator" }));
    mo.ask("member.role", role).await.unwrap();
    assert_eq!(note(&mut ana, &ana_id).await.0, "role");
    mo.ask("member.remove", act(json!({ "person": ana_id }))).await.unwrap();
    assert_eq!(note(&mut ana, &ana_id).await.0, "removed");

    // The same for what is derived after a kill.
    fs::write(&hold, "").unwrap();
    let (outside, both) = (mid(), mid());
    mo.ask("message.post", naming(&outside, &[&ana_id, &ben_id])).await.unwrap();
    mo.ask("member.invite", act(json!({ "person": ana_id }))).await.unwrap();
    mo.ask("member.remove", act(json!({ "person": ana_id }))).await.unwrap();
    mo.ask("message.post", naming(&both, &[&ana_id, &ben_id])).await.unwrap();
    drop((mo, ana, ben));
    node.kill();
    fs::remove_file(&hold).unwrap();
    let node = world.node();
    let (mut ben, _) = somebody(&node, &world, "ben").await;
    while note(&mut ben, &ben_id).await.1 != both {}
    drop(ben);
    assert!(node.stop().success());
    let whys: Vec<String> = filed(&world, &ana_id).await.into_iter().map(|(why, _)| why).collect();
    assert_eq!(whys, ["admitted", "role", "removed", "invited", "removed"]);
    assert_eq!(filed(&world, &ben_id).await.len(), 4);
}
