//! A clock that jumps by an hour while a node serves: order goes by seq, no entry's time falls
//! within its log, and what has a duration is measured by a clock that does not jump.
//!
//! The jumps are made by libfaketime, from Debian's package `faketime`: to the node its wall clock is
//! what a file says, and its monotonic clock is left alone.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use wardroom::identity::Claims;

use crate::world::{Node, Probe, Raw, World, mid, post, skipped};

const HOUR: i64 = 3_600;

/// The library that fakes the clock; `None` where it is not installed.
fn libfaketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten();
    let found = folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .chain([PathBuf::from("/usr/lib/faketime/libfaketimeMT.so.1")])
        .find(|path| path.exists());
    if found.is_none() {
        skipped("libfaketime is not installed (Debian's package faketime)");
    }
    found
}

/// The wall clock of a node.
struct Clock {
    file: PathBuf,
    library: PathBuf,
}

impl Clock {
    fn of(world: &World) -> Option<Self> {
        let clock = Self { file: world.file("clock"), library: libfaketime()? };
        clock.put(0);
        Some(clock)
    }

    /// What the clock is off by, seconds. Renamed into its place: the node reads it all the time.
    fn put(&self, off: i64) {
        let fresh = self.file.with_extension("new");
        fs::write(&fresh, format!("{off:+}\n")).unwrap();
        fs::rename(fresh, &self.file).unwrap();
    }

