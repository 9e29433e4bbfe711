//! Points of the log's own upkeep, which a node passes now and then: where a segment ends, where a
//! snapshot is half kept, where a closed segment is half in the archive.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::{Acked, ROOMS, read, sender, try_probe};
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_during_upkeep_loses_nothing_acknowledged() {
    for (point, nth) in
        [("segment_switch", 1), ("segment_switch", 2), ("trim_half", 1), ("snapshot_half", 1)]
    {
        let world = World::new();
        let token = world.token("sender", &["import", "moderator"]);
        let archive = world.file("archive").display().to_string();
        let upkeep = [
            ("WARDROOM_LOG__SEGMENT_MIB", "1"),
            ("WARDROOM_LOG__ARCHIVE", &*archive),
            ("WARDROOM_LOG__KEEP_SEGMENTS", "0"),
        ];
        let fault = format!("{point}@{nth}");
        let env = [&upkeep[..], &[("WARDROOM_FAULT", &*fault)]].concat();
        let node = world.node_with(&[], &env);
        let mut founder = node.probe(&token).await;
        for room in ROOMS {
            founder.create(room).await;
        }
        let count = Arc::new(AtomicU64::new(0));
        let mut senders = Vec::new();
        for number in 0..4 {
            let probe = try_probe(&node, &token).await.expect("it lives until much was written");
            let room = ROOMS[number % 2];
            senders.push((room, tokio::spawn(sender(probe, room, Arc::clone(&count)))));
        }
        // It ends by itself, at the point and nowhere else.
        tokio::task::block_in_place(|| node.wait());
        let mut acked: Vec<(&str, Acked)> = Vec::new();
        for (room, sending) in senders {
            acked.push((room, sending.await.unwrap().0));
        }
        let node = world.node_with(&[], &upkeep);
        for room in ROOMS {
            let found = read(&node, &token, room).await;
            let of_room = acked.iter().filter(|(at, _)| *at == room).flat_map(|(_, acked)| acked);
            for (mid, position) in of_room {
                assert_eq!(found.get(mid), Some(position), "{room} {mid}, {fault}");
            }
        }
        let total: usize = acked.iter().map(|(_, acked)| acked.len()).sum();
        println!("{fault}: {total} acknowledged, all there");
        drop(founder);
        assert!(node.stop().success());
        let verified = std::process::Command::new(env!("CARGO_BIN_EXE_wardroom"))
            .args(["log", "verify", "--data", world.data().to_str().unwrap()])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&verified.stdout);
        assert!(verified.status.success(), "{fault}: {told}");
    }
}
