//! Promise 1 from the outside, on a disk whose syncs can be held up: what is not safe yet is shown to
//! nobody and answered to nobody, and of such answers one connection is owed so many.

use std::sync::Arc;

use serde_json::{Value, json};
use wardroom::log::disk;
use wardroom::server::ServerError;

use crate::slow_disk::{Slow, SlowDisk};
use crate::world::{NodeHere, PATIENCE, Probe, World, mid, post};

/// A node in this process, its disk, and two who are in `cardiology`.
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) slow: Arc<Slow>,
    pub(crate) node: NodeHere,
    pub(crate) ana: Probe,
    pub(crate) ben: Probe,
}

pub(crate) async fn probe(world: &World, node: &NodeHere, sub: &str, roles: &[&str]) -> Probe {
    let mut probe = Probe::open(&node.socket).await;
    probe.hello(&world.token(sub, roles)).await;
    probe
}

impl Bench {
    pub(crate) async fn begin() -> Self {
        let world = World::in_memory();
        let slow = Arc::new(Slow::default());
        disk::install(&world.data(), Arc::new(SlowDisk(Arc::clone(&slow))));
        let node = NodeHere::start(&world).await;
        let mut ana = probe(&world, &node, "ana", &["moderator", "import"]).await;
        ana.create("cardiology").await;
        let mut ben = probe(&world, &node, "ben", &[]).await;
        ben.ask("join", json!({ "room": "cardiology" })).await.unwrap();
        ana.post("cardiology", "T", "before").await.unwrap();
        assert!(ben.entry().await.contains("before"));
        Self { world, slow, node, ana, ben }
    }

    pub(crate) async fn until_a_sync_waits(&self) {
        let begun = std::time::Instant::now();
        while !self.slow.is_waited_for() {
            assert!(begun.elapsed() < PATIENCE, "nothing was synced");
            tokio::task::yield_now().await;
        }
    }

    /// Ben asks what is answered at once, some times over: his frames meanwhile, his answers apart.
    pub(crate) async fn meanwhile(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        for _ in 0..5 {
            let id = self.ben.tell("leave", json!({ "room": "nowhere" })).await;
            loop {
                let text = self.ben.receive().await.unwrap();
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["id"] == id {
                    assert_eq!(frame["error"]["code"], "not_joined");
                    break;
                }
                frames.push(text);
            }
        }
        frames
    }
}

/// Whether a frame is there already.
pub(crate) async fn has_heard(probe: &mut Probe) -> bool {
    tokio::select! {
        biased;
        _ = probe.wire.receive() => true,
        () = std::future::ready(()) => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_synced_is_shown_and_answered_to_nobody() {
    let mut bench = Bench::begin().await;
    let mut carl = probe(&bench.world, &bench.node, "carl", &[]).await;
    let mut dora = probe(&bench.world, &bench.node, "dora", &[]).await;
    let mut again = probe(&bench.world, &bench.node, "ana", &["moderator", "import"]).await;
    let one = mid();
    bench.slow.shut(true);
    let posted = bench.ana.tell("message.post", post("cardiology", "T", &one, "hidden")).await;
    bench.until_a_sync_waits().await;
    // Whoever comes now rests on it: the state of a join, the answer to a retry. A page of history ends
    // before it.
    let joined = carl.tell("join", json!({ "room": "cardiology", "from": "start" })).await;
    let page = dora.tell("history", json!({ "room": "cardiology" })).await;
    let retried = again.tell("message.post", post("cardiology", "T", &one, "hidden")).await;
    assert_eq!(bench.meanwhile().await, [""; 0], "a reader was shown what is not safe");
    let page = dora.reply(page).await.unwrap();
    assert_eq!(page["position"]["seq"], 2);
    assert!(!page.to_string().contains("hidden"), "a page shows what is not safe");
    for (who, probe) in [("author", &mut bench.ana), ("join", &mut carl), ("retry", &mut again)] {
        assert!(!has_heard(probe).await, "the {who} was answered by what is not safe");
    }

    bench.slow.shut(false);
    let written = bench.ana.reply(posted).await.unwrap();
    assert_eq!(written["position"]["seq"], 3);
    assert!(bench.ben.entry().await.contains("hidden"));
    assert_eq!(carl.reply(joined).await.unwrap()["position"], written["position"]);
    let page = dora.ask("history", json!({ "room": "cardiology" })).await.unwrap();
    assert!(page.to_string().contains("hidden"));
    assert_eq!(again.reply(retried).await.unwrap()["duplicate"], true);
    drop((carl, dora, again));
    let Bench { node, ana, ben, .. } = bench;
    drop((ana, ben));
    node.stop().await;
}

/// At 64 answers owed, a connection's next command is not read; with one less it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_owed_64_replies() {
    const OWED: usize = 64;
    let mut bench = Bench::begin().await;
    bench.slow.shut(true);
    for _ in 1..OWED {
        bench.ana.tell("message.post", post("cardiology", "T", &mid(), "text")).await;
    }
    let refused = bench.ana.ask("leave", json!({ "room": "nowhere" })).await.unwrap_err();
    assert_eq!(refused["code"], "not_joined", "one more may be owed, so it is read");
    bench.ana.tell("message.post", post("cardiology", "T", &mid(), "text")).await;
    let past = bench.ana.tell("leave", json!({ "room": "nowhere" })).await;
    bench.until_a_sync_waits().await;
    assert_eq!(bench.meanwhile().await, [""; 0]);
    assert!(!has_heard(&mut bench.ana).await, "a 65th answer was owed");

    bench.slow.shut(false);
    let first: Value = serde_json::from_str(&bench.ana.receive().await.unwrap()).unwrap();
    assert_eq!(first["ok"]["position"]["seq"], 3, "{first}");
    assert_eq!(bench.ana.reply(past).await.unwrap_err()["code"], "not_joined");
    let Bench { node, ana, ben, .. } = bench;
    drop((ana, ben));
    node.stop().await;
}

/// A sync that fails leaves open what became of what it was for: that is said, and never `ok` or `no`.
/// Whoever asks again with the same mid learns it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failed_sync_left_open_is_called_unknown() {
    let mut bench = Bench::begin().await;
    bench.slow.shut(true);
    let one = mid();
    let posted = bench.ana.tell("message.post", post("cardiology", "T", &one, "perhaps")).await;
    bench.until_a_sync_waits().await;
    bench.slow.fail();
    let unknown = bench.ana.reply(posted).await.unwrap_err();
    assert_eq!((&unknown["code"], &unknown["number"]), (&json!("unknown"), &json!(104)));
    let Bench { world, node, ana, ben, .. } = bench;
    drop((ana, ben));
    assert!(matches!(node.end().await, Err(ServerError::Failed(_))), "such a node ends by itself");

    // It had reached the disk, as it happens.
    let node = NodeHere::start(&world).await;
    let mut ana = probe(&world, &node, "ana", &["moderator", "import"]).await;
    let first = ana.ask("message.post", post("cardiology", "T", &one, "perhaps")).await.unwrap();
    let again = ana.ask("message.post", post("cardiology", "T", &one, "perhaps")).await.unwrap();
    assert_eq!((&first["position"], &again["duplicate"]), (&again["position"], &json!(true)));
    drop(ana);
    node.stop().await;
}
