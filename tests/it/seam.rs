//! Where history ends and the live room begins there is no seam. People join anywhere in a room,
//! at any moment, while it is written to: nothing is missing and nothing comes twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::world::{Node, Probe, World, long, mid, post};

/// Entries beyond the join's position that a latecomer stays for.
const STAY: u64 = 12;

/// splitmix64 (Steele, Lea, Flood 2014).
fn roll(state: &AtomicU64) -> u64 {
    let seed = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Writes with a few in flight until told to stop.
async fn author(mut probe: Probe, head: Arc<AtomicU64>, stop: Arc<AtomicBool>) {
    let mut waiting = std::collections::VecDeque::new();
    while !stop.load(Ordering::Relaxed) {
        let body = post("cardiology", "T", &mid(), "text");
        waiting.push_back(probe.tell("message.post", body).await);
        if waiting.len() >= 8 {
            let written = probe.reply(waiting.pop_front().unwrap()).await.unwrap();
            head.store(written["position"]["seq"].as_u64().unwrap(), Ordering::Relaxed);
        }
    }
}

/// Joins somewhere and checks that entries come dense from there on, past the moment of the join.
/// Returns how many were seen.
async fn latecomer(mut probe: Probe, token: &str, from: Value, resume: bool) -> u64 {
    let joined = if resume {
        let hello = json!({ "token": token, "resume": { "cardiology": from } });
        probe.ask("hello", hello).await.unwrap()["rooms"]["cardiology"]["ok"].clone()
    } else {
        probe.hello(token).await;
        probe.ask("join", json!({ "room": "cardiology", "from": from })).await.unwrap()
    };
    let (after, position) = (&joined["after"]["seq"], &joined["position"]["seq"]);
    let (after, position) = (after.as_u64().unwrap(), position.as_u64().unwrap());
    for seq in after + 1..=position + STAY {
        let entry: Value = serde_json::from_str(&probe.entry().await).unwrap();
        assert_eq!(entry["seq"], seq, "joined from {from}, after {after}, at {position}");
    }
    position + STAY - after
}

async fn one(node: &Node, token: &str, head: &AtomicU64, dice: &AtomicU64, epoch: u64) -> u64 {
    let behind = roll(dice) % 1_000;
    let seq = head.load(Ordering::Relaxed).saturating_sub(behind);
    let (from, resume) = match roll(dice) % 4 {
        0 => (json!("now"), false),
        1 => (json!({ "last": behind }), false),
        2 => (json!({ "epoch": epoch, "seq": seq }), false),
        _ => (json!({ "epoch": epoch, "seq": seq }), true),
    };
    latecomer(Probe::open(&node.socket).await, token, from, resume).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_seam_between_history_and_live() {
    let joins: u64 = if long() { 10_000 } else { 300 };
    let seed = std::env::var("WARDROOM_SEED")
        .map_or_else(|_| uuid::Uuid::new_v4().as_u64_pair().0, |seed| seed.parse().unwrap());
    println!("WARDROOM_SEED={seed}");
    let world = World::new();
    let node = Arc::new(world.node());
    let mut founder = node.probe(&world.token("author", &["moderator", "import"])).await;
    let created = founder.create("cardiology").await;
    let epoch = created["position"]["epoch"].as_u64().unwrap();
    let (head, stop) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicBool::new(false)));
    let writing = tokio::spawn(author(founder, Arc::clone(&head), Arc::clone(&stop)));
    // More than a tail keeps, so that some come from behind it.
    while head.load(Ordering::Relaxed) < 1_500 {
        assert!(!writing.is_finished(), "nobody writes");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let (dice, left) = (Arc::new(AtomicU64::new(seed)), Arc::new(AtomicU64::new(joins)));
    let mut crowd = tokio::task::JoinSet::new();
    for number in 0..16 {
        let token = world.token(&format!("late-{number}"), &[]);
        let (node, head) = (Arc::clone(&node), Arc::clone(&head));
        let (dice, left) = (Arc::clone(&dice), Arc::clone(&left));
        let next =
            move || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        crowd.spawn(async move {
            let mut seen = 0;
            while next().is_ok() {
                seen += one(&node, &token, &head, &dice, epoch).await;
            }
            seen
        });
    }
    let mut seen = 0;
    while let Some(of_one) = crowd.join_next().await {
        seen += of_one.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    writing.await.unwrap();
    println!(
        "{joins} joins while {} entries were written, {seen} entries seen",
        head.load(Ordering::Relaxed)
    );
}
