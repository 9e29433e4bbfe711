//! A crowd: a thousand members hold the same bytes; a reader who stalls costs only itself; a
//! redaction takes the words away while they read.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Probe, World, grep, mid, post};

/// Joins and hashes the raw frames of entries up to `last`.
async fn member(mut probe: Probe, last: u64) -> blake3::Hash {
    let end = format!("\"seq\":{last},");
    let mut hasher = blake3::Hasher::new();
    loop {
        let frame = probe.receive().await.unwrap();
        if frame.starts_with(r#"{"room":"#) {
            hasher.update(frame.as_bytes());
            if frame.contains(&end) {
                return hasher.finalize();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_members_hold_the_same_bytes() {
    const MEMBERS: usize = 1_000;
    // 20 s at 100 messages/s; for half an hour with --long.
    let messages: u64 = if crate::world::long() { 180_000 } else { 2_000 };
    let world = World::new();
    let node = world.node();
    let token = world.token("author", &["import", "moderator"]);
    let mut author = node.probe(&token).await;
    author.create("cardiology").await;
    let mut members = tokio::task::JoinSet::new();
    for number in 0..MEMBERS {
        // A few principals: people have several devices.
        let mut probe = node.probe(&world.token(&format!("m{}", number % 50), &[])).await;
        probe.ask("join", json!({ "room": "cardiology" })).await.unwrap();
        members.spawn(member(probe, messages + 1));
    }
    let begun = std::time::Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    let mut ids = std::collections::VecDeque::new();
    for number in 0..messages {
        pace.tick().await;
        let body =
            post("cardiology", "T", &mid(), &format!("message {number} {}", "x".repeat(200)));
        ids.push_back(author.tell("message.post", body).await);
        if ids.len() > 32 {
            author.reply(ids.pop_front().unwrap()).await.unwrap();
        }
    }
    for id in ids {
        author.reply(id).await.unwrap();
    }
    let mut hashes = Vec::with_capacity(MEMBERS);
    while let Some(hash) = members.join_next().await {
        hashes.push(hash.unwrap());
    }
    println!(
        "{MEMBERS} members, {messages} messages offered at 100/s: all there after {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    assert_eq!(hashes.len(), MEMBERS);
    assert!(hashes.iter().all(|hash| *hash == hashes[0]), "everyone holds the same bytes");
    // Somebody who replays holds them too.
    let mut late = node.probe(&world.token("late", &[])).await;
    let from = json!({ "epoch": 0, "seq": 0 });
    late.ask("join", json!({ "room": "cardiology", "from": from })).await.unwrap();
    late.entry().await;
    assert_eq!(member(late, messages + 1).await, hashes[0], "replayed");
}

/// What a node comes to hold for those who do not read: two pieces of 128 KiB on their way to each, and not
/// what was said meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_costs_only_itself() {
    const STALLED: u64 = 8;
    /// More than the buffers of a socket hold on both sides, and more than the tail keeps.
    const POSTS: u64 = 3_000;
    /// For each of them, KiB.
    const EACH: u64 = 512;
    /// What the store and the allocator may come to hold at the same time, KiB, once they are warm.
    const OF_ITSELF: u64 = 32 * 1024;
    let world = World::new();
    let node = world.node_with(&[], &[("WARDROOM_LOG__CACHE_MIB", "1")]);
    let token = world.token("author", &["import", "moderator"]);
    let mut author = node.probe(&token).await;
    author.create("cardiology").await;
    // Three times before anybody stalls, until what the store and the allocator hold has its level.
    let mut spans = Vec::new();
    let mut stalled = Vec::new();
    for round in 0..4 {
        let last = 1 + (round + 1) * POSTS;
        let mut awake = node.probe(&world.token("awake", &[])).await;
        awake.ask("join", json!({ "room": "cardiology" })).await.unwrap();
        if round == 3 {
            for _ in 0..STALLED {
                let mut one = node.probe(&world.token("stalled", &[])).await;
                one.ask("join", json!({ "room": "cardiology" })).await.unwrap();
                stalled.push(one);
            }
        }
        let awake = tokio::spawn(member(awake, last));
        let before = node.resident_kib();
        let mut ids = std::collections::VecDeque::new();
        for _ in 0..POSTS {
            let body = post("cardiology", "T", &mid(), &"y".repeat(4_000));
            ids.push_back(author.tell("message.post", body).await);
            if ids.len() > 16 {
                author.reply(ids.pop_front().unwrap()).await.unwrap();
            }
        }
        for id in ids {
            author.reply(id).await.unwrap();
        }
        let hash = awake.await.unwrap();
        spans.push((hash, node.resident_kib().saturating_sub(before)));
    }
    let grown: Vec<_> = spans.iter().map(|(_, grown)| *grown).collect();
    println!(
        "12 MB at a time: the server grew by {:?} KiB, and past {STALLED} stalled readers by {} KiB",
        &grown[..3],
        grown[3]
    );
    // A copy for each would be 96 MB.
    assert!(grown[3] < OF_ITSELF + STALLED * EACH, "{grown:?} KiB");
    for one in stalled {
        let hash = member(one, 1 + 4 * POSTS).await;
        assert_eq!(hash, spans[3].0, "then it gets everything, in order");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redacted_words_are_gone_for_everybody_and_from_every_file() {
    let world = World::new();
    let node = world.node();
    let token = world.token("mo", &["import", "moderator"]);
    let mut mo = node.probe(&token).await;
    mo.create("cardiology").await;
    mo.ask("join", json!({ "room": "cardiology", "from": "start" })).await.unwrap();
    let (mut mids, words) = (Vec::new(), "the patient's name, which should not be here");
    for number in 0..200 {
        let mid = mid();
        mo.ask("message.post", post("cardiology", "T", &mid, &format!("{words} {number}")))
            .await
            .unwrap();
        mids.push(mid);
    }
    // The sealed bytes as they rest now, taken while nobody serves.
    drop(mo);
    node.stop();
    let sealed = sealed_words(&world, 42);
    assert!(grep(&world.data(), &sealed).is_some(), "they rest somewhere");
    assert_eq!(grep(&world.data(), words.as_bytes()), None, "and nowhere in the open");

    let node = world.node();
    let mut mo = node.probe(&token).await;
    // Readers at work while it happens.
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut probe = node.probe(&world.token("reader", &[])).await;
        probe.ask("join", json!({ "room": "cardiology", "from": "start" })).await.unwrap();
        readers.spawn(async move {
            loop {
                let entry: Value = serde_json::from_str(&probe.entry().await).unwrap();
                if entry["op"] == "message.redacted" {
                    return entry["d"].clone();
                }
            }
        });
    }
    let of = &mids[40];
    let redact = json!({ "room": "cardiology", "mid": mid(), "of": of, "reason": "identifies" });
    mo.ask("message.redact", redact.clone()).await.unwrap();
    // Whoever reads from now on: by join, by history, by both directions.
    let mut late = node.probe(&world.token("late", &[])).await;
    late.ask("join", json!({ "room": "cardiology", "from": "start" })).await.unwrap();
    for seq in 1..=202 {
        let text = late.entry().await;
        let entry: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(entry["seq"], seq);
        assert_eq!(entry["erased"] == true, seq == 42, "{text}");
        assert_eq!(entry.get("w").is_some(), seq != 42);
    }
    let page = late.ask("history", json!({ "room": "cardiology" })).await.unwrap();
    assert!(!page.to_string().contains(&format!("{words} 40\"")));
    while let Some(read) = readers.join_next().await {
        assert_eq!(read.unwrap()["of"], of.as_str());
    }
    let twice = json!({ "room": "cardiology", "mid": mid(), "of": of, "reason": "identifies" });
    assert!(mo.ask("message.redact", twice).await.is_err(), "nothing is left to erase");
    assert_eq!(mo.ask("message.redact", redact).await.unwrap()["duplicate"], true);

    drop((mo, late));
    node.stop();
    // sled keeps old pages; scrub rebuilds it. Then no file holds the old bytes, and all verifies.
    let data = world.data();
    for verb in ["scrub", "verify"] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_wardroom"))
            .args(["log", verb, "--data", data.to_str().unwrap()])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "log {verb}: {told}");
    }
    assert_eq!(grep(&data, &sealed), None, "a file still holds the sealed words");
    let node = world.node();
    let mut late = node.probe(&world.token("late", &[])).await;
    late.ask("join", json!({ "room": "cardiology", "from": "start" })).await.unwrap();
    for seq in 1..=202 {
        let entry: Value = serde_json::from_str(&late.entry().await).unwrap();
        assert_eq!((&entry["seq"], entry["erased"] == true), (&json!(seq), seq == 42));
    }
}

/// The sealed words of an entry of `cardiology`, read with the library while no node has the log.
pub(crate) fn sealed_words(world: &World, seq: u64) -> Vec<u8> {
    use wardroom::log::{Log, Options};
    let (log, _) = Log::open(&world.data(), Options::default()).unwrap();
    let name: wardroom_protocol::ids::LogName = "cardiology".parse().unwrap();
    let words = tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(async {
            let record = log.ask(move |reader| reader.get(&name, &[seq]).unwrap()).await.unwrap();
            log.close().await;
            record.records[0].words.clone()
        })
    });
    match words {
        wardroom::entry::Words::Sealed(bytes) => bytes.to_vec(),
        other => panic!("no sealed words: {other:?}"),
    }
}
