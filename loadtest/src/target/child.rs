//! A process started for a run, and ended by its own id.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;

use crate::failure::Failure;

/// How long a server may take to serve, and to stop.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server that was started here. Dropping it ends it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    // Removed when the child is gone: fields drop in this order.
    folder: Option<TempDir>,
}

/// What a server writes once it serves.
#[derive(Deserialize)]
pub(super) struct Ready {
    pub(super) socket: String,
    pub(super) pid: u32,
}

impl Running {
    /// Takes over a child, and its folder if that is to go with it.
    #[must_use]
    pub fn new(child: Child, folder: Option<TempDir>) -> Self {
        Self { child, folder }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs still.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its folder, if that goes with it.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
    }
}

/// Starts a program whose output goes into a file. It is the caller's to see whether it serves.
pub fn start(mut command: Command, program: &Path, log: &Path) -> Result<Child, Failure> {
    let output = File::create(log).map_err(Failure::io(format!("make {}", log.display())))?;
    let errors = output.try_clone().map_err(Failure::io("share the log file"))?;
    let child = command.stdin(Stdio::null()).stdout(output).stderr(errors).spawn();
    child.map_err(|error| Failure::Start { program: program.to_path_buf(), why: error.to_string() })
}

/// The last lines of a log file.
#[must_use]
pub fn last_words(log: &Path) -> String {
    let told = fs::read_to_string(log).unwrap_or_default();
    told.lines().rev().take(3).collect::<Vec<_>>().join(" / ")
}

/// Starts a server that writes a ready file, and waits for it.
pub(super) fn serve(
    mut command: Command,
    program: &Path,
    folder: &Path,
) -> Result<(Child, Ready), Failure> {
    let (ready, log) = (folder.join("ready.json"), folder.join("server.log"));
    command.arg("--ready-file").arg(&ready);
    let mut child = start(command, program, &log)?;
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(&ready).unwrap_or_default();
        if let Ok(ready) = serde_json::from_str(&text) {
            return Ok((child, ready));
        }
        let ended = child.try_wait().map_err(Failure::io("look after the server"))?;
        if ended.is_some() || begun.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            let why = last_words(&log);
            return Err(Failure::Start { program: program.to_path_buf(), why });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGTERM first, so that the journal is closed as in life; `kill` spares unsafe code here.
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let begun = Instant::now();
        while asked.as_ref().is_ok_and(std::process::ExitStatus::success)
            && begun.elapsed() < PATIENCE
        {
            if !self.lives() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
