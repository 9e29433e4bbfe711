//! The harness: a `World` with a data directory and tokens, `Node`s that serve it, `Probe`s that
//! speak to them frame by frame.

mod here;
mod node;
mod probe;
mod provider;
mod raw;
mod talk;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use wardroom::identity::{Claims, DevKey};
use wardroom::log::OpenError;

pub(crate) use here::NodeHere;
pub(crate) use node::Node;
pub(crate) use probe::{Probe, act, act_in, mid, post};
pub(crate) use provider::{Key, key_file};
pub(crate) use raw::{Raw, masked, upgrade};
pub(crate) use talk::Talk;

/// How long a test waits for anything before it calls it lost.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// Opens a directory that was let go. A process that another test has just started holds every file of this
/// one until it is another program, so a lock may outlive its owner by that moment.
pub(crate) fn once_free<T>(open: impl Fn() -> Result<T, OpenError>) -> T {
    let begun = std::time::Instant::now();
    loop {
        match open() {
            Err(OpenError::Locked(_)) if begun.elapsed() < PATIENCE => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

/// A place where nodes live, and the key that signs their tokens.
pub(crate) struct World {
    dir: TempDir,
    key: DevKey,
}

impl World {
    /// A new one, with an empty data directory.
    pub(crate) fn new() -> Self {
        Self::in_dir(tempfile::tempdir().unwrap())
    }

    /// The same with its files in memory, where there is such a place: for tests that do not concern
    /// syncs and make many.
    pub(crate) fn in_memory() -> Self {
        Self::in_dir(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    /// The same in a directory that is there.
    pub(crate) fn in_dir(dir: TempDir) -> Self {
        let key = DevKey::open_or_create(&dir.path().join("data/keys")).unwrap();
        Self { dir, key }
    }

    /// The nodes' data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A file beside it.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A token for an hour.
    pub(crate) fn token(&self, sub: &str, roles: &[&str]) -> String {
        self.token_for(sub, roles, 3600)
    }

    /// A token for this many seconds; it may be over already.
    pub(crate) fn token_for(&self, sub: &str, roles: &[&str], seconds: i64) -> String {
        self.sign(&Claims {
            roles: roles.iter().map(|&role| role.into()).collect(),
            ..Self::claims(sub, seconds)
        })
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Claims) -> String {
        self.key.sign(claims)
    }

    /// Somebody's claims for this many seconds.
    pub(crate) fn claims(sub: &str, seconds: i64) -> Claims {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Claims {
            iss: "wardroom-dev".into(),
            sub: sub.into(),
            name: format!("Dr {sub}"),
            profession: Some("physician".into()),
            specialties: vec!["cardiology".into()],
            level: 1,
            roles: Vec::new(),
            org: None,
            iat: now.saturating_sub(3600),
            exp: now.saturating_add_signed(seconds),
        }
    }

    /// Starts a node on the world's data directory.
    pub(crate) fn node(&self) -> Node {
        self.node_with(&[], &[])
    }

    /// The same with more flags and environment.
    pub(crate) fn node_with(&self, flags: &[&str], env: &[(&str, &str)]) -> Node {
        self.node_under(&[], flags, env)
    }

    /// The same, started by another program: `["prlimit", "--nofile=256"]`.
    pub(crate) fn node_under(
        &self,
        launcher: &[&str],
        flags: &[&str],
        env: &[(&str, &str)],
    ) -> Node {
        let (ready, log) = (self.file("ready.json"), self.file("node.log"));
        Node::start(launcher, &self.data(), &ready, &log, flags, env)
    }
}

/// Whether this is `tests/run --long`.
pub(crate) fn long() -> bool {
    std::env::var_os("WARDROOM_LONG").is_some()
}

/// Says that the test is not run here, and why. With `WARDROOM_TESTS=require`, which `tests/run` sets, that
/// is a failure.
pub(crate) fn skipped(why: &str) {
    let current = std::thread::current();
    let told = format!("SKIPPED {}: {why}", current.name().unwrap_or("a test"));
    println!("{told}");
    let required = std::env::var_os("WARDROOM_TESTS").is_some_and(|value| value == "require");
    assert!(!required, "WARDROOM_TESTS=require: {told}");
}

/// Every file below a folder.
pub(crate) fn files(below: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![below.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

/// Whether any file below a folder holds these bytes, and which.
pub(crate) fn grep(below: &Path, needle: &[u8]) -> Option<PathBuf> {
    files(below).into_iter().find(|path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}