    fn node(&self, world: &World, env: &[(&str, &str)]) -> Node {
        let library = self.library.to_str().unwrap();
        let file = self.file.to_str().unwrap();
        let faked = [
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_NO_CACHE", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        world.node_with(&[], &[&faked, env].concat())
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

/// A token that counts in this span around the test's own time, seconds.
fn token(world: &World, sub: &str, from: i64, to: i64) -> String {
    let at = |off: i64| u64::try_from(now() + off).unwrap();
    let roles = vec!["moderator".into(), "import".into()];
    world.sign(&Claims { roles, iat: at(from), exp: at(to), ..World::claims(sub, 0) })
}

/// Says hello anew; returns by how much the node's clock is off.
async fn off(node: &Node, token: &str) -> i64 {
    let greeting = Probe::open(&node.socket).await.hello(token).await;
    i64::try_from(greeting["now"].as_u64().unwrap()).unwrap() / 1_000 - now()
}

/// An entry as it was shown.
#[derive(Debug, PartialEq)]
struct Shown {
    epoch: u64,
    seq: u64,
    at: u64,
    mid: String,
}

async fn shown(probe: &mut Probe) -> Shown {
    let entry: Value = serde_json::from_str(&probe.entry().await).unwrap();
    let number = |field: &str| entry[field].as_u64().unwrap();
    let mid = entry["mid"].as_str().unwrap().to_owned();
    Shown { epoch: number("epoch"), seq: number("seq"), at: number("at"), mid }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_by_an_hour_moves_nothing() {
    let world = World::new();
    let Some(clock) = Clock::of(&world) else { return };
    let env = [("WARDROOM_LIMITS__PING_SECONDS", "2"), ("WARDROOM_LIMITS__SILENT_SECONDS", "10")];
    let node = clock.node(&world, &env);
    let long = token(&world, "author", -2 * HOUR, 3 * HOUR);
    let mut author = node.probe(&long).await;
    author.create("cardiology").await;
    let mut reader = node.probe(&token(&world, "reader", -2 * HOUR, 3 * HOUR)).await;
    reader.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    // Its token ends, by either clock, before the first jump is over; its time is counted in seconds.
    let mut brief = node.probe(&token(&world, "brief", -2 * HOUR, HOUR / 2)).await;
    // It says nothing after its hello.
    let mut gone = Raw::upgraded(&node).await;
    let silent = Instant::now();
    gone.hello(&long).await;

    let mut said: Vec<(Value, Shown)> = Vec::new();
    for jump in [0, HOUR, -HOUR, 0, HOUR, 0] {
        clock.put(jump);
        let off = off(&node, &long).await;
        assert!((off - jump).abs() < 60, "the clock is off by {off}, not by {jump}");
        for _ in 0..5 {
            let body = post("cardiology", "T", &mid(), "what time is it?");
            let ok = author.ask("message.post", body.clone()).await.unwrap();
            let entry = shown(&mut reader).await;
            assert_eq!((&ok["position"]["seq"], &ok["at"]), (&json!(entry.seq), &json!(entry.at)));
            said.push((body, entry));
        }
        // A retry is the same act, whatever the clock says.
        for (body, entry) in &said {
            let again = author.ask("message.post", body.clone()).await.unwrap();
            assert_eq!(
                (&again["position"]["seq"], &again["at"], &again["duplicate"]),
                (&json!(entry.seq), &json!(entry.at), &json!(true))
            );
        }
        // Somebody who counts half an hour has not been here for that long.
        brief.ask("rooms", json!({})).await.unwrap();
    }
    for (at, (body, entry)) in said.iter().enumerate() {
        assert_eq!(
            (entry.seq, &json!(entry.mid)),
            (at as u64 + 2, &body["mid"]),
            "dense, in order"
        );
    }
    assert!(said.windows(2).all(|two| two[0].1.at <= two[1].1.at), "no time falls: {said:?}");
    assert!(said.iter().all(|(_, entry)| entry.epoch == said[0].1.epoch), "{said:?}");

    // Who said nothing for as long as one may is gone, not at once and not an hour later.
    assert_eq!(gone.closed().await, Some((4101, "silent".into())));
    assert!(silent.elapsed() >= Duration::from_secs(10), "{:?}", silent.elapsed());

    // What was written under whichever clock is there after a restart under an earlier one.
    drop((author, reader, brief, gone));
    assert!(node.stop().success());
    clock.put(-HOUR);
    let node = clock.node(&world, &[]);
    let mut late = node.probe(&long).await;
    late.ask("join", json!({ "room": "cardiology", "from": "start" })).await.unwrap();
    shown(&mut late).await;
    for (_, entry) in &said {
        assert_eq!(shown(&mut late).await, *entry);
    }
    let last = &said.last().unwrap().1;
    let ok = late.post("cardiology", "T", "later, or earlier").await.unwrap();
    let entry = shown(&mut late).await;
    assert_eq!((entry.epoch, entry.seq), (last.epoch, last.seq + 1), "a clean restart");
    assert!(entry.at >= last.at && ok["at"] == entry.at, "{entry:?} after {last:?}");
    drop(late);
    assert!(node.stop().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_clock_that_jumps_tokens_have_their_leeway_and_their_time() {
    let world = World::new();
    let Some(clock) = Clock::of(&world) else { return };
    let node = clock.node(&world, &[]);
    let long = token(&world, "author", -2 * HOUR, 3 * HOUR);
    for jump in [0, HOUR, -HOUR] {
        clock.put(jump);
        assert!((off(&node, &long).await - jump).abs() < 60);
        // Half the leeway and twice the leeway, past the end and before the beginning.
        for (from, to, error) in [
            (-60, -15, None),
            (-60, -60, Some("token_expired")),
            (15, 60, None),
            (60, 120, Some("token_invalid")),
        ] {
            let token = token(&world, "visitor", jump + from, jump + to);
            let mut probe = Probe::open(&node.socket).await;
            let greeted = probe.ask("hello", json!({ "token": token })).await;
            let code = greeted.err().map(|error| error["code"].clone());
            assert_eq!(code, error.map(Value::from), "{from} to {to} under {jump}");
        }
    }
    // Three seconds are three seconds, though an hour is taken back meanwhile.
    clock.put(0);
    assert!(off(&node, &long).await.abs() < 60);
    let mut brief = node.probe(&token(&world, "brief", -60, 3)).await;
    clock.put(-HOUR);
    assert!((off(&node, &long).await + HOUR).abs() < 60);
    assert_eq!(brief.closed().await, (4202, "token_expired".into()));

    // A mark made in what is now the future keeps nobody from marking on.
    clock.put(HOUR);
    let mut author = node.probe(&long).await;
    author.create("cardiology").await;
    author.post("cardiology", "T", "one").await.unwrap();
    let mark = |to: u64| json!({ "room": "cardiology", "mid": mid(), "ranges": [[1, to]] });
    author.ask("read.mark", mark(1)).await.unwrap();
    let error = author.ask("read.mark", mark(1)).await.unwrap_err();
    assert_eq!(error["code"], "rate_limited");
    clock.put(-HOUR);
    author.post("cardiology", "T", "two").await.unwrap();
    author.ask("read.mark", mark(2)).await.unwrap();
    drop((author, brief));
    assert!(node.stop().success());
}
