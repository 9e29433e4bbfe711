//! TLS in process: the same bytes as over plain sockets, a new certificate without a restart, and a
//! reader who stalls costs no more than over plain sockets.

use std::fs;
use std::process::Command;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use wardroom_client::wire::{Address, Connection, OpenError};

use crate::world::{Node, PATIENCE, Probe, Raw, World, mid, post};

/// The paths of a certificate and its key, and who signed it.
struct Pair<'a>(&'a World);

impl Pair<'_> {
    /// Writes a fresh self-signed pair for 127.0.0.1. Returns the certificate, which is its own root.
    fn renew(&self) -> String {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        fs::write(self.0.file("cert.pem"), cert.pem()).unwrap();
        fs::write(self.0.file("key.pem"), signing_key.serialize_pem()).unwrap();
        cert.pem()
    }

    fn node(&self, flags: &[&str], env: &[(&str, &str)]) -> Node {
        let (cert, key) = (self.0.file("cert.pem"), self.0.file("key.pem"));
        let tls = ["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
        self.0.node_with(&[&tls, flags].concat(), env)
    }
}

async fn open(node: &Node, root: &str) -> Result<Connection, OpenError> {
    let address = Address::parse(&node.socket).unwrap().trusting(root.as_bytes()).unwrap();
    Connection::open_at(&address).await
}

async fn probe(node: &Node, root: &str, token: &str) -> Probe {
    let mut probe = Probe::over(open(node, root).await.unwrap());
    probe.hello(token).await;
    probe
}

