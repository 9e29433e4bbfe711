//! Promises 1 and 8 together: while a change of who may do what, or of what stands in a room, waits for its
//! sync, nothing is shown or refused that rests on it.

use serde_json::{Value, json};

use crate::safe::{Bench, has_heard, probe};
use crate::world::{Probe, World, act, mid, post};

async fn end(bench: Bench) {
    let Bench { node, ana, ben, .. } = bench;
    drop((ana, ben));
    node.stop().await;
}

/// The answers that somebody has by when the room has done what they asked before.
async fn answered(probe: &mut Probe) -> Vec<Value> {
    let mut answers = Vec::new();
    for _ in 0..3 {
        // Waits for no sync.
        let id = probe.tell("history", json!({ "room": "cardiology" })).await;
        loop {
            let frame: Value = serde_json::from_str(&probe.receive().await.unwrap()).unwrap();
            if frame["id"] == id {
                break;
            }
            if frame["id"].is_u64() {
                answers.push(frame);
            }
        }
    }
    answers
}

/// A room where moderators look first, and what Ben said there.
async fn held(bench: &mut Bench) -> Value {
    bench.ana.ask("room.policy", act(json!({ "posting": "held" }))).await.unwrap();
    let body = post("cardiology", "T", &mid(), "waits");
    let refused = bench.ben.ask("message.post", body.clone()).await.unwrap_err();
    assert_eq!(refused["code"], "held");
    body
}

/// What was allowed when it was asked may be forbidden when its answer is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_removed_while_a_join_waits_follows_nothing() {
    let mut bench = Bench::begin().await;
    let mut carl = probe(&bench.world, &bench.node, "carl", &[]).await;
    let mut again = Probe::open(&bench.node.socket).await;
    let token = bench.world.token("carl", &[]);
    let him = again.hello(&token).await["principal"]["id"].clone();
    let head =
        again.ask("join", json!({ "room": "cardiology" })).await.unwrap()["position"].clone();
    again.ask("leave", json!({ "room": "cardiology" })).await.unwrap();
    bench.slow.shut(true);
    let posted = bench.ana.tell("message.post", post("cardiology", "T", &mid(), "one")).await;
    bench.until_a_sync_waits().await;
    let joined = carl.tell("join", json!({ "room": "cardiology" })).await;
    // The same by a hello that resumes.
    let mut back = Probe::open(&bench.node.socket).await;
    let resumed =
        back.tell("hello", json!({ "token": token, "resume": { "cardiology": head } })).await;
    // Both have been taken in by the room when these have been answered.
    bench.meanwhile().await;
    let ban = act(json!({ "person": him, "ban": true }));
    let banned = bench.ana.tell("member.remove", ban).await;
    bench.meanwhile().await;

    bench.slow.shut(false);
    bench.ana.reply(posted).await.unwrap();
    bench.ana.reply(banned).await.unwrap();
    let _either = carl.reply(joined).await;
    back.reply(resumed).await.unwrap();
    bench.ana.post("cardiology", "T", "later").await.unwrap();
    for probe in [&mut carl, &mut back] {
        let fence = probe.tell("leave", json!({ "room": "nowhere" })).await;
        let mut heard = String::new();
        loop {
            let text = probe.receive().await.unwrap();
            let frame: Value = serde_json::from_str(&text).unwrap();
            if frame["id"] == fence {
                break;
            }
            heard.push_str(&text);
        }
        assert!(!heard.contains("later"), "somebody who was removed follows on: {heard}");
    }
    drop((carl, again, back));
    end(bench).await;
}

