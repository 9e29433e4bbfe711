//! Real messages in: imported twice, read live and replayed, with the same bytes for everybody.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::world::{Node, Probe, World, mid};

/// The corpus, where it is at hand; otherwise a made-up file of the same shape.
fn corpus(world: &World) -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let shared = std::env::var_os("WARDROOM_SHARED").map_or(beside, PathBuf::from);
    let real = shared.join("data/rooms.jsonl.gz");
    if real.exists() {
        return real;
    }
    let path = world.file("rooms.jsonl");
    let mut text = String::new();
    for number in 0..3_000 {
        let room = ["cardiology", "oncology", "rare-diseases"][number % 3];
        let row = json!({
            "room": room, "topic": format!("Topic {}", number % 40), "kind": "question",
            "author": format!("member-{}", number % 17), "mid": mid(),
            "body": "A line of talk.\n".repeat(1 + number % 120),
        });
        writeln!(text, "{row}").unwrap();
    }
    std::fs::write(&path, text).unwrap();
    path
}

/// Bodies by room, in the file's order.
fn bodies(path: &Path) -> BTreeMap<String, Vec<String>> {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    if path.extension().is_some_and(|ending| ending == "gz") {
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    } else {
        std::io::BufReader::new(file).read_to_string(&mut text).unwrap();
    }
    let mut rooms: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let body = row["body"].as_str().unwrap().to_owned();
        rooms.entry(row["room"].as_str().unwrap().to_owned()).or_default().push(body);
    }
    rooms
}

/// Runs the import verb; what it printed.
fn import(node: &Node, file: &Path, token: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wardroom"))
        .args(["import", file.to_str().unwrap(), "--url", &node.socket])
        .env("WARDROOM_TOKEN", token)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    told
}

/// Follows a room from its start until it holds `count` entries: the hash of the raw frames, in
/// order, and the frames.
async fn follow(
    mut probe: Probe,
    room: String,
    count: usize,
) -> (String, blake3::Hash, Vec<String>) {
    probe.ask("join", json!({ "room": room, "from": "start" })).await.unwrap();
    let mut hasher = blake3::Hasher::new();
    let mut frames = Vec::with_capacity(count);
    while frames.len() < count {
        let frame = probe.entry().await;
        hasher.update(frame.as_bytes());
        frames.push(frame);
    }
    (room, hasher.finalize(), frames)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_order_per_log_live_and_replayed_whole_and_imported_once() {
    let world = World::new();
    let file = corpus(&world);
    let expected = bodies(&file);
    let total: usize = expected.values().map(Vec::len).sum();
    let node = world.node();
    let token = world.token("importer", &["import", "moderator"]);

    // Rooms are founded first, so that readers can be there before the talk begins.
    let mut founder = node.probe(&token).await;
    for room in expected.keys() {
        founder.create(room).await;
    }
    let mut live = tokio::task::JoinSet::new();
    for (room, bodies) in &expected {
        let probe = node.probe(&world.token(&format!("live-{room}"), &[])).await;
        live.spawn(follow(probe, room.clone(), bodies.len() + 1));
    }
    let (told, again) = tokio::task::block_in_place(|| {
        (import(&node, &file, &token), import(&node, &file, &token))
    });
    let number = |n: usize| {
        let digits = n.to_string();
        if n < 1000 { digits } else { format!("{},{}", n / 1000, &digits[digits.len() - 3..]) }
    };
    let rooms = expected.len();
    let first = format!(
        "{} messages in {rooms} rooms: {} added, 0 already there",
        number(total),
        number(total)
    );
    assert!(told.contains(&first), "{told}");
    let second = format!(
        "{} messages in {rooms} rooms: 0 added, {} already there",
        number(total),
        number(total)
    );
    assert!(again.contains(&second), "{again}");

    let mut hashes = BTreeMap::new();
    while let Some(followed) = live.join_next().await {
        let (room, hash, frames) = followed.unwrap();
        let entries: Vec<Value> =
            frames.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect();
        let seqs = entries.iter().map(|entry| entry["seq"].as_u64().unwrap());
        assert!(seqs.eq(1..=frames.len() as u64), "{room}: dense from 1");
        assert_eq!(entries[0]["op"], "room.created");
        let read: Vec<&str> =
            entries[1..].iter().map(|entry| entry["w"]["body"].as_str().unwrap()).collect();
        assert!(read.iter().eq(expected[&room].iter()), "{room}: bodies as in the file");
        hashes.insert(room, hash);
    }
    assert_eq!(hashes.len(), rooms);
    drop(founder);
    assert!(node.stop().success());

    let node = world.node();
    println!("restart with {total} messages: {} ms", node.started_in.as_millis());
    for (room, bodies) in &expected {
        let probe = node.probe(&world.token("replaying", &[])).await;
        let (_, hash, _) = follow(probe, room.clone(), bodies.len() + 1).await;
        assert_eq!(hash, hashes[room], "{room}: the same bytes, replayed");
    }
}
