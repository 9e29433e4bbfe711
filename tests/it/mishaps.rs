//! What goes wrong around a node and inside it, and that it stays with whom it concerns: a bug in one
//! handler, no descriptors left, peers that are slow, silent or gone.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::{PATIENCE, Raw, Talk, World, long, upgrade};

/// The n-th command of the process, or its n-th slow part, is a bug.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_one_handler_closes_that_connection_and_nothing_else() {
    let world = World::new();
    // The two who talk: two hellos, create, join, one post. The victim: hello, join, and then.
    for fault in ["in_handler@8", "in_slow_part@7"] {
        let node = world.node_with(&["--ephemeral"], &[("WARDROOM_FAULT", fault)]);
        let mut talk = Talk::begin(&world, &node).await;
        talk.on().await;
        let token = world.token("victim", &[]);
        let mut victim = node.probe(&token).await;
        victim.ask("join", json!({ "room": "cardiology" })).await.unwrap();
        assert_eq!(node.metric("wardroom_panics_total").await, 0);
        victim.tell("rooms", json!({})).await;
        assert_eq!(victim.closed().await, (1011, "server_error".into()), "{fault}");

        talk.on().await;
        assert_eq!(node.metric("wardroom_panics_total").await, 1);
        assert_eq!(node.metric(r#"wardroom_closes_total{code="server_error"}"#).await, 1);
        assert_eq!(node.get("/readyz").await.0, 200);
        assert!(!node.told().contains("a test asked for it"), "no panic's message is logged");
        drop(victim);
        // Everything it held is given back.
        node.until_metric("wardroom_connections", 2).await;
        assert_eq!(node.metric("wardroom_joined").await, 1);
        let mut again = node.probe(&token).await;
        again.ask("rooms", json!({})).await.expect("the same command works now");
        talk.on().await;
    }
}

/// Descriptors run out while the node serves.
#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_the_node_waits_and_then_serves_again() {
    let world = World::new();
    let node = world.node();
    let mut talk = Talk::begin(&world, &node).await;
    let pid = node.pid().to_string();
    let open_files = || std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let limit = |soft: usize| {
        let mut set = Command::new("prlimit");
        set.args(["--pid", &pid, &format!("--nofile={soft}:")]);
        assert!(set.status().unwrap().success());
    };
    limit(open_files() + 3);
    let mut crowd = Vec::new();
    for _ in 0..20 {
        let mut raw = Raw::connect(&node).await;
        raw.send(upgrade("").as_bytes()).await;
        crowd.push(raw);
    }
    let begun = Instant::now();
    while !node.told().contains("no_descriptors") {
        assert!(begun.elapsed() < PATIENCE, "{}", node.told());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..20 {
        talk.on().await;
    }
    limit(1_000);
    for raw in &mut crowd {
        assert!(raw.head().await.expect("served late").starts_with("HTTP/1.1 101"));
    }
    talk.on().await;
    let told = node.told();
    assert!(told.contains("accepting connections again"), "{told}");
    let lines = told.lines().filter(|line| line.contains("no_descriptors")).count();
    assert!(lines <= 1 + usize::try_from(begun.elapsed().as_secs() / 10).unwrap(), "{lines} lines");
    assert!(node.stop().success());
}

/// A node that may open few files from the start says so, and refuses in time.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_few_descriptors_refuses_before_it_has_none() {
    let world = World::new();
    let node = world.node_under(&["prlimit", "--nofile=256:256"], &[], &[]);
    assert!(node.told().contains("may open fewer files"), "{}", node.told());
    let mut talk = Talk::begin(&world, &node).await;
    let mut crowd = Vec::new();
    let refused = loop {
        let mut raw = Raw::connect(&node).await;
        raw.send(upgrade("").as_bytes()).await;
        let head = raw.head().await.unwrap();
        if !head.starts_with("HTTP/1.1 101") {
            break head;
        }
        crowd.push(raw);
        assert!(crowd.len() < 256);
    };
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 5"), "{refused}");
    assert!(crowd.len() >= 64, "{} connections", crowd.len());
    talk.on().await;
    assert!(!node.told().contains("no_descriptors"), "{}", node.told());
}

/// The least address space that a node takes is enough for what it does; with less it does not start.
#[tokio::test(flavor = "multi_thread")]
async fn the_least_address_space_is_enough_for_a_crowd() {
    let world = World::new();
    let node = world.node_under(&["prlimit", "--as=2147483648"], &[], &[]);
    let mut talk = Talk::begin(&world, &node).await;
    let mut crowd = Vec::new();
    for _ in 0..300 {
        let mut raw = Raw::connect(&node).await;
        raw.send(upgrade("").as_bytes()).await;
        assert!(raw.head().await.unwrap().starts_with("HTTP/1.1 101"));
        crowd.push(raw);
    }
    for _ in 0..200 {
        talk.on().await;
    }
    assert_eq!(node.get("/readyz").await.0, 200);
    assert!(node.stop().success());
}