/// Asks the node to read its files again, and waits until it says how that went.
async fn reload(node: &Node, says: &str) {
    let before = node.told().matches(says).count();
    let hangup = Command::new("kill").args(["-HUP", &node.pid().to_string()]).status().unwrap();
    assert!(hangup.success());
    let told = async {
        while node.told().matches(says).count() == before {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, told).await.unwrap_or_else(|_| panic!("{}", node.told()));
}

const RENEWED: &str = "read the certificate again";
const KEPT: &str = "the certificate in force stays";

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_over_tls_as_over_plain_sockets() {
    let world = World::new();
    let root = Pair(&world).renew();
    let node = Pair(&world).node(&[], &[]);
    assert!(node.url.starts_with("https://127.0.0.1:"), "{}", node.url);
    assert!(node.socket.starts_with("wss://127.0.0.1:"), "{}", node.socket);
    let token = world.token("ana", &["moderator", "import"]);
    let mut author = probe(&node, &root, &token).await;
    author.create("cardiology").await;
    let mut live = probe(&node, &root, &world.token("live", &[])).await;
    live.ask("join", json!({ "room": "cardiology", "from": "start" })).await.unwrap();
    let mut ids = Vec::new();
    for number in 0..400 {
        // From a few bytes up to several TLS records.
        let body = format!("{number} {}", "w".repeat((number * 97) % 50_000));
        ids.push(author.tell("message.post", post("cardiology", "T", &mid(), &body)).await);
        if ids.len() >= 32 {
            author.reply(ids.remove(0)).await.unwrap();
        }
    }
    for id in ids {
        author.reply(id).await.unwrap();
    }
    let from = json!({ "room": "cardiology", "from": "start" });
    let mut replay = probe(&node, &root, &world.token("replay", &[])).await;
    replay.ask("join", from.clone()).await.unwrap();
    let (mut lived, mut replayed) = (Vec::new(), Vec::new());
    for _ in 0..=400 {
        lived.push(live.entry().await);
        replayed.push(replay.entry().await);
    }
    assert!(lived == replayed, "live and replayed are the same bytes");
    drop((author, live, replay));
    assert!(node.stop().success());

    let node = world.node();
    let mut plain = node.probe(&world.token("plain", &[])).await;
    plain.ask("join", from).await.unwrap();
    for entry in lived {
        assert_eq!(plain.entry().await, entry);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_serves_new_connections_and_the_old_ones_live() {
    let world = World::new();
    let old = Pair(&world).renew();
    let node = Pair(&world).node(&["--ephemeral"], &[]);
    let mut early = probe(&node, &old, &world.token("early", &["moderator"])).await;
    early.create("cardiology").await;
    early.ask("join", json!({ "room": "cardiology" })).await.unwrap();

    let new = Pair(&world).renew();
    reload(&node, RENEWED).await;
    let mut late = probe(&node, &new, &world.token("late", &[])).await;
    late.post("cardiology", "T", "hello").await.unwrap();
    assert!(early.entry().await.contains("hello"), "a connection outlives its certificate");
    early.post("cardiology", "T", "still here").await.unwrap();
    let refused = open(&node, &old).await.unwrap_err();
    assert!(matches!(refused, OpenError::Untrusted { .. }), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_pair_is_named_and_kept_out() {
    let world = World::new();
    let root = Pair(&world).renew();
    let node = Pair(&world).node(&["--ephemeral"], &[]);
    let key = fs::read(world.file("key.pem")).unwrap();
    let other = generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    for (file, bytes, says) in [
        ("cert.pem", other.cert.pem().into_bytes(), "do not serve"),
        ("cert.pem", b"canary-of-a-certificate".to_vec(), "holds none in PEM"),
        ("key.pem", b"canary-of-a-key".to_vec(), "holds none in PEM"),
    ] {
        let good = fs::read(world.file(file)).unwrap();
        fs::write(world.file(file), bytes).unwrap();
        reload(&node, KEPT).await;
        let line = node.told().lines().rfind(|line| line.contains(KEPT)).unwrap().to_owned();
        assert!(line.contains("ERROR") && line.contains(says) && line.contains(file), "{line}");
        open(&node, &root).await.expect("the old pair serves");
        fs::write(world.file(file), good).unwrap();
    }
    fs::remove_file(world.file("key.pem")).unwrap();
    reload(&node, KEPT).await;
    assert!(node.told().contains("failed to read the private key of server.tls_key"));
    open(&node, &root).await.expect("the old pair serves");
    assert!(!node.told().contains("canary"), "files of keys are not quoted");
    fs::write(world.file("key.pem"), key).unwrap();
    reload(&node, RENEWED).await;
    open(&node, &root).await.expect("the pair as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_tls_reader_costs_only_itself() {
    const STALLED: usize = 8;
    let world = World::new();
    let root = Pair(&world).renew();
    let node = Pair(&world).node(&[], &[]);
    let mut author = probe(&node, &root, &world.token("author", &["moderator", "import"])).await;
    author.create("cardiology").await;
    author.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        let mut one = probe(&node, &root, &world.token("stalled", &[])).await;
        one.ask("join", json!({ "room": "cardiology" })).await.unwrap();
        stalled.push(one);
    }
    let before = node.resident_kib();
    // 12 MB: more than a connection's socket buffers hold on both sides.
    for _ in 0..500 {
        author.post("cardiology", "T", &"y".repeat(24_000)).await.unwrap();
        author.entry().await;
    }
    let grown = node.resident_kib().saturating_sub(before);
    println!("12 MB past {STALLED} stalled TLS readers: the server grew by {grown} KiB");
    // A copy each would be 96 MB. The store's cache and the tail are the bulk of what there is.
    assert!(grown < 64 * 1024, "{grown} KiB");
    for mut one in stalled {
        for seq in 2..=501 {
            let entry = one.entry().await;
            assert!(entry.contains(&format!("\"seq\":{seq},")), "{entry:.100}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_handshake_has_the_same_deadline_as_headers() {
    let world = World::new();
    let root = Pair(&world).renew();
    let node = Pair(&world).node(&["--ephemeral"], &[("WARDROOM_LIMITS__HEADER_SECONDS", "1")]);
    // Says nothing; stops within the handshake; speaks HTTP, to which TLS answers with an alert.
    let hello = [0x16, 0x03, 0x01, 0x02, 0x00];
    for bytes in [&b""[..], &hello, b"GET / HTTP/1.1\r\n\r\n"] {
        let mut raw = Raw::connect(&node).await;
        raw.send(bytes).await;
        let rest = raw.rest().await;
        assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
    }
    open(&node, &root).await.expect("whoever speaks is served");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_frames_leave_before_the_end() {
    let world = World::new();
    let root = Pair(&world).renew();
    let node = Pair(&world).node(&["--ephemeral"], &[]);
    for _ in 0..20 {
        let mut refused = Probe::over(open(&node, &root).await.unwrap());
        let error = refused.ask("hello", json!({ "token": "sesame" })).await.unwrap_err();
        assert_eq!(error["code"], "token_invalid");
        assert_eq!(refused.closed().await, (4201, "token_invalid".into()));
    }
    let mut polite = probe(&node, &root, &world.token("ana", &[])).await;
    polite.ask("rooms", json!({})).await.unwrap();
    polite.wire.close().await;
}

/// Under TLS nobody can be told anything before the handshake that has no room.
#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_without_a_place_is_cut() {
    let world = World::new();
    let root = Pair(&world).renew();
    let env = [("WARDROOM_SERVER__MAX_HANDSHAKES", "2"), ("WARDROOM_LIMITS__HEADER_SECONDS", "3")];
    let node = Pair(&world).node(&["--ephemeral"], &env);
    let silent = [Raw::connect(&node).await, Raw::connect(&node).await];
    assert_eq!(Raw::connect(&node).await.rest().await, b"");
    for raw in silent {
        raw.rest().await;
    }
    open(&node, &root).await.expect("there is a place again");
}
