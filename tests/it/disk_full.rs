//! A disk that is full, for real: a small one of its own, where this test may mount it. Posting is
//! refused with a code, reading goes on, nothing acknowledged is lost, and room heals it.

use std::process::Command;

use serde_json::{Value, json};

use crate::world::{Node, PATIENCE, Probe, World, mid, post, skipped};

/// A folder that is a disk of its own. Unmounted when dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(world: &std::path::Path, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "wardroom-test"]).arg(world);
        mount.output().is_ok_and(|output| output.status.success())
    }

    fn resize(&self, mib: u32) {
        assert!(Self::mount(&self.0, &format!("remount,size={mib}m")));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A world on a disk of this size; `None` where mounting is not allowed.
fn small_world(mib: u32) -> Option<(World, SmallDisk)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_path_buf();
    if !SmallDisk::mount(&path, &format!("size={mib}m")) {
        skipped("this user may not mount a small disk");
        return None;
    }
    let disk = SmallDisk(path);
    Some((World::in_dir(dir), disk))
}

/// Posts until it is refused: what was acknowledged, and the code of the refusal.
async fn fill(probe: &mut Probe) -> (Vec<(String, Value)>, String) {
    let mut acked = Vec::new();
    loop {
        let mid = mid();
        let body = post("cardiology", "T", &mid, &"talk ".repeat(8_000));
        match probe.ask("message.post", body).await {
            Ok(ok) => acked.push((mid, ok["position"].clone())),
            Err(error) => return (acked, error["code"].as_str().unwrap().to_owned()),
        }
        assert!(acked.len() < 5_000, "the disk does not fill");
    }
}

