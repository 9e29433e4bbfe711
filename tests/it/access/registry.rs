//! Promise 8 over the whole registry of ops and all kinds of logs: a command that is added is held to
//! it as well, because here it has no body yet.

use serde_json::{Value, json};
use wardroom_protocol::op::{Kind, OPS, Op};

use crate::world::{Node, Probe, World, act_in, mid, post};

/// What the commands of this test are about.
struct About {
    room: &'static str,
    /// The moderator's question there, and its topic.
    of: String,
    topic: String,
    /// Somebody.
    person: String,
}

/// A good body of a command about a room; `None` if it is not about one.
fn body(op: &str, about: &About) -> Option<Value> {
    let About { room, of, topic, person } = about;
    let more = match op {
        // The last concerns the connection: what one does not follow one cannot leave.
        "hello" | "refresh" | "rooms" | "pong" | "room.create" | "leave" => return None,
        "join" | "topics" | "history" | "presence" | "typing" => {
            return Some(json!({ "room": room }));
        }
        "room.policy" => json!({ "join": "open" }),
        "room.archive" => json!({ "archived": true }),
        "member.invite" | "member.remove" => json!({ "person": person }),
        "member.knock" | "member.leave" => json!({}),
        "member.admit" | "message.retract" | "message.pin" | "message.unpin"
        | "announcement.ack" | "message.release" => json!({ "of": of }),
        "member.role" => json!({ "person": person, "role": "moderator" }),
        "message.post" => json!({ "topic": "T", "body": "text" }),
        "message.edit" => json!({ "of": of, "body": "better" }),
        "message.react" | "message.unreact" => json!({ "of": of, "reaction": "helpful" }),
        "answer.accept" => json!({ "of": of, "answer": of }),
        "question.mark" => json!({ "of": of, "state": "needs_info" }),
        "topic.rename" => json!({ "topic": topic, "name": "N" }),
        "topic.resolve" => json!({ "topic": topic, "resolved": true }),
        "topic.move" => json!({ "of": [of], "to": "N" }),
        "topic.merge" => json!({ "topic": topic, "into": topic }),
        "message.hide" | "message.redact" | "message.report" => json!({ "of": of, "reason": "r" }),
        "read.mark" => json!({ "ranges": [[1, 1]] }),
        new => panic!("say here what {new} looks like"),
    };
    let mut body = json!({ "room": room, "mid": mid() });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Some(body)
}

fn commands() -> impl Iterator<Item = &'static Op> {
    OPS.iter().filter(|op| op.kind == Kind::Command)
}

/// A room with a question of its moderator's.
async fn found(mo: &mut Probe, room: &'static str, person: &str) -> About {
    mo.create(room).await;
    let of = mid();
    let mut question = post(room, "T", &of, "text");
    question["kind"] = json!("question");
    mo.ask("message.post", question).await.unwrap();
    let topics = mo.ask("topics", json!({ "room": room })).await.unwrap();
    let topic = topics["topics"][0]["topic"].as_str().unwrap().to_owned();
    About { room, of, topic, person: person.to_owned() }
}

