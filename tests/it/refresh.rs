//! `refresh`: a newer token on a connection that lives. The right follows the token, at once.

use serde_json::{Value, json};

use crate::world::{Probe, World, mid, post};

fn at(frame: &Value) -> u64 {
    frame["expires_at"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_refresh_nothing_comes_after_the_end_and_with_one_all_goes_on() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut writer = node.probe(&world.token("wim", &["moderator", "import"])).await;
    writer.create("cardiology").await;
    let (mut ana, mut ben) = (Probe::open(&node.socket).await, Probe::open(&node.socket).await);
    let mut ends = Vec::new();
    for (probe, sub) in [(&mut ana, "ana"), (&mut ben, "ben")] {
        let greeting = probe.hello(&world.token_for(sub, &[], 10)).await;
        ends.push(at(&greeting));
        probe.ask("join", json!({ "room": "cardiology" })).await.unwrap();
        let told = probe.op("expiring").await;
        assert_eq!(told, json!({ "op": "expiring", "d": { "expires_at": at(&greeting) } }));
    }
    let token = world.token_for("ben", &[], 3600);
    let answer = ben.ask("refresh", json!({ "token": token })).await.unwrap();
    assert!(at(&answer) > ends[1] + 3_000_000, "the end is the new token's: {answer}");
    assert_eq!(answer["limits"]["messages_per_second"], 20);

    writer.post("cardiology", "T", "before").await.unwrap();
    for probe in [&mut ana, &mut ben] {
        assert!(probe.entry().await.contains("before"));
    }
    // One notice per token: between the entry and the end nothing else comes.
    match ana.receive().await {
        Ok(frame) => panic!("nothing was to come: {frame}"),
        Err(ended) => assert!(ended.to_string().contains("4202"), "{ended}"),
    }
    writer.post("cardiology", "T", "after").await.unwrap();
    assert!(ben.entry().await.contains("after"));
    assert!(ana.receive().await.is_err(), "nothing is sent after the end");
    ben.post("cardiology", "T", "still here").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_fails_changes_nothing() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_TELEMETRY__FILTER", "trace")]);
    let mut mo = Probe::open(&node.socket).await;
    mo.hello(&world.token_for("mo", &["moderator"], 10)).await;
    let foreign = World::new().token("mo", &["moderator"]);
    let refused = [
        ("nonsense".to_owned(), "token_invalid", 300),
        (foreign.clone(), "token_invalid", 300),
        // Somebody else's good token.
        (world.token("ana", &["moderator"]), "token_invalid", 300),
        (world.token_for("mo", &[], -60), "token_expired", 301),
        // Within the leeway of a hello, and over all the same.
        (world.token_for("mo", &[], -5), "token_expired", 301),
    ];
    for (token, code, number) in &refused {
        let error = mo.ask("refresh", json!({ "token": token })).await.unwrap_err();
        assert_eq!((&error["code"], &error["number"]), (&json!(code), &json!(number)));
        assert_eq!(error["field"], "/d/token");
        assert!(!error.to_string().contains(token.as_str()));
    }
    let typo = mo.ask("refresh", json!({ "tokn": "x" })).await.unwrap_err();
    assert_eq!(typo["code"], "bad_request");
    // The role is still there, and so is the old end.
    mo.create("cardiology").await;
    assert_eq!(mo.closed().await, (4202, "token_expired".into()));
    assert!(!node.told().contains(&foreign), "the node's log holds a token");

    // Before the hello it is no command at all.
    let mut early = Probe::open(&node.socket).await;
    early.tell("refresh", json!({ "token": world.token("mo", &[]) })).await;
    assert_eq!(early.closed().await, (4200, "hello_required".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_lost_by_refresh_is_lost_at_once_for_commands_and_for_reading() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    // Somebody else founds the room: its founder owns it, whatever later tokens say.
    let mut founder = node.probe(&world.token("founder", &["moderator"])).await;
    founder.create("cardiology").await;
    let lane = json!({ "room": "cardiology/moderators" });
    mo.ask("join", lane.clone()).await.unwrap();
    mo.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    let mut other = node.probe(&world.token("other", &["moderator"])).await;
    other.ask("join", lane.clone()).await.unwrap();
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let of = mid();
    ana.ask("message.post", post("cardiology", "T", &of, "text")).await.unwrap();
    let report = || json!({ "room": "cardiology", "mid": mid(), "of": of, "reason": "r" });
    ana.ask("message.report", report()).await.unwrap();
    for probe in [&mut mo, &mut other] {
        let reported = probe.op("message.reported").await;
        assert_eq!(reported["seq"], 1);
    }

    let token = world.token("mo", &[]);
    mo.ask("refresh", json!({ "token": token })).await.unwrap();
    let removed = mo.op("removed").await;
    let expected = json!({ "room": "cardiology/moderators", "reason": "forbidden" });
    assert_eq!(removed["d"], expected);
    let found = json!({ "room": "nephrology", "mid": mid(), "title": "T", "class": "discussion" });
    let refused = mo.ask("room.create", found.clone()).await.unwrap_err();
    assert_eq!(refused["code"], "forbidden");
    for op in ["join", "history"] {
        assert_eq!(mo.ask(op, lane.clone()).await.unwrap_err()["code"], "forbidden", "{op}");
    }
    assert_eq!(mo.ask("leave", lane.clone()).await.unwrap_err()["code"], "not_joined");

    // The next report is everybody's who may read it; the room itself goes on for all.
    ana.ask("message.report", report()).await.unwrap();
    assert_eq!(other.op("message.reported").await["seq"], 2);
    ana.post("cardiology", "T", "to all").await.unwrap();
    loop {
        let entry: Value = serde_json::from_str(&mo.entry().await).unwrap();
        assert_eq!(entry["room"], "cardiology", "an entry of a log that was left");
        if entry["w"]["body"] == "to all" {
            break;
        }
    }

    // What a token takes another one gives back; the card is the newest one's.
    let claims = wardroom::identity::Claims {
        name: "Dr Mo Newname".into(),
        roles: vec!["moderator".into()],
        ..World::claims("mo", 3600)
    };
    let token = world.sign(&claims);
    mo.ask("refresh", json!({ "token": token })).await.unwrap();
    mo.ask("room.create", found).await.unwrap();
    mo.ask("join", lane).await.unwrap();
    mo.post("cardiology", "T", "signed").await.unwrap();
    let entry: Value = serde_json::from_str(&mo.entry().await).unwrap();
    assert_eq!(entry["w"]["card"]["name"], "Dr Mo Newname");
}
