//! Rooms that nobody uses are closed, and nobody notices: one order per log, whoever asks when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wardroom::cluster::{Bus, Local};
use wardroom::delivery::Channel;
use wardroom::domain::access::{Principal, Role};
use wardroom::domain::{Class, Command, Founding, Kind, message};
use wardroom::guard::{self, Screened};
use wardroom::log::{Log, Options, verify};
use wardroom::room::{Hall, Parts, Submission, Where};
use wardroom::seal::Keyring;
use wardroom_protocol::ids::{Mid, RoomId, TopicId};

use crate::world::{PATIENCE, Probe, World, long, mid, once_free, post};

/// splitmix64 (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

struct Wordless(Submission);

impl guard::Worded for Wordless {
    fn words(&self, _: &mut dyn FnMut(&'static str, guard::Rule, &str)) {}
}

fn submission(mid: Mid, command: Command) -> Screened<Submission> {
    let principal = Principal {
        id: "somebody".parse().unwrap(),
        roles: BTreeSet::from([Role::Moderator, Role::Import]),
    };
    let submission =
        Submission { principal: Arc::new(principal), mid, command, submit: [7; 32], words: None };
    guard::screen(Wordless(submission)).unwrap().map(|wordless| wordless.0)
}

fn says(mid: Mid) -> Screened<Submission> {
    let said = message::Command::Post {
        topic: TopicId::from_bytes([1; 16]),
        kind: Kind::Message,
        reply_to: None,
        after: None,
        origin: None,
        mentions: Vec::new(),
        announce: None,
    };
    submission(mid, Command::Message(said))
}

/// Few enough that a room is often alone for a moment.
const ASKERS: u64 = 3;

/// What one asker was told: room, mid, seq.
type Told = Vec<(RoomId, Mid, u64)>;

/// Writes, retries, reads and looks, with pauses about as long as a room may be idle. Returns what it
/// was told, and every channel it met: each opening of a room makes another one.
async fn asker(
    hall: Arc<Hall>,
    rooms: Vec<RoomId>,
    posts: usize,
    mut dice: Dice,
) -> (Told, Vec<Arc<Channel>>) {
    let (mut told, mut met) = (Told::new(), Vec::new());
    while told.len() < posts {
        let room = rooms[usize::try_from(dice.below(rooms.len() as u64)).unwrap()].clone();
        let handle = hall.room(&room).await.unwrap();
        met.push(Arc::clone(handle.channel(&room.log()).unwrap()));
        match dice.below(8) {
            0 => {
                let head = handle.read(&room.log(), Where::Now).await.unwrap().view.line.head().seq;
                let mine = told.iter().filter(|(at, ..)| *at == room).map(|(.., seq)| *seq).max();
                assert!(head >= mine.unwrap_or(1), "what was acknowledged is there");
            }
            1 if !told.is_empty() => {
                let at = usize::try_from(dice.below(told.len() as u64)).unwrap();
                let (room, mid, seq) = told[at].clone();
                drop(handle);
                let handle = hall.room(&room).await.unwrap();
                let again = handle.write(says(mid)).await.unwrap();
                assert_eq!((again.position.seq, again.duplicate), (seq, true), "{room} {mid}");
            }
            2 => {
                let looked = hall.look(&room).await.unwrap();
                assert!(looked.revealed(&room.log()).await.unwrap().line.head().seq > 0);
            }
            _ => {
                let mid = Mid::fresh();
                let written = handle.write(says(mid)).await.unwrap();
                assert!(!written.duplicate);
                told.push((room, mid, written.position.seq));
            }
        }
        // Sometimes not at all, mostly about as long as it takes to be closed.
        match dice.below(4) {
            0 => {}
            1 => tokio::task::yield_now().await,
            _ => tokio::time::sleep(Duration::from_micros(dice.below(12_000))).await,
        }
    }
    (told, met)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_has_one_order_however_often_it_is_closed() {
    let seed = u64::from(std::process::id());
    let posts = if long() { 3_000 } else { 300 };
    println!("seed {seed}");
    let dir = tempfile::tempdir().unwrap();
    // A room is closed when the store has all of it.
    let gather = Duration::ZERO;
    let options = Options { segment_bytes: 1 << 20, gather, ..Options::default() };
    let (log, _) = Log::open(dir.path(), options).unwrap();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let parts = Parts {
        log: log.clone(),
        keys: Arc::new(Keyring::ephemeral()),
        bus: Bus::Local(Local),
        floors: Arc::default(),
        tasks: tasks.clone(),
        stop: stop.clone(),
        idle: Duration::from_millis(1),
    };
    let hall = Arc::new(Hall::open(parts).await.unwrap());
    let rooms: Vec<RoomId> = ["cardiology", "oncology"].map(|room| room.parse().unwrap()).into();
    for room in &rooms {
        let register = Command::RegisterRoom(room.clone(), Founding::of(Class::Discussion));
        hall.directory().write(submission(Mid::fresh(), register)).await.unwrap();
        hall.founded(room).await.unwrap();
    }
    let askers: Vec<_> = (0..ASKERS)
        .map(|at| tokio::spawn(asker(Arc::clone(&hall), rooms.clone(), posts, Dice(seed + at))))
        .collect();
    let mut seqs: BTreeMap<RoomId, Vec<u64>> = BTreeMap::new();
    let mut openings = BTreeSet::new();
    let mut all_met = Vec::new();
    for asker in askers {
        let (told, met) = asker.await.unwrap();
        for (room, _, seq) in told {
            seqs.entry(room).or_default().push(seq);
        }
        openings.extend(met.iter().map(|channel| Arc::as_ptr(channel) as usize));
        // Kept to the end, so that no two of them lie in one place.
        all_met.extend(met);
    }
    let told_in_all: usize = seqs.values().map(Vec::len).sum();
    println!("{} openings of two rooms under {} posts", openings.len(), told_in_all);
    assert!(openings.len() >= 40, "the test does not test it");
    for (room, mut seqs) in seqs {
        seqs.sort_unstable();
        let dense: Vec<u64> = (2..).take(seqs.len()).collect();
        assert_eq!(seqs, dense, "{room}: dense, and nothing twice");
    }
    drop(hall);
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    log.close().await;
    let report = once_free(|| verify(dir.path()));
    assert!(report.ok(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_nobody_uses_is_closed_and_one_that_somebody_follows_is_not() {
    let world = World::new();
    let node = world.node_with(&[], &[("WARDROOM_LIMITS__IDLE_ROOM_SECONDS", "1")]);
    let token = world.token("author", &["moderator"]);
    let mut author = node.probe(&token).await;
    for room in ["cardiology", "oncology", "nephrology"] {
        author.create(room).await;
    }
    let first = post("oncology", "T", &mid(), "before it was closed");
    let written = author.ask("message.post", first.clone()).await.unwrap();
    let mut reader = Probe::open(&node.socket).await;
    let greeting = reader.hello(&world.token("reader", &[])).await;
    let person = greeting["principal"]["id"].as_str().unwrap().to_owned();
    let mailbox = format!("@{person}");
    reader.ask("join", json!({ "room": mailbox })).await.unwrap();
    reader.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    reader.ask("join", json!({ "room": "oncology/moderators" })).await.unwrap_err();
    // What is followed stays, a mailbox too; a look at all of them keeps none open.
    node.until_metric("wardroom_rooms_open", 2).await;
    let listed = author.ask("rooms", json!({})).await.unwrap();
    assert_eq!(listed["rooms"].as_array().unwrap().len(), 3, "{listed}");
    node.until_metric("wardroom_rooms_open", 2).await;

    let mut body = post("cardiology", "T", &mid(), "to whom it concerns");
    body["mentions"] = json!([person]);
    author.ask("message.post", body).await.unwrap();
    for log in ["cardiology", &mailbox] {
        let told = tokio::time::timeout(PATIENCE, reader.entry_of(log)).await;
        told.expect("who follows a log misses nothing");
    }
    // The other one goes on where it was: same numbers, same epoch, and its mids are known.
    let again = author.ask("message.post", first).await.unwrap();
    assert_eq!((&again["position"], &again["duplicate"]), (&written["position"], &json!(true)));
    let next = author.post("oncology", "T", "after it was closed").await.unwrap();
    assert_eq!(next["position"]["seq"], 3);
    assert_eq!(next["position"]["epoch"], written["position"]["epoch"]);
    author.ask("join", json!({ "room": "oncology", "from": "start" })).await.unwrap();
    for seq in 1..=3 {
        let entry: Value = serde_json::from_str(&author.entry().await).unwrap();
        assert_eq!(entry["seq"], seq);
    }
    // Nobody is left, and nothing is.
    drop((author, reader));
    node.until_metric("wardroom_rooms_open", 0).await;
    assert!(node.stop().success());
}
