//! The power goes at a named point above the log while a whole node is at work in this process, and
//! what its disk had not synced is kept, dropped or torn at random: nothing acknowledged is lost,
//! doubled or moved. The log's own points are cut in `log::crashes`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wardroom::fault;
use wardroom::log::disk::{self, Disk as _};
use wardroom::log::{Log, Options, verify};
use wardroom_client::wire::Connection;

use crate::power::Power;
use crate::world::{NodeHere, World, mid, once_free, post};

const POINTS: [&str; 5] =
    ["after_decode", "after_order", "after_apply", "after_push", "reply_half"];
const ROOMS: [&str; 2] = ["cardiology", "oncology"];
/// Posts of one sender, if the power does not go before.
const POSTS: usize = 24;

/// splitmix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}

/// What a sender was told: room, mid, epoch, seq.
type Acked = Vec<(&'static str, String, u64, u64)>;

/// Says hello, makes its room and posts with eight in flight, until something is refused.
async fn sender(socket: String, token: String, room: &'static str, mut dice: Dice) -> Acked {
    let mut acked = Acked::new();
    let Ok(mut wire) = Connection::open(&socket).await else { return acked };
    let hello = json!({ "id": 1, "op": "hello", "d": { "token": token } });
    let create = json!({ "room": room, "mid": mid(), "title": room, "class": "discussion" });
    for frame in [hello, json!({ "id": 2, "op": "room.create", "d": create })] {
        if wire.send(frame.to_string()).await.is_err() || told(&mut wire).await.is_none() {
            return acked;
        }
    }
    let mut waiting: BTreeMap<u64, String> = BTreeMap::new();
    let mut next = 100;
    loop {
        while waiting.len() < 8 && next < 100 + POSTS as u64 {
            next += 1;
            let mid = mid();
            let body = post(room, "T", &mid, &"talk ".repeat(1 + dice.below(400)));
            let frame = json!({ "id": next, "op": "message.post", "d": body });
            waiting.insert(next, mid);
            if wire.send(frame.to_string()).await.is_err() {
                return acked;
            }
        }
        let Some((id, ok)) = told(&mut wire).await else { return acked };
        let mid = waiting.remove(&id).unwrap();
        let (epoch, seq) = (&ok["position"]["epoch"], &ok["position"]["seq"]);
        acked.push((room, mid, epoch.as_u64().unwrap(), seq.as_u64().unwrap()));
        if waiting.is_empty() && next == 100 + POSTS as u64 {
            return acked;
        }
    }
}

/// The next answer; `None` if it is a refusal, or none comes any more.
async fn told(wire: &mut Connection) -> Option<(u64, Value)> {
    loop {
        let frame = wire.receive().await.ok()?;
        let frame: Value = serde_json::from_str(&frame).unwrap();
        if let Some(id) = frame["id"].as_u64() {
            return Some((id, frame.get("ok")?.clone()));
        }
    }
}

/// One node, one power cut. Returns what was acknowledged and whether the power went at the point.
async fn work_until_dark(world: &World, power: &Power, seed: u64) -> (Acked, bool) {
    disk::install(&world.data(), Arc::new(power.clone()));
    let watched = power.clone();
    fault::watch(Some(Box::new(move |name| {
        if POINTS.contains(&name) {
            watched.point(name);
        }
    })));
    let node = NodeHere::start(world).await;
    let token = world.token("sender", &["import", "moderator"]);
    let senders = ROOMS.map(|room| {
        let dice = Dice(seed ^ room.len() as u64);
        tokio::spawn(sender(node.socket.clone(), token.clone(), room, dice))
    });
    let mut acked = Acked::new();
    for sender in senders {
        acked.extend(sender.await.unwrap());
    }
    let went = power.is_off();
    power.turn_off();
    fault::watch(None);
    // Without power it may have ended by itself, and says so.
    drop(node.end().await);
    (acked, went)
}

/// What is wrong after the restart, if anything.
fn judge(data: &Path, acked: &Acked) -> Vec<String> {
    let (log, recovery) = once_free(|| Log::open(data, Options::default()));
    let mut wrong = Vec::new();
    if recovery.tail_lost || !recovery.holes.is_empty() {
        wrong.push(format!("recovery named {:?}", recovery.holes));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut found = BTreeMap::new();
    for room in ROOMS {
        let name: wardroom_protocol::ids::LogName = room.parse().unwrap();
        let (records, holes) = runtime
            .block_on(log.ask(move |reader| {
                let mut records = Vec::new();
                let holes = reader.scan(&name, &mut |record| records.push(record.header.clone()));
                (records, holes.unwrap())
            }))
            .unwrap();
        let mids: BTreeSet<_> = records.iter().map(|header| header.mid).collect();
        if !holes.is_empty() || mids.len() != records.len() {
            wrong.push(format!("{room}: holes {holes:?}, {} mids", mids.len()));
        }
        for (seq, header) in (1..).zip(records) {
            if header.position.seq != seq {
                wrong.push(format!("{room}: {} stands at {seq}", header.position.seq));
            }
            found.insert((room, header.mid.to_string()), header.position);
        }
    }
    runtime.block_on(log.close());
    for (room, mid, epoch, seq) in acked {
        let here = found.get(&(*room, mid.clone())).map(|at| (at.epoch, at.seq));
        if here != Some((*epoch, *seq)) {
            wrong.push(format!("{room} {seq} {mid} was acknowledged and is at {here:?}"));
        }
    }
    let report = once_free(|| verify(data));
    if !report.ok() {
        wrong.push(report.to_string());
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_above_the_log_loses_nothing_acknowledged() {
    let seeds = if crate::world::long() { 1_050 } else { 105 };
    let begun = std::time::Instant::now();
    let mut hits: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut total, mut slowest) = (0, Duration::ZERO);
    for seed in 0..seeds {
        let at = std::time::Instant::now();
        let mut dice = Dice(seed);
        let point = POINTS[usize::try_from(seed).unwrap() % POINTS.len()];
        // A reply leaves in a write of its own only while nothing else waits.
        let passages = if point == "reply_half" { 3 } else { 40 };
        let power = Power::new((point, 1 + dice.below(passages) as u64), false);
        let world = World::in_memory();
        let (acked, went) = work_until_dark(&world, &power, seed).await;
        if went {
            *hits.entry(point).or_default() += 1;
        }
        total += acked.len();
        let wrong = tokio::task::spawn_blocking(move || {
            power.settle(&mut |below| dice.below(below));
            judge(&world.data(), &acked)
        });
        let wrong = wrong.await.unwrap();
        assert!(wrong.is_empty(), "seed {seed}, {point}: {}", wrong.join("; "));
        slowest = slowest.max(at.elapsed());
    }
    println!(
        "seeds 0..{seeds} in {:.1?} (slowest {slowest:.1?}), {total} acknowledged; power cuts by point: {hits:?}",
        begun.elapsed()
    );
    for point in POINTS {
        let count = hits.get(point).copied().unwrap_or(0);
        assert!(count >= 20, "{point} was hit {count} times: the test does not test it");
    }
}