/// Headers that come byte by byte.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_headers_end_in_time_and_keep_nobody_out() {
    let slow = if long() { 2_000 } else { 400 };
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_LIMITS__HEADER_SECONDS", "3")]);
    let mut talk = Talk::begin(&world, &node).await;
    let mut loris = tokio::task::JoinSet::new();
    for _ in 0..slow {
        let mut raw = Raw::connect(&node).await;
        loris.spawn(async move {
            for byte in upgrade("").as_bytes() {
                raw.send(&[*byte]).await;
                let ended = tokio::time::timeout(Duration::from_millis(500), raw.frame()).await;
                if ended.is_ok() {
                    return;
                }
            }
            panic!("the node read headers for ever");
        });
    }
    let mut took = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        let mut probe = node.probe(&world.token("late", &[])).await;
        probe.ask("join", json!({ "room": "cardiology" })).await.unwrap();
        took.push(begun.elapsed());
        talk.on().await;
    }
    while let Some(ended) = loris.join_next().await {
        ended.unwrap();
    }
    talk.on().await;
    took.sort();
    println!(
        "{slow} slow handshakes: a join beside them took {:?}, at most {:?}",
        took[25], took[49]
    );
    if long() {
        assert!(took[49] < Duration::from_millis(200), "{took:?}");
    }
}

/// A reader who takes little, but takes: it is never called slow, and gets everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_little_keeps_its_place_and_costs_only_itself() {
    let world = World::new();
    let env = [("WARDROOM_LIMITS__WRITE_TIMEOUT_SECONDS", "2")];
    let node = world.node_with(&["--ephemeral"], &env);
    let mut talk = Talk::begin(&world, &node).await;
    let mut slow = Raw::narrow(&node).await;
    slow.upgrade().await;
    slow.hello(&world.token("slow", &[])).await;
    slow.text(r#"{"id":1,"op":"join","d":{"room":"cardiology"}}"#).await;
    slow.told("id").await;
    // More than the systems between hold. The limit is 64 KiB a message.
    let long_text = "s".repeat(60_000);
    for _ in 0..200 {
        talk.author.post("cardiology", "T", &long_text).await.unwrap();
        talk.reader.entry().await;
        talk.said += 1;
        slow.sip(16).await;
    }
    let begun = Instant::now();
    let mut seq = 1;
    while seq < 201 {
        // One reads at a crawl for thrice as long as a blocked write may take.
        if begun.elapsed() < Duration::from_secs(6) {
            for _ in 0..16 {
                slow.sip(16).await;
                // The pace of this reader; nothing is waited for.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            talk.on().await;
            continue;
        }
        let (first, payload) = slow.frame().await.expect("it keeps its place");
        let frame: Value = serde_json::from_slice(&payload).unwrap();
        if let Some(next) = frame["seq"].as_u64() {
            assert_eq!((first, next), (0x81, seq + 1));
            seq = next;
        }
    }
    while seq < talk.said + 1 {
        let (_, payload) = slow.frame().await.expect("it keeps its place");
        let frame: Value = serde_json::from_slice(&payload).unwrap();
        if let Some(next) = frame["seq"].as_u64() {
            assert_eq!(next, seq + 1, "every entry, in order");
            seq = next;
        }
    }
    assert_eq!(node.metric(r#"wardroom_closes_total{code="slow"}"#).await, 0);
    talk.on().await;
}

/// A peer whose machine is gone says nothing, not even goodbye.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_vanished_is_gone_in_time() {
    let world = World::new();
    let seconds =
        [("WARDROOM_LIMITS__PING_SECONDS", "1"), ("WARDROOM_LIMITS__SILENT_SECONDS", "5")];
    let node = world.node_with(&["--ephemeral"], &seconds);
    let mut gone = Raw::upgraded(&node).await;
    gone.hello(&world.token("gone", &[])).await;
    let mut talk = Talk::begin(&world, &node).await;
    gone.text(r#"{"id":1,"op":"join","d":{"room":"cardiology"}}"#).await;
    gone.told("id").await;
    assert_eq!(node.metric("wardroom_joined").await, 2);
    // From here on it neither reads nor writes, and its socket stays open.
    let begun = Instant::now();
    for (metric, with_it) in [("wardroom_joined", 2), ("wardroom_connections", 3)] {
        while node.metric(metric).await == with_it {
            talk.on().await;
            assert!(begun.elapsed() < PATIENCE, "it is still there");
            // Not so much that its output is blocked: then the longer clock of writes runs.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    println!("5 s of silence: gone after {:?}", begun.elapsed());
    assert_eq!(node.metric(r#"wardroom_closes_total{code="silent"}"#).await, 1);
    // Whoever is there is told, as of anybody who left.
    while talk.reader.presence().await["left"].is_null() {}
    talk.on().await;
    drop(gone);
}