/// A page that waits is judged when it is made as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_banned_while_a_page_waits_is_not_shown_it() {
    let mut bench = Bench::begin().await;
    let room = json!({ "room": "cardiology" });
    let mut carl = Probe::open(&bench.node.socket).await;
    let token = bench.world.token("carl", &[]);
    let him = carl.hello(&token).await["principal"]["id"].clone();
    let mut again = probe(&bench.world, &bench.node, "carl", &[]).await;
    let topics = carl.ask("topics", room.clone()).await.unwrap();
    let by_topic = json!({ "room": "cardiology", "topic": topics["topics"][0]["topic"] });
    carl.ask("history", by_topic.clone()).await.unwrap();
    bench.slow.shut(true);
    let posted = bench.ana.tell("message.post", post("cardiology", "T", &mid(), "one")).await;
    bench.until_a_sync_waits().await;
    let page = carl.tell("history", by_topic).await;
    let topics = again.tell("topics", room.clone()).await;
    // Both have been taken in by the room when these have been answered.
    bench.meanwhile().await;
    let banned = bench.ana.tell("member.remove", act(json!({ "person": him, "ban": true }))).await;
    // The room has taken that in when it has answered her next one.
    bench.ana.ask("history", room).await.unwrap();
    assert!(!has_heard(&mut carl).await && !has_heard(&mut again).await);

    bench.slow.shut(false);
    bench.ana.reply(posted).await.unwrap();
    bench.ana.reply(banned).await.unwrap();
    for (probe, id) in [(&mut carl, page), (&mut again, topics)] {
        assert_eq!(probe.reply(id).await.expect_err("he was banned")["code"], "forbidden");
    }
    drop((carl, again));
    end(bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_is_not_safe_opens_nothing() {
    let mut bench = Bench::begin().await;
    let mut carl = probe(&bench.world, &bench.node, "carl", &[]).await;
    bench.ana.ask("room.policy", act(json!({ "join": "knock" }))).await.unwrap();
    let refused = carl.ask("history", json!({ "room": "cardiology" })).await.unwrap_err();
    assert_eq!(refused["code"], "forbidden");
    bench.slow.shut(true);
    let opened = bench.ana.tell("room.policy", act(json!({ "join": "open" }))).await;
    bench.until_a_sync_waits().await;
    let page = carl.tell("history", json!({ "room": "cardiology" })).await;
    bench.meanwhile().await;
    assert!(!has_heard(&mut carl).await, "a grant counted that a power cut may undo");

    bench.slow.shut(false);
    bench.ana.reply(opened).await.unwrap();
    assert!(carl.reply(page).await.unwrap().to_string().contains("before"));
    drop(carl);
    end(bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_waits_until_what_it_rests_on_is_safe() {
    let mut bench = Bench::begin().await;
    bench.slow.shut(true);
    let archived = bench.ana.tell("room.archive", act(json!({ "archived": true }))).await;
    bench.until_a_sync_waits().await;
    let posted = bench.ben.tell("message.post", post("cardiology", "T", &mid(), "late")).await;
    assert_eq!(bench.meanwhile().await, [""; 0], "a refusal left that a power cut may undo");

    bench.slow.shut(false);
    bench.ana.reply(archived).await.unwrap();
    assert_eq!(bench.ben.reply(posted).await.unwrap_err()["code"], "room_archived");
    end(bench).await;
}

/// An author who is told that a message never will be shown may say it again elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_declined_by_what_is_not_safe() {
    let mut bench = Bench::begin().await;
    for op in ["message.hide", "message.redact"] {
        let waits = held(&mut bench).await;
        bench.slow.shut(true);
        let decline = act(json!({ "of": waits["mid"], "reason": "a name in it" }));
        let declined = bench.ana.tell(op, decline).await;
        assert_eq!(answered(&mut bench.ana).await, [Value::Null; 0]);
        let again = bench.ben.tell("message.post", waits).await;
        let early = answered(&mut bench.ben).await;
        assert_eq!(early, [Value::Null; 0], "{op}: a power cut may undo it");

        bench.slow.shut(false);
        bench.ana.reply(declined).await.unwrap();
        assert_eq!(bench.ben.reply(again).await.unwrap_err()["code"], "declined", "{op}");
    }
    end(bench).await;
}

/// It is kept, and may be shown one day: whoever is told otherwise says it twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_of_a_held_message_while_a_sync_hangs_is_unknown() {
    let mut bench = Bench::begin().await;
    let declined = held(&mut bench).await;
    let mut again = probe(&bench.world, &bench.node, "ben", &[]).await;
    bench.slow.shut(true);
    let fresh = post("cardiology", "T", &mid(), "waits too");
    let posted = bench.ben.tell("message.post", fresh.clone()).await;
    assert_eq!(answered(&mut bench.ben).await, [Value::Null; 0]);
    let decline = act(json!({ "of": declined["mid"], "reason": "a name in it" }));
    let hidden = bench.ana.tell("message.hide", decline).await;
    assert_eq!(answered(&mut bench.ana).await, [Value::Null; 0]);
    let mut retried = Vec::new();
    for body in [&fresh, &declined] {
        retried.push(again.tell("message.post", body.clone()).await);
    }
    for id in retried {
        assert_eq!(again.reply(id).await.unwrap_err()["code"], "unknown", "a retry");
    }
    assert_eq!(bench.ben.reply(posted).await.unwrap_err()["code"], "unknown");
    assert_eq!(bench.ana.reply(hidden).await.unwrap_err()["code"], "unknown");

    bench.slow.shut(false);
    for (body, code) in [(fresh, "held"), (declined, "declined")] {
        assert_eq!(again.ask("message.post", body).await.unwrap_err()["code"], code);
    }
    drop(again);
    end(bench).await;
}

/// A lane has its own numbers; what its readers are told of the room rests on the room's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_a_lane_is_shown_its_room_as_far_as_it_is_safe() {
    let mut bench = Bench::begin().await;
    let mut mo = probe(&bench.world, &bench.node, "mo", &["moderator"]).await;
    bench.slow.shut(true);
    let archived = bench.ana.tell("room.archive", act(json!({ "archived": true }))).await;
    assert_eq!(answered(&mut bench.ana).await, [Value::Null; 0]);
    let joined = mo.tell("join", json!({ "room": "cardiology/moderators" })).await;
    assert_eq!(bench.meanwhile().await, [""; 0]);
    assert!(!has_heard(&mut mo).await, "a power cut may undo what the room is");

    bench.slow.shut(false);
    bench.ana.reply(archived).await.unwrap();
    assert_eq!(mo.reply(joined).await.unwrap()["state"]["archived"], true);
    drop(mo);
    end(bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_who_may_is_waited_for_and_never_called_overload() {
    let world = World::new();
    let unlimited =
        [("WARDROOM_LIMITS__MESSAGES_PER_SECOND", "1000"), ("WARDROOM_LIMITS__BURST", "1000")];
    let node = world.node_with(&["--ephemeral"], &unlimited);
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let mut ana = node.probe(&world.token("ana", &[])).await;
    for round in 0..300 {
        let join = ["knock", "open"][round % 2];
        let changed = mo.tell("room.policy", act(json!({ "join": join }))).await;
        if let Err(refused) = ana.ask("history", json!({ "room": "cardiology" })).await {
            assert_eq!(refused["code"], "forbidden", "round {round}");
        }
        mo.reply(changed).await.unwrap();
    }
}
