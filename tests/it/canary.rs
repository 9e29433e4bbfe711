//! Promise 9: nothing a clinician wrote reaches operator logs or metrics, nor tokens.

use serde_json::{Value, json};

use crate::world::{Probe, World, grep, mid, post};

/// What carries words beside a post, a report and a redaction: said by a moderator and by a guest.
async fn every_command_with_words(
    ana: &mut Probe,
    guest: &mut Probe,
    room: &str,
    of: &str,
    canary: &str,
) {
    let act = |more: Value| {
        let mut body = json!({ "room": room, "mid": mid() });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let say = async |probe: &mut Probe, op: &str, more: Value| {
        let body = act(more);
        let refused = |error| panic!("{op}: {error}");
        probe.ask(op, body.clone()).await.unwrap_or_else(refused);
        body["mid"].as_str().unwrap().to_owned()
    };
    let edit = json!({ "of": of, "body": format!("{canary} better"), "tags": [canary] });
    say(ana, "message.edit", edit).await;
    let topics = ana.ask("topics", json!({ "room": room })).await.unwrap();
    assert!(topics.to_string().contains(canary), "names travel where they should");
    let topic = &topics["topics"][0]["topic"];
    say(ana, "topic.rename", json!({ "topic": topic, "name": format!("{canary} anew") })).await;
    say(ana, "topic.move", json!({ "of": [of], "to": format!("{canary} elsewhere") })).await;
    let posting = json!({ "topic": canary, "body": canary });
    let taken_back = say(guest, "message.post", posting.clone()).await;
    say(guest, "message.retract", json!({ "of": taken_back, "reason": canary })).await;
    let hidden = say(guest, "message.post", posting.clone()).await;
    say(ana, "message.hide", json!({ "of": hidden, "reason": canary })).await;
    let here = ana.ask("presence", json!({ "room": room })).await.unwrap();
    let people = here["people"].as_array().unwrap();
    let guest_is = people.iter().find(|it| it["card"]["name"] == "Dr watcher").unwrap();
    // Held, and released with its words; asked to be let in, and taken out with a reason.
    say(ana, "room.policy", json!({ "posting": "held", "join": "knock" })).await;
    let knock = say(guest, "member.knock", json!({ "reason": canary })).await;
    say(ana, "member.admit", json!({ "of": knock })).await;
    let held = act(posting);
    let waits = guest.ask("message.post", held.clone()).await.unwrap_err();
    assert_eq!(waits["code"], "held");
    say(ana, "message.release", json!({ "of": held["mid"] })).await;
    say(ana, "member.remove", json!({ "person": guest_is["id"], "reason": canary })).await;
    say(ana, "room.policy", json!({ "posting": "free", "join": "open" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_a_clinician_wrote_reaches_operator_logs() {
    let canary = "kanarienvogel-4711";
    let world = World::new();
    for format in ["text", "json"] {
        let env = [("WARDROOM_TELEMETRY__FILTER", "trace"), ("WARDROOM_TELEMETRY__FORMAT", format)];
        let node = world.node_with(&[], &env);
        let token = world.token(canary, &["moderator", "import"]);
        let mut ana = node.probe(&token).await;
        let room = format!("room-{format}");
        let create = json!({ "room": room, "mid": mid(), "title": canary, "class": "discussion" });
        ana.ask("room.create", create).await.unwrap();
        ana.ask("join", json!({ "room": room, "from": "start" })).await.unwrap();
        // Names travel in signals and in who is here, and rest nowhere.
        let here = ana.ask("presence", json!({ "room": room })).await.unwrap();
        assert!(here.to_string().contains(canary) && ana.presence_text().await.contains(canary));
        let mut watcher = node.probe(&world.token("watcher", &[])).await;
        watcher.ask("join", json!({ "room": room })).await.unwrap();
        ana.send(json!({ "op": "typing", "d": { "room": room } }).to_string()).await;
        assert!(watcher.op("typing").await.to_string().contains(canary));
        let of = mid();
        let mut body = post(&room, canary, &of, canary);
        body["tags"] = json!([canary]);
        body["origin"] = json!({ "author": canary });
        ana.ask("message.post", body.clone()).await.unwrap();
        // Errors repeat nothing: unknown fields, wrong types, reused mids, bad envelopes.
        body["body"] = json!(format!("{canary} again"));
        let mut answers = vec![ana.ask("message.post", body).await.unwrap_err()];
        let mut bad = post(&room, canary, &mid(), canary);
        bad[canary] = json!(canary);
        answers.push(ana.ask("message.post", bad).await.unwrap_err());
        answers.push(ana.ask("message.post", json!({ "room": canary })).await.unwrap_err());
        answers.push(ana.ask(canary, json!({ "x": canary })).await.unwrap_err());
        answers
            .push(ana.ask("history", json!({ "room": room, "limit": canary })).await.unwrap_err());
        every_command_with_words(&mut ana, &mut watcher, &room, &of, canary).await;
        for op in ["message.report", "message.redact"] {
            let body = json!({ "room": room, "mid": mid(), "of": of, "reason": canary });
            ana.ask(op, body).await.unwrap();
        }
        assert!(!format!("{answers:?}").contains(canary), "{answers:?}");
        ana.send(format!("{{{canary}")).await;
        ana.closed().await;
        let mut other = node.probe(&world.token("other", &[])).await;
        other.send(format!(r#"{{"id":1,"op":"hello","d":{{"token":"{canary}"}}}}"#)).await;
        let (status, metrics) = node.get(&format!("/metrics?token={canary}")).await;
        assert_eq!(status, 200);
        assert!(metrics.contains("wardroom_commands_total"), "metrics are there");
        assert!(!metrics.contains(canary), "the metrics hold what somebody wrote");
        assert!(!metrics.contains(&room), "the metrics name a room");
        let told = node.told();
        drop((ana, other, watcher));
        assert!(node.stop().success());
        assert!(told.len() > 500, "everything was at trace: {told}");
        assert!(!told.contains(canary), "the node's log holds what somebody wrote");
        assert!(!told.contains(&token), "the node's log holds a token");
    }
    assert_eq!(grep(&world.data(), canary.as_bytes()), None, "words rest sealed");
}
