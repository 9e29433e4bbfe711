//! Membership: who gets in, who is out, and that a loss of right bites at once (promise 8).

use serde_json::{Value, json};

use crate::world::{Node, Probe, World, act, mid, post};

/// Somebody who has said hello, and their id.
async fn somebody(node: &Node, world: &World, name: &str) -> (Probe, String) {
    let mut probe = Probe::open(&node.socket).await;
    let greeting = probe.hello(&world.token(name, &[])).await;
    (probe, greeting["principal"]["id"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_by_invitation_exists_for_its_members_only() {
    let world = World::new();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    mo.ask("room.policy", act(json!({ "join": "invite" }))).await.unwrap();
    let (mut ana, ana_id) = somebody(&node, &world, "ana").await;
    let (mut ben, _) = somebody(&node, &world, "ben").await;
    let nowhere = ana.ask("join", json!({ "room": "nowhere" })).await.unwrap_err();
    for op in ["join", "history", "topics", "presence"] {
        let refused = ana.ask(op, json!({ "room": "cardiology" })).await.unwrap_err();
        assert_eq!(refused, nowhere, "{op}: to others it does not exist");
    }
    let refused = ana.post("cardiology", "T", "text").await.unwrap_err();
    assert_eq!(refused["code"], "unknown_room");
    assert_eq!(ana.ask("rooms", json!({})).await.unwrap()["rooms"], json!([]));

    mo.ask("member.invite", act(json!({ "person": ana_id }))).await.unwrap();
    // The mailbox tells.
    let mailbox = json!({ "room": format!("@{ana_id}"), "from": "start" });
    ana.ask("join", mailbox.clone()).await.unwrap();
    let told: Value = serde_json::from_str(&ana.entry().await).unwrap();
    assert_eq!((&told["op"], &told["d"]["why"]), (&json!("notification.filed"), &json!("invited")));
    assert_eq!(told["d"]["room"], "cardiology");
    assert_eq!(ben.ask("join", mailbox).await.unwrap_err()["code"], "unknown_room");
    let joined = ana.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(
        (&joined["state"]["join"], &joined["state"]["role"]),
        (&json!("invite"), &json!("member"))
    );
    ana.post("cardiology", "T", "text").await.unwrap();
    let one = ana.ask("rooms", json!({})).await.unwrap();
    assert_eq!(one["rooms"].as_array().unwrap().len(), 1);

    // Taken out while connected: told at once, and nothing more comes.
    mo.ask("member.remove", act(json!({ "person": ana_id }))).await.unwrap();
    let removed = ana.op("removed").await;
    assert_eq!(removed["d"], json!({ "room": "cardiology", "reason": "forbidden" }));
    let refused = ana.ask("join", json!({ "room": "cardiology" })).await.unwrap_err();
    assert_eq!(refused["code"], "unknown_room");

    // The rules are the log's: they are there after a restart.
    drop((mo, ana, ben));
    node.kill();
    let node = world.node();
    let (mut ana, _) = somebody(&node, &world, "ana").await;
    assert_eq!(ana.ask("rooms", json!({})).await.unwrap()["rooms"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_knocks_and_is_admitted() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    mo.ask("room.policy", act(json!({ "join": "knock" }))).await.unwrap();
    mo.ask("join", json!({ "room": "cardiology/moderators" })).await.unwrap();
    let (mut ana, ana_id) = somebody(&node, &world, "ana").await;
    let refused = ana.ask("join", json!({ "room": "cardiology" })).await.unwrap_err();
    assert_eq!(refused["code"], "forbidden", "known of, and not in");
    ana.ask("member.knock", act(json!({ "reason": "same clinic" }))).await.unwrap();
    let knock: Value = serde_json::from_str(&mo.entry().await).unwrap();
    assert_eq!((&knock["op"], &knock["d"]["person"]), (&json!("member.knocked"), &json!(ana_id)));
    mo.ask("member.admit", act(json!({ "of": knock["mid"] }))).await.unwrap();
    ana.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    let again = mo.ask("member.admit", act(json!({ "of": knock["mid"] }))).await.unwrap_err();
    assert_eq!(again["code"], "bad_request");
    ana.ask("member.leave", act(json!({}))).await.unwrap();
    assert_eq!(ana.op("removed").await["d"]["room"], "cardiology");
    let last = mo.ask("member.leave", act(json!({}))).await.unwrap_err();
    assert_eq!(last["code"], "last_owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_banned_stays_out_of_an_open_room() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let (mut ana, ana_id) = somebody(&node, &world, "ana").await;
    ana.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    mo.ask("member.remove", act(json!({ "person": ana_id, "ban": true }))).await.unwrap();
    ana.op("removed").await;
    for probe_op in ["join", "history"] {
        let refused = ana.ask(probe_op, json!({ "room": "cardiology" })).await.unwrap_err();
        assert_eq!(refused["code"], "forbidden", "{probe_op}");
    }
    assert_eq!(ana.post("cardiology", "T", "x").await.unwrap_err()["code"], "forbidden");
    // A role per room: ana becomes a moderator here, and may do there what moderators may.
    mo.ask("member.invite", act(json!({ "person": ana_id, "role": "moderator" }))).await.unwrap();
    ana.ask("join", json!({ "room": "cardiology/moderators" })).await.unwrap();
    assert_eq!(
        ana.ask("room.policy", act(json!({ "join": "knock" }))).await.unwrap_err()["code"],
        "forbidden"
    );
    mo.ask("member.role", act(json!({ "person": ana_id, "role": "member" }))).await.unwrap();
    assert_eq!(ana.op("removed").await["d"]["room"], "cardiology/moderators");
    let stranger = act(json!({ "person": "nobody-of-this-id" }));
    let refused = mo.ask("member.invite", stranger).await.unwrap_err();
    assert_eq!(
        (&refused["code"], &refused["field"]),
        (&json!("unknown_person"), &json!("/d/person"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_room_is_read_and_takes_nothing_new() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    mo.post("cardiology", "T", "text").await.unwrap();
    mo.ask("room.archive", act(json!({ "archived": true }))).await.unwrap();
    let (mut ana, ana_id) = somebody(&node, &world, "ana").await;
    let joined = ana.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(joined["state"]["archived"], true);
    assert_eq!(ana.post("cardiology", "T", "x").await.unwrap_err()["code"], "room_archived");
    let of = mid();
    let topics = ana.ask("topics", json!({ "room": "cardiology" })).await.unwrap();
    for (op, more) in [
        ("message.edit", json!({ "of": of, "body": "b" })),
        ("message.react", json!({ "of": of, "reaction": "thanks" })),
        ("topic.rename", json!({ "topic": topics["topics"][0]["topic"], "name": "N" })),
        ("announcement.ack", json!({ "of": of })),
        ("member.knock", json!({})),
    ] {
        let refused = ana.ask(op, act(more)).await.unwrap_err();
        assert_eq!(refused["code"], "room_archived", "{op}");
    }
    let invite = mo.ask("member.invite", act(json!({ "person": ana_id }))).await.unwrap_err();
    assert_eq!(invite["code"], "room_archived");
    // Who is to read no more reads no more of an archive either.
    let ban = act(json!({ "person": ana_id, "ban": true }));
    mo.ask("member.remove", ban).await.unwrap();
    assert_eq!(ana.op("removed").await["d"]["room"], "cardiology");
    let refused = ana.ask("history", json!({ "room": "cardiology" })).await.unwrap_err();
    assert_eq!(refused["code"], "forbidden");
    mo.ask("room.archive", act(json!({ "archived": false }))).await.unwrap();
    mo.post("cardiology", "T", "x").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_room_is_for_its_few() {
    let world = World::new();
    let node = world.node();
    let (mut ana, ana_id) = somebody(&node, &world, "ana").await;
    let (mut ben, ben_id) = somebody(&node, &world, "ben").await;
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    let found = json!({ "room": "dm-1", "mid": mid(), "title": "Two", "class": "direct", "with": [ben_id] });
    ana.ask("room.create", found).await.unwrap();
    let alone = json!({ "room": "dm-2", "mid": mid(), "title": "One", "class": "direct" });
    assert_eq!(ana.ask("room.create", alone).await.unwrap_err()["code"], "bad_request");
    ben.ask("join", json!({ "room": "dm-1" })).await.unwrap();
    ana.ask("message.post", post("dm-1", "T", &mid(), "between us")).await.unwrap();
    let heard: Value = serde_json::from_str(&ben.entry().await).unwrap();
    assert_eq!(heard["w"]["body"], "between us");
    // Not even for a moderator of all other rooms.
    for op in ["join", "history", "topics"] {
        let refused = mo.ask(op, json!({ "room": "dm-1" })).await.unwrap_err();
        assert_eq!(refused["code"], "unknown_room", "{op}");
    }
    assert_eq!(mo.ask("rooms", json!({})).await.unwrap()["rooms"], json!([]));
    // Its few stay the same.
    let invite = json!({ "room": "dm-1", "mid": mid(), "person": ana_id });
    assert_eq!(ben.ask("member.invite", invite).await.unwrap_err()["code"], "forbidden");
}
