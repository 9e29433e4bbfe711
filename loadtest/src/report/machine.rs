//! Where the figures were taken. Without it they mean little.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

/// The machine and the programs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many of it.
    pub cores: usize,
    /// The kernel's release.
    pub kernel: String,
    /// Load average of the last minute when the report was made.
    pub load: String,
    /// What the server says its version is.
    pub server: String,
    /// Whether this generator was built with its assertions on, which costs.
    pub assertions: bool,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn here(server: Option<&Path>) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        let version = server.and_then(|path| {
            let output = Command::new(path).arg("--version").output().ok()?;
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        });
        Self {
            processor: model
                .map_or("", |name| name.trim_start_matches([' ', '\t', ':']))
                .to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
            server: version.unwrap_or_default(),
            assertions: cfg!(debug_assertions),
        }
    }
}