/// Everything acknowledged is where it was said to be.
async fn all_there(node: &Node, token: &str, acked: &[(String, Value)]) {
    let mut probe = node.probe(token).await;
    let join = json!({ "room": "cardiology", "from": "start" });
    let joined = probe.ask("join", join).await.unwrap();
    let head = joined["position"]["seq"].as_u64().unwrap();
    let mut found = std::collections::BTreeMap::new();
    for seq in 1..=head {
        let entry: Value = serde_json::from_str(&probe.entry().await).unwrap();
        assert_eq!(entry["seq"], seq, "dense");
        found.insert(entry["mid"].as_str().unwrap().to_owned(), entry);
    }
    for (mid, position) in acked {
        let entry = found.get(mid).unwrap_or_else(|| panic!("{mid} at {position} is lost"));
        assert_eq!((&entry["epoch"], &entry["seq"]), (&position["epoch"], &position["seq"]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_little_room_left_refuses_before_it_orders() {
    let Some((world, disk)) = small_world(40) else { return };
    let token = world.token("sender", &["import", "moderator"]);
    let env = [("WARDROOM_LOG__SEGMENT_MIB", "1"), ("WARDROOM_LOG__MIN_FREE_MIB", "16")];
    let node = world.node_with(&[], &env);
    let mut probe = node.probe(&token).await;
    probe.create("cardiology").await;
    let (acked, code) = fill(&mut probe).await;
    assert_eq!(code, "log_unavailable");
    println!("{} posts of 40 KB on 40 MiB, then {code}", acked.len());
    let (status, told) = node.get("/readyz").await;
    assert_eq!((status, told.contains("the disk is nearly full")), (503, true), "{told}");
    assert_eq!(node.get("/healthz").await.0, 200);
    let metrics = node.get("/metrics").await.1;
    let told = metrics.lines().find_map(|line| line.strip_prefix("wardroom_disk_free_bytes "));
    let free: f64 = told.expect("the gauge is set").parse().unwrap();
    // Less is free than must be, once the store has written twice what may wait for it.
    assert!(free > 0.0 && free < f64::from((16 + 2 * 8) << 20), "{free}");
    all_there(&node, &token, &acked).await;
    disk.resize(80);
    let begun = std::time::Instant::now();
    while node.get("/readyz").await.0 != 200 {
        assert!(begun.elapsed() < PATIENCE, "room does not heal it");
        tokio::task::yield_now().await;
    }
    let body = post("cardiology", "T", &mid(), "there is room");
    probe.ask("message.post", body).await.unwrap();
    drop(probe);
    node.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_a_restart_with_room_heals() {
    let Some((world, disk)) = small_world(24) else { return };
    let token = world.token("sender", &["import", "moderator"]);
    let env = [("WARDROOM_LOG__SEGMENT_MIB", "1"), ("WARDROOM_LOG__MIN_FREE_MIB", "0")];
    let node = world.node_with(&[], &env);
    let mut probe = node.probe(&token).await;
    probe.create("cardiology").await;
    let (acked, code) = fill(&mut probe).await;
    println!("{} posts of 40 KB on 24 MiB, then {code}", acked.len());
    // It may drain already by the time the next one is sent.
    assert!(["log_unavailable", "unknown", "draining"].contains(&&*code), "{code}");
    // It could not write, and does not know what it wrote: it drains by itself.
    assert_eq!(probe.closed().await, (4000, "drain".into()));
    let (told, ended) = tokio::task::block_in_place(|| node.wait_and_tell());
    assert_eq!(ended.code(), Some(74), "{told}");
    assert!(told.contains("this node drains and ends"), "{told}");
    disk.resize(128);
    let node = world.node_with(&[], &env);
    all_there(&node, &token, &acked).await;
    let mut probe = node.probe(&token).await;
    probe.ask("message.post", post("cardiology", "T", &mid(), "there is room")).await.unwrap();
    drop(probe);
    node.stop();
}

/// Files that may not grow any more end the process: a crash like any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_on_the_size_of_files_loses_nothing() {
    let world = World::new();
    let token = world.token("sender", &["import", "moderator"]);
    let env = [("WARDROOM_LOG__SEGMENT_MIB", "1")];
    let node = world.node_under(&["prlimit", "--fsize=3000000"], &[], &env);
    let mut probe = node.probe(&token).await;
    probe.create("cardiology").await;
    let mut acked = Vec::new();
    loop {
        let mid = mid();
        let body = post("cardiology", "T", &mid, &"talk ".repeat(8_000));
        let command = json!({ "id": acked.len() + 1_000, "op": "message.post", "d": body });
        if probe.wire.send(command.to_string()).await.is_err() {
            break;
        }
        // The process ends while it works, or says that it cannot.
        let Ok(frame) = probe.wire.receive().await else { break };
        let reply: Value = serde_json::from_str(&frame).unwrap();
        if let Some(code) = reply["error"]["code"].as_str() {
            assert!(["log_unavailable", "unknown"].contains(&code), "{code}");
            break;
        }
        if reply["id"] == acked.len() + 1_000 {
            acked.push((mid, reply["ok"]["position"].clone()));
        }
        assert!(acked.len() < 5_000, "no file grows");
    }
    println!("{} posts of 40 KB with files of 3 MB at most", acked.len());
    assert!(!acked.is_empty());
    tokio::task::block_in_place(|| node.kill());
    let node = world.node_with(&[], &env);
    all_there(&node, &token, &acked).await;
    node.stop();
}

/// A store that a power cut caught in use is made anew. Where there is no room for both, the old one makes room:
/// the journal has all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_made_anew_where_there_is_room_for_one_only() {
    let Some((world, disk)) = small_world(48) else { return };
    let token = world.token("sender", &["import", "moderator"]);
    let env = [("WARDROOM_LOG__SEGMENT_MIB", "1"), ("WARDROOM_LOG__MIN_FREE_MIB", "8")];
    let node = world.node_with(&[], &env);
    let mut probe = node.probe(&token).await;
    probe.create("cardiology").await;
    let (acked, code) = fill(&mut probe).await;
    assert_eq!(code, "log_unavailable");
    drop(probe);
    tokio::task::block_in_place(|| node.kill());
    println!("{} posts of 40 KB on 48 MiB", acked.len());
    let store = world.data().join("store/gen-00000001");
    std::fs::remove_file(store.join("SEAL")).unwrap();
    let node = world.node_with(&[], &env);
    assert!(!store.exists());
    all_there(&node, &token, &acked).await;
    drop(disk);
    node.stop();
}
