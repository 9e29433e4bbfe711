//! A node of its own for a test: the server's binary, an empty data directory, tokens of its key.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wardroom_client::protocol::room::{Class, CreateRoom, JoinPolicy};
use wardroom_client::{Client, Event, Room};

/// How long a test waits for anything: less than the 30 seconds after which a held post is asked after
/// without a reason.
const PATIENCE: Duration = Duration::from_secs(25);

/// Fails the test if something takes longer than it may.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let outcome = tokio::time::timeout(PATIENCE, future).await;
    outcome.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The server's binary, built beside this test.
fn server() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap();
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let server = folder.join("wardroom");
    assert!(
        server.is_file(),
        "{} is missing: build the workspace first, with the same profile (cargo build --profile …)",
        server.display()
    );
    server
}

/// A running server. Killed, and its files removed, when dropped.
pub(crate) struct Node {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Node {
    pub(crate) fn start() -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("node-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let ready = folder.join("ready.json");
        let child = Command::new(server())
            .args(["serve", "--listen", "127.0.0.1:0", "--ephemeral", "--ready-file"])
            .arg(&ready)
            .arg("--data")
            .arg(folder.join("data"))
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("node.log")).unwrap())
            .spawn();
        let mut node = Self { child: child.unwrap(), folder, url: String::new() };
        let begun = Instant::now();
        let told = loop {
            if let Ok(text) = std::fs::read_to_string(&ready) {
                break text;
            }
            let log = || std::fs::read_to_string(node.folder.join("node.log")).unwrap_or_default();
            if let Some(status) = node.child.try_wait().unwrap() {
                panic!("the node ended with {status} before it served:\n{}", log());
            }
            assert!(begun.elapsed() < PATIENCE, "the node does not serve:\n{}", log());
            std::thread::sleep(Duration::from_millis(2));
        };
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        told["socket"].as_str().unwrap().clone_into(&mut node.url);
        node
    }

    /// Where it serves.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A token as `wardroom token` makes it.
    pub(crate) fn token(&self, sub: &str, more: &[&str]) -> String {
        let output = Command::new(server())
            .args(["token", "--sub", sub, "--name", &format!("Dr {sub}")])
            .args(more)
            .arg("--data")
            .arg(self.folder.join("data"))
            .current_dir(&self.folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Somebody, online.
    pub(crate) async fn client(&self, sub: &str) -> Client {
        Client::builder(self.url(), self.token(sub, &[])).connect().await.unwrap()
    }

    /// A moderator who has founded these rooms.
    pub(crate) async fn moderator(&self, rooms: &[&str]) -> Client {
        let token = self.token("mo", &["--role", "moderator"]);
        let mo = Client::builder(self.url(), token).connect().await.unwrap();
        for room in rooms {
            let create = CreateRoom {
                room: room.parse().unwrap(),
                mid: Client::mid(),
                title: (*room).to_owned(),
                class: Class::Discussion,
                specialty: None,
                join: JoinPolicy::Open,
                with: Vec::new(),
            };
            mo.create_room(create).await.unwrap();
        }
        mo
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Everything up to the head that the join named.
pub(crate) async fn replayed(room: &mut Room) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        match soon("an event", room.next()).await.unwrap() {
            Event::CaughtUp(_) => return events,
            event => events.push(event),
        }
    }
}
