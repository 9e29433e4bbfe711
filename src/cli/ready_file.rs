//! The ready file: tells a script that the node serves, and where. Whole or absent, never half.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::failure::{Exit, Failure};

/// A file to be written once the node serves, and taken away when it stops.
#[derive(Debug)]
pub(crate) struct ReadyFile(Option<PathBuf>);

impl ReadyFile {
    /// Takes an old one away: a script that waits for the file must not find the last run's.
    pub(crate) fn prepare(path: Option<PathBuf>) -> Result<Self, Failure> {
        let file = Self(path);
        match file.0.as_deref().map(fs::remove_file) {
            Some(Err(e)) if e.kind() != io::ErrorKind::NotFound => {
                Err(file.failure("remove the old", &e))
            }
            _ => Ok(file),
        }
    }

    /// Writes it.
    pub(crate) fn write(&self, url: &str, socket: &str) -> Result<(), Failure> {
        let Some(path) = self.0.as_deref() else {
            return Ok(());
        };
        let pid = std::process::id();
        let line = serde_json::json!({"url": url, "socket": socket, "pid": pid});
        let temporary = beside(path, pid);
        fs::write(&temporary, format!("{line}\n"))
            .and_then(|()| fs::rename(&temporary, path))
            .map_err(|e| self.failure("write the", &e))
    }

    fn failure(&self, action: &str, error: &io::Error) -> Failure {
        let path = self.0.as_deref().unwrap_or(Path::new(""));
        Failure::new(
            Exit::Io,
            format!(
                "failed to {action} ready file {}: {error}\n  check that its folder exists and can be written",
                path.display()
            ),
        )
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // A node that stopped is not ready; should this fail, the pid inside tells the reader so.
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

fn beside(path: &Path, pid: u32) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{pid}.new"));
    path.with_file_name(name)
}
