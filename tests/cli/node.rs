//! A node that runs for the length of a test.

use std::fs;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::Place;

/// How long anything may take before a test gives up. Reached only when something is broken.
const DEADLINE: Duration = Duration::from_mins(1);

/// A node that ends with its test.
pub(crate) struct Node {
    child: Child,
    /// What the ready file says.
    pub(crate) ready: Value,
}

impl Node {
    /// Starts one and waits until it says that it is ready.
    pub(crate) fn start(place: &Place, arguments: &[&str]) -> Self {
        let lines = fs::File::create(place.path("stderr")).unwrap();
        Self::start_telling(place, arguments, lines)
    }

    /// The same, and its log lines go there.
    pub(crate) fn start_telling(place: &Place, arguments: &[&str], lines: fs::File) -> Self {
        let all = [arguments, &["--listen", "127.0.0.1:0", "--ready-file", "ready.json"]].concat();
        let mut child = place.command(&all).stdout(Stdio::piped()).stderr(lines).spawn().unwrap();
        let began = Instant::now();
        loop {
            // Written by rename: what can be read is whole.
            if let Ok(text) = fs::read_to_string(place.path("ready.json")) {
                let ready = serde_json::from_str(&text).unwrap();
                return Self { child, ready };
            }
            let stderr = || fs::read_to_string(place.path("stderr")).unwrap_or_default();
            assert!(child.try_wait().unwrap().is_none(), "ended: {}", stderr());
            assert!(began.elapsed() < DEADLINE, "not ready: {}", stderr());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn get(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap()
    }

    /// Sends a signal and waits for the end: the exit code and what was on stdout.
    pub(crate) fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        (self.child.wait().unwrap().code(), out)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
