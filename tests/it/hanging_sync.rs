//! A sync that hangs: what rests on it waits, for a bounded time, and is told so; everything else
//! goes on. Once it returns, all that was ordered meanwhile is there, once, and whoever was to hear of
//! it does.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::world::{Node, PATIENCE, Probe, Raw, World, long, masked, mid, post};

const PONG: u8 = 0x8a;

/// Waits until the node is ready again.
async fn ready(node: &Node) {
    let begun = Instant::now();
    while node.get("/readyz").await.0 != 200 {
        assert!(begun.elapsed() < PATIENCE, "it does not heal");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn code(probe: &mut Probe, id: u64) -> (Value, bool) {
    // Pings go on, so this waits by its own clock.
    let reply = timeout(PATIENCE, probe.reply(id)).await.expect("it waits for ever");
    let error = reply.expect_err("it cannot be said");
    (error["code"].clone(), error["retry_after_ms"].is_u64())
}

/// Pings are answered, and before the answer to the post that waits.
async fn pings_are_answered(raw: &mut Raw) {
    let mut took = Vec::new();
    for _ in 0..200 {
        let begun = Instant::now();
        raw.send(&masked(0x89, b"still there?")).await;
        // Signals may come between.
        let payload = loop {
            let (first, payload) = raw.frame().await.unwrap();
            let text = String::from_utf8_lossy(&payload);
            assert!(!text.starts_with(r#"{"id":2"#), "{text}");
            if first == PONG {
                break payload;
            }
        };
        assert_eq!(payload, b"still there?");
        took.push(begun.elapsed());
    }
    took.sort();
    println!("pings while a sync hangs: median {:?}, p99 {:?}", took[100], took[198]);
    if long() {
        assert!(took[198] < Duration::from_millis(50), "{took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_hangs_holds_back_only_what_rests_on_it() {
    let world = World::new();
    let hold = world.file("hold");
    fs::write(&hold, "").unwrap();
    let token = world.token("author", &["moderator", "import"]);
    // Two people, two rooms of two groups, a post in each: the ninth group hangs.
    let env =
        [("WARDROOM_FAULT", "journal_hangs@9"), ("WARDROOM_FAULT_WHILE", hold.to_str().unwrap())];
    let node = world.node_with(&[], &env);
    let mut author = node.probe(&token).await;
    for room in ["cardiology", "oncology"] {
        author.create(room).await;
        author.post(room, "T", "before").await.unwrap();
    }
    let mut reader = Probe::open(&node.socket).await;
    let greeting = reader.hello(&world.token("reader", &[])).await;
    let person = greeting["principal"]["id"].as_str().unwrap().to_owned();
    reader.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    reader.ask("join", json!({ "room": format!("@{person}") })).await.unwrap();

    // It hangs with this one, which is ordered and may not be shown.
    let mut held = post("cardiology", "T", &mid(), "held back");
    held["mentions"] = json!([person]);
    let waits = author.tell("message.post", held.clone()).await;
    // What is safe is served, on the same connection too.
    let page = author.ask("history", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(
        (&page["position"]["seq"], page["entries"].as_array().unwrap().len()),
        (&json!(2), 2)
    );
    let listed = author.ask("rooms", json!({})).await.unwrap();
    assert_eq!(listed["rooms"][0]["position"]["seq"], 2, "{listed}");
    // Who is known is let in, other rooms are replayed, pings are answered.
    let mut raw = Raw::upgraded(&node).await;
    raw.hello(&token).await;
    raw.text(r#"{"id":1,"op":"join","d":{"room":"oncology","from":"start"}}"#).await;
    for seq in 1..=2 {
        assert_eq!(raw.told("seq").await["seq"], seq);
    }
    let beside = post("oncology", "T", &mid(), "held back as well");
    raw.text(&json!({ "id": 2, "op": "message.post", "d": beside.clone() }).to_string()).await;
    pings_are_answered(&mut raw).await;

    // What rests on it waits, and not for ever.
    let begun = Instant::now();
    let mut late = node.probe(&token).await;
    let join = late.tell("join", json!({ "room": "cardiology", "from": "start" })).await;
    let mut stranger = Probe::open(&node.socket).await;
    let hello = stranger.tell("hello", json!({ "token": world.token("new", &[]) })).await;
    let mut founder = node.probe(&token).await;
    let room = json!({ "room": "nephrology", "mid": mid(), "title": "N", "class": "discussion" });
    let create = founder.tell("room.create", room.clone()).await;
    let mut resumer = Probe::open(&node.socket).await;
    let positions =
        json!({ "cardiology": { "epoch": 0, "seq": 0 }, "oncology": { "epoch": 0, "seq": 0 } });
    let resume = json!({ "token": token, "resume": positions });
    let resume = resumer.tell("hello", resume).await;
    assert_eq!(code(&mut author, waits).await, (json!("unknown"), true));
    assert_eq!(raw.told("error").await["error"]["code"], "unknown");
    assert_eq!(code(&mut late, join).await, (json!("log_unavailable"), true));
    assert_eq!(code(&mut stranger, hello).await, (json!("unknown"), true));
    assert_eq!(code(&mut founder, create).await, (json!("unknown"), true));
    let resumed = resumer.reply(resume).await.unwrap();
    for room in ["cardiology", "oncology"] {
        assert_eq!(resumed["rooms"][room]["error"]["code"], "log_unavailable", "{resumed}");
    }
    println!("everybody had an answer after {:.1?}", begun.elapsed());
    // From now on nothing is ordered, and that is said at once and for certain.
    let later = post("cardiology", "T", &mid(), "later");
    let refused = author.tell("message.post", later.clone()).await;
    assert_eq!(code(&mut author, refused).await, (json!("log_unavailable"), true));
    assert_eq!(node.get("/readyz").await.0, 503);
    assert_eq!(node.get("/healthz").await.0, 200);

    fs::remove_file(&hold).unwrap();
    ready(&node).await;
    for (body, seq, duplicate) in [(held, 3, true), (later, 4, false)] {
        let ok = author.ask("message.post", body).await.unwrap();
        assert_eq!((&ok["position"]["seq"], ok["duplicate"] == true), (&json!(seq), duplicate));
        let entry: Value = serde_json::from_str(&reader.entry_of("cardiology").await).unwrap();
        assert_eq!(entry["seq"], seq);
    }
    let mailbox = format!("@{person}");
    let told = timeout(PATIENCE, reader.entry_of(&mailbox)).await.expect("nobody was told");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["op"], &told["d"]["seq"]), (&json!("notification.filed"), &json!(3)));
    let ok = author.ask("message.post", beside).await.unwrap();
    assert_eq!((&ok["position"]["seq"], &ok["duplicate"]), (&json!(3), &json!(true)));
    assert_eq!(raw.told("seq").await["seq"], 3);
    late.ask("join", json!({ "room": "cardiology", "from": "start" })).await.unwrap();
    for seq in 1..=4 {
        let entry: Value = serde_json::from_str(&late.entry().await).unwrap();
        assert_eq!(entry["seq"], seq);
    }
    stranger.hello(&world.token("new", &[])).await;
    let founded = founder.ask("room.create", room).await.unwrap();
    assert_eq!((&founded["position"]["seq"], &founded["duplicate"]), (&json!(1), &json!(true)));
    stranger.ask("join", json!({ "room": "nephrology" })).await.unwrap();
    drop((author, reader, raw, late, stranger, founder, resumer));
    assert!(node.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_drains_answers_what_is_in_flight() {
    let world = World::new();
    let hold = world.file("hold");
    fs::write(&hold, "").unwrap();
    let token = world.token("author", &["moderator", "import"]);
    // A person, a room of two groups, a post: the fifth group hangs.
    let env = [
        ("WARDROOM_FAULT", "journal_hangs@5"),
        ("WARDROOM_FAULT_WHILE", hold.to_str().unwrap()),
        ("WARDROOM_SERVER__DRAIN_SECONDS", "5"),
    ];
    let node = world.node_with(&[], &env);
    let mut author = node.probe(&token).await;
    author.create("cardiology").await;
    author.post("cardiology", "T", "before").await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..12 {
        let mut probe = node.probe(&token).await;
        let body = post("cardiology", "T", &mid(), "in flight");
        let id = probe.tell("message.post", body).await;
        // Whatever it is told next, the node has read the post before.
        probe.ask("rooms", json!({})).await.unwrap();
        waiting.push((probe, id));
    }
    let stopping = tokio::task::spawn_blocking(move || node.stop());
    for (probe, _) in &mut waiting {
        probe.op("drain").await;
    }
    // Each leaves at a moment of its own within five seconds: some would have by now.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    fs::remove_file(&hold).unwrap();
    for (probe, id) in &mut waiting {
        probe.reply(*id).await.unwrap();
        assert_eq!(probe.closed().await, (4000, "drain".into()));
    }
    drop(author);
    assert!(stopping.await.unwrap().success());
}

/// A node does not leave who waits for the slow part of a command either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_drains_answers_what_it_is_at() {
    let world = World::new();
    let hold = world.file("hold");
    fs::write(&hold, "").unwrap();
    let token = world.token("author", &["moderator", "import"]);
    // A person, a room of two groups, a post: the fifth group hangs.
    let env = [
        ("WARDROOM_FAULT", "journal_hangs@5"),
        ("WARDROOM_FAULT_WHILE", hold.to_str().unwrap()),
        ("WARDROOM_SERVER__DRAIN_SECONDS", "5"),
    ];
    let node = world.node_with(&[], &env);
    let mut author = node.probe(&token).await;
    author.create("cardiology").await;
    author.post("cardiology", "T", "before").await.unwrap();
    let room = json!({ "room": "cardiology" });
    let topics = author.ask("topics", room.clone()).await.unwrap();
    let by_topic = json!({ "room": "cardiology", "topic": topics["topics"][0]["topic"] });
    let posted = author.tell("message.post", post("cardiology", "T", &mid(), "in flight")).await;
    author.ask("rooms", json!({})).await.unwrap();
    let mut waiting = Vec::new();
    for number in 0..4 {
        let new = format!("room-{number}");
        let new = json!({ "room": new, "mid": mid(), "title": "N", "class": "discussion" });
        for (op, body) in [("room.create", &new), ("join", &room), ("history", &by_topic)] {
            let mut probe = node.probe(&token).await;
            let id = probe.tell(op, body.clone()).await;
            waiting.push((probe, id, op));
        }
    }
    // Until it is at all of them; one room was made before.
    for (op, count) in [("room.create", 5), ("join", 4), ("history", 4)] {
        let metric = format!(r#"wardroom_commands_total{{op="{op}",outcome="taken"}}"#);
        node.until_metric(&metric, count).await;
    }
    let stopping = tokio::task::spawn_blocking(move || node.stop());
    for (probe, ..) in &mut waiting {
        probe.op("drain").await;
    }
    // Each leaves at a moment of its own within five seconds: some would have by now.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    fs::remove_file(&hold).unwrap();
    author.reply(posted).await.unwrap();
    for (probe, id, op) in &mut waiting {
        probe.reply(*id).await.unwrap_or_else(|error| panic!("{op}: {error}"));
        assert_eq!(probe.closed().await, (4000, "drain".into()), "{op}");
    }
    drop(author);
    assert!(stopping.await.unwrap().success());
}
