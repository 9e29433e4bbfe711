//! A node: the shipped binary as a child process.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{PATIENCE, Probe};

/// A running server. Killed when dropped.
pub(crate) struct Node {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    /// `ws://127.0.0.1:PORT/v1/socket`.
    pub(crate) socket: String,
    /// From the start of the process until it serves.
    pub(crate) started_in: Duration,
    log: PathBuf,
}

impl Node {
    pub(crate) fn start(
        launcher: &[&str],
        data: &Path,
        ready: &Path,
        log: &Path,
        flags: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let _ = fs::remove_file(ready);
        let begun = Instant::now();
        let output = File::options().create(true).append(true).open(log).unwrap();
        let program = [launcher, &[env!("CARGO_BIN_EXE_wardroom")]].concat();
        let mut command = Command::new(program[0]);
        command
            .args(&program[1..])
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(flags)
            .arg("--data")
            .arg(data)
            .arg("--ready-file")
            .arg(ready)
            // Small segments: tests look at many of them, and zero-filling 64 MiB takes time.
            .env("WARDROOM_LOG__SEGMENT_MIB", "4")
            .env("WARDROOM_SERVER__DRAIN_SECONDS", "1")
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        let mut child = command.spawn().unwrap();
        let ready = loop {
            if let Ok(text) = fs::read_to_string(ready) {
                break serde_json::from_str::<serde_json::Value>(&text).unwrap();
            }
            let told = || fs::read_to_string(log).unwrap_or_default();
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the node ended with {status} before it served:\n{}", told());
            }
            assert!(begun.elapsed() < PATIENCE, "the node does not serve:\n{}", told());
            std::thread::sleep(Duration::from_millis(2));
        };
        Self {
            child,
            url: ready["url"].as_str().unwrap().into(),
            socket: ready["socket"].as_str().unwrap().into(),
            started_in: begun.elapsed(),
            log: log.to_path_buf(),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.url.split("://").nth(1).unwrap()
    }

    /// The memory of its process, KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Everything the node has printed.
    pub(crate) fn told(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let status = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        assert!(status.unwrap().success());
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(asked.elapsed() < PATIENCE, "the node does not stop:\n{}", self.told());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until it ended by itself; with all that it printed.
    pub(crate) fn wait_and_tell(self) -> (String, ExitStatus) {
        let log = self.log.clone();
        let ended = self.wait();
        (fs::read_to_string(log).unwrap_or_default(), ended)
    }

    /// Waits until it ended by itself, at a fault point.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the node goes on:\n{}", self.told());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A bare connection that has said hello.
    pub(crate) async fn probe(&self, token: &str) -> Probe {
        let mut probe = Probe::open(&self.socket).await;
        probe.hello(token).await;
        probe
    }

    /// A metric, by its name and labels as scraped; 0 if it is not there.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let (_, page) = self.get("/metrics").await;
        let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().unwrap())
    }

    /// Waits until a metric has this value.
    pub(crate) async fn until_metric(&self, name: &str, value: u64) {
        let begun = Instant::now();
        loop {
            let now = self.metric(name).await;
            if now == value {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{name} is {now}, not {value}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// One HTTP request without a body: status line and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        self.http(&format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")).await
    }

    /// One raw HTTP request: the status and everything after the headers.
    pub(crate) async fn http(&self, request: &str) -> (u16, String) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap_or_default().1.to_owned())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
