//! Promise 5: retrying is harmless.

use serde_json::{Value, json};

use crate::world::{World, mid, post};

#[tokio::test(flavor = "multi_thread")]
async fn retrying_is_harmless() {
    let world = World::new();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    ana.create("cardiology").await;
    let mid_one = mid();
    let body = post("cardiology", "T", &mid_one, "once");
    let first = ana.ask("message.post", body.clone()).await.unwrap();
    assert_eq!(first.get("duplicate"), None);
    let mut same = first.clone();
    same["duplicate"] = Value::Bool(true);
    assert_eq!(ana.ask("message.post", body.clone()).await.unwrap(), same);

    // `after` is how an outbox keeps its order, no part of what is said.
    let mut chained = body.clone();
    chained["after"] = json!(mid_one);
    assert_eq!(ana.ask("message.post", chained).await.unwrap(), same);

    let others = [
        ("body", json!("twice")),
        ("body", json!("onc")),
        ("topic", json!("U")),
        ("tags", json!(["x"])),
        ("kind", json!("question")),
    ];
    for (field, value) in others {
        let mut other = body.clone();
        other[field] = value;
        let refused = ana.ask("message.post", other).await.unwrap_err();
        assert_eq!(refused["code"], "mid_reused", "another {field}");
    }
    let mut ben = node.probe(&world.token("ben", &[])).await;
    assert_eq!(ben.ask("message.post", body.clone()).await.unwrap_err()["code"], "mid_taken");

    // The same after a restart, with the index read from the store, and after many more entries.
    for number in 0..300 {
        ana.tell("message.post", post("cardiology", "T", &mid(), &format!("{number}"))).await;
        if number % 32 == 31 {
            ana.post("cardiology", "T", "barrier").await.ok();
        }
    }
    node.kill();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    assert_eq!(ana.ask("message.post", body).await.unwrap(), same);

    // Founding too.
    let found = json!({ "room": "oncology", "mid": mid(), "title": "T", "class": "discussion" });
    let first = ana.ask("room.create", found.clone()).await.unwrap();
    let again = ana.ask("room.create", found.clone()).await.unwrap();
    assert_eq!(again["position"], first["position"]);
    assert_eq!(again["duplicate"], true);
    let mut other = found;
    other["mid"] = json!(mid());
    assert_eq!(ana.ask("room.create", other).await.unwrap_err()["code"], "room_exists");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipelined_outbox_keeps_its_order() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut ana = node.probe(&world.token("ana", &["moderator", "import"])).await;
    ana.create("cardiology").await;
    let (one, two) = (mid(), mid());
    let mut second = post("cardiology", "T", &two, "two");
    second["after"] = json!(one);
    let refused = ana.ask("message.post", second.clone()).await.unwrap_err();
    assert_eq!(refused["code"], "out_of_order");
    assert!(refused["number"].as_u64().unwrap() < 200, "retryable");
    let first = ana.tell("message.post", post("cardiology", "T", &one, "one")).await;
    let then = ana.tell("message.post", second).await;
    let first = ana.reply(first).await.unwrap();
    let then = ana.reply(then).await.unwrap();
    let seq = |written: &Value| written["position"]["seq"].as_u64().unwrap();
    assert_eq!(seq(&then), seq(&first) + 1);

    // 200 in a row without waiting: numbered as sent, whatever the owed replies hold back.
    let mut ids = Vec::new();
    for number in 0..200 {
        let body = post("cardiology", "T", &mid(), &format!("{number}"));
        ids.push(ana.tell("message.post", body).await);
    }
    for (id, expected) in ids.into_iter().zip(seq(&then) + 1..) {
        let written = ana.reply(id).await.unwrap();
        assert_eq!(seq(&written), expected);
    }
}