async fn greeted(node: &Node, world: &World, sub: &str, roles: &[&str]) -> (Probe, String) {
    let mut probe = Probe::open(&node.socket).await;
    let greeting = probe.hello(&world.token(sub, roles)).await;
    (probe, greeting["principal"]["id"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_registry_asks_who_may() {
    let world = World::new();
    let unlimited =
        [("WARDROOM_LIMITS__MESSAGES_PER_SECOND", "1000"), ("WARDROOM_LIMITS__BURST", "1000")];
    let node = world.node_with(&["--ephemeral"], &unlimited);
    let (mut mo, mo_id) = greeted(&node, &world, "mo", &["moderator"]).await;
    let (mut ana, ana_id) = greeted(&node, &world, "ana", &["import"]).await;
    let open = found(&mut mo, "open", &mo_id).await;
    let closed = found(&mut mo, "closed", &mo_id).await;
    mo.ask("room.policy", act_in("closed", json!({ "join": "invite" }))).await.unwrap();
    let head = mo.ask("join", json!({ "room": "closed" })).await.unwrap()["position"].clone();

    let mut told = 0;
    for op in commands() {
        let (Some(inside), Some(outside)) = (body(op.name, &open), body(op.name, &closed)) else {
            continue;
        };
        told += 1;
        // To whoever is outside, the room does not exist, whatever they try.
        let refused = ana.ask(op.name, outside).await.expect_err(op.name);
        assert_eq!(refused["code"], "unknown_room", "{} from outside", op.name);
        // Inside, what the registry gives to others is refused.
        let others =
            ["moderator", "owner", "its author", "its members", "who asked", "who began it"];
        if others.iter().any(|who| op.whose.contains(who)) {
            let refused = ana.ask(op.name, inside).await.expect_err(op.name);
            assert_eq!(refused["code"], "forbidden", "{}, for {}", op.name, op.whose);
        }
    }
    assert!(told >= 30, "the registry was read");
    let now = mo.ask("join", json!({ "room": "closed" })).await.unwrap()["position"].clone();
    assert_eq!(now, head, "and none of it left a trace");

    // Shown the door, one knows of the room and may do nothing there any more.
    mo.ask("member.remove", act_in("open", json!({ "person": ana_id, "ban": true })))
        .await
        .unwrap();
    for op in commands() {
        let Some(inside) = body(op.name, &open) else { continue };
        let refused = ana.ask(op.name, inside).await.expect_err(op.name);
        assert_eq!(refused["code"], "forbidden", "{}, banned", op.name);
    }
}

/// The answers do not tell whether the room happens to be in memory, nor that there is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_not_open_answers_as_an_open_one() {
    let world = World::new();
    let mut node = world.node();
    let (mut mo, _) = greeted(&node, &world, "mo", &["moderator"]).await;
    let (mut ana, ana_id) = greeted(&node, &world, "ana", &[]).await;
    for room in ["open", "closed"] {
        mo.create(room).await;
    }
    let mine = post("open", "T", &mid(), "mine");
    ana.ask("message.post", mine.clone()).await.unwrap();
    let theirs = mid();
    mo.ask("message.post", post("closed", "T", &theirs, "theirs")).await.unwrap();
    mo.ask("room.policy", act_in("closed", json!({ "join": "invite" }))).await.unwrap();
    mo.ask("member.remove", act_in("open", json!({ "person": ana_id, "ban": true })))
        .await
        .unwrap();
    let mut long = post("closed", "T", &mid(), "text");
    long["topic"] = json!("\u{7}");
    for (op, d, code) in [
        ("message.post", mine, "forbidden"),
        ("message.post", post("closed", "T", &theirs, "other"), "unknown_room"),
        ("message.post", long, "unknown_room"),
        ("member.invite", act_in("closed", json!({ "person": "nobody" })), "unknown_room"),
        ("typing", json!({ "room": "closed" }), "unknown_room"),
        ("typing", json!({ "room": "nowhere" }), "unknown_room"),
    ] {
        drop((mo, ana));
        node.kill();
        node = world.node();
        (mo, _) = greeted(&node, &world, "mo", &["moderator"]).await;
        (ana, _) = greeted(&node, &world, "ana", &[]).await;
        let closed = ana.ask(op, d.clone()).await.unwrap_err();
        mo.ask("join", json!({ "room": "open" })).await.unwrap();
        mo.ask("join", json!({ "room": "closed" })).await.unwrap();
        let open = ana.ask(op, d).await.unwrap_err();
        assert_eq!(closed["code"], code, "{op}");
        if op != "typing" {
            assert_eq!(closed, open, "{op}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_read_every_kind_of_log_asks_who_may() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let (mut mo, mo_id) = greeted(&node, &world, "mo", &["moderator"]).await;
    let (mut ben, ben_id) = greeted(&node, &world, "ben", &[]).await;
    let (mut ana, ana_id) = greeted(&node, &world, "ana", &[]).await;
    for room in ["open", "closed"] {
        mo.create(room).await;
    }
    mo.ask("room.policy", act_in("closed", json!({ "join": "invite" }))).await.unwrap();
    let direct = json!({ "room": "direct", "mid": mid(), "title": "Two", "class": "direct", "with": [mo_id] });
    ben.ask("room.create", direct).await.unwrap();

    let own = format!("@{ana_id}");
    let mailboxes = [format!("@{mo_id}"), format!("@{ben_id}"), "@nobody".to_owned()];
    let hidden = ["closed", "closed/moderators", "direct", "direct/moderators", "nowhere"];
    let of_the_server = ["~directory", "~identity"];
    let unknown = hidden.iter().chain(&of_the_server).map(|log| (*log, "unknown_room"));
    let unknown = unknown.chain(mailboxes.iter().map(|log| (log.as_str(), "unknown_room")));
    let expected: Vec<_> = unknown.chain([("open/moderators", "forbidden")]).collect();
    for (log, code) in expected {
        let (start, last) = (
            json!({ "room": log, "from": "start" }),
            json!({ "room": log, "from": { "last": 5 } }),
        );
        for (op, body) in [("join", start), ("join", last), ("history", json!({ "room": log }))] {
            let refused = ana.ask(op, body).await.expect_err(log);
            assert_eq!(refused["code"], code, "{op} of {log}");
        }
        // Resuming is reading.
        let resume = json!({ log: { "epoch": 0, "seq": 0 } });
        let mut again = Probe::open(&node.socket).await;
        let hello = json!({ "token": world.token("ana", &[]), "resume": resume });
        let greeting = again.ask("hello", hello).await.unwrap();
        assert_eq!(greeting["rooms"][log]["error"]["code"], code, "resume of {log}: {greeting}");
    }
    // What she may read is there.
    for log in ["open", &own] {
        ana.ask("join", json!({ "room": log })).await.expect(log);
        ana.ask("history", json!({ "room": log })).await.expect(log);
    }
}

/// Whoever lost the right is shown nothing that was said after they were told, while the room
/// goes on at full speed, and can neither come back nor look back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_said_after_a_removal_reaches_whoever_was_removed() {
    let world = World::new();
    let node = world.node();
    let (mut mo, _) = greeted(&node, &world, "mo", &["moderator", "import"]).await;
    mo.create("cardiology").await;
    for round in 0..5 {
        let (mut ana, id) = greeted(&node, &world, &format!("ana-{round}"), &[]).await;
        ana.ask("join", json!({ "room": "cardiology" })).await.unwrap();
        let mut ids = Vec::new();
        for number in 0..300 {
            if number == 150 {
                let remove = act_in("cardiology", json!({ "person": id, "ban": true }));
                ids.push(mo.tell("member.remove", remove).await);
            }
            ids.push(mo.tell("message.post", post("cardiology", "T", &mid(), "text")).await);
        }
        let removal = ids[150];
        let mut removed_at = 0;
        for id in ids {
            let written = mo.reply(id).await.unwrap();
            if id == removal {
                removed_at = written["position"]["seq"].as_u64().unwrap();
            }
        }
        let (mut last, mut told) = (0, false);
        let asked = ana.tell("join", json!({ "room": "cardiology" })).await;
        loop {
            let frame: Value = serde_json::from_str(&ana.receive().await.unwrap()).unwrap();
            if let Some(seq) = frame["seq"].as_u64() {
                assert!(!told, "entry {seq} came after she was told, removed at {removed_at}");
                last = seq;
            } else if frame["op"] == "removed" {
                assert_eq!(frame["d"]["room"], "cardiology");
                told = true;
            } else if frame["id"] == asked {
                assert_eq!(frame["error"]["code"], "forbidden");
                break;
            }
        }
        assert!(told, "she was told");
        println!("removed at {removed_at}; the last entry she was shown is {last}");
    }
}
