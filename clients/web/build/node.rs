//! Runs Node and npm, each with a time limit and its output kept in a file.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Failure;

/// The oldest major version of Node that the client is built with, as its `package.json` says.
pub(crate) const OLDEST: u32 = 20;
/// Holds the lock file that `node_modules` was installed from.
pub(crate) const STAMP: &str = ".installed-lock";
/// An install without network can hang in retries; this ends it.
const INSTALL: Duration = Duration::from_mins(3);
const BUNDLE: Duration = Duration::from_mins(1);
const ASK: Duration = Duration::from_secs(20);

#[cfg(windows)]
const NPM: &str = "npm.cmd";
#[cfg(not(windows))]
const NPM: &str = "npm";

/// Installs what the lock file in `work` names and bundles the client into `dist`.
pub(crate) fn build(work: &Path, dist: &Path) -> Result<(), Failure> {
    check_version(work)?;
    let lock = fs::read(work.join("package-lock.json"))
        .map_err(|error| Failure::new("its lock file is missing").said(error.to_string()))?;
    let stamp = work.join(STAMP);
    if fs::read(&stamp).ok().as_deref() != Some(&lock) || !work.join("node_modules").is_dir() {
        let mut npm = Command::new(NPM);
        npm.args(["ci", "--omit=dev", "--ignore-scripts", "--prefer-offline"]);
        run(npm, "npm", "npm ci", INSTALL, work)?;
        fs::write(&stamp, &lock)
            .map_err(|error| Failure::new("its stamp was not written").said(error.to_string()))?;
    }
    let mut bundler = Command::new("node");
    bundler.arg("build.mjs").arg("--out").arg(dist);
    run(bundler, "Node", "node build.mjs", BUNDLE, work)?;
    if dist.join("index.html").is_file() {
        Ok(())
    } else {
        Err(Failure::new("the bundler wrote no index.html"))
    }
}

fn check_version(work: &Path) -> Result<(), Failure> {
    let mut ask = Command::new("node");
    ask.arg("--version");
    let said = run(ask, "Node", "node --version", ASK, work)?;
    let version = said.trim().trim_start_matches('v');
    let major = version.split('.').next().and_then(|n| n.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST => Ok(()),
        Some(_) => {
            Err(Failure::new(format!("Node {version} was found, and {OLDEST} or newer is needed")))
        }
        None => Err(Failure::new("node --version did not answer with a version")),
    }
}

/// Runs one command in `work` and answers what it printed. Its output goes to a file, so that a full
/// pipe can never stop it; past the limit it is ended by its own id.
fn run(
    mut command: Command,
    tool: &str,
    shown: &str,
    limit: Duration,
    work: &Path,
) -> Result<String, Failure> {
    let log = work.with_file_name("web-build.log");
    let output =
        File::create(&log).and_then(|file| Ok((file.try_clone()?, file))).map_err(|error| {
            Failure::new(format!("the log of {shown} could not be opened")).said(error.to_string())
        })?;
    let mut child = command
        .current_dir(work)
        .stdin(Stdio::null())
        .stdout(output.0)
        .stderr(output.1)
        .spawn()
        .map_err(|error| {
            Failure::new(format!("{tool} was not found on the PATH")).said(error.to_string())
        })?;
    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => sleep(Duration::from_millis(20)),
            waited => {
                // Ended already is the one way `kill` fails here, and that is what was wanted.
                let _ = child.kill();
                let _ = child.wait();
                let reason = match waited {
                    Ok(_) => format!("{shown} took longer than {} s", limit.as_secs()),
                    Err(_) => format!("{shown} could not be waited for"),
                };
                return Err(Failure::new(reason));
            }
        }
    };
    let said = fs::read_to_string(&log).unwrap_or_default();
    if status.success() {
        return Ok(said);
    }
    let tail: Vec<&str> = said.lines().rev().take(20).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    let code = status.code().map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"));
    let hint = if said.contains("ENOTCACHED") || said.contains("ENOTFOUND") {
        " (no network, and the packages are not in npm's cache)"
    } else {
        ""
    };
    Err(Failure::new(format!("{shown} ended with {code}{hint}")).said(tail.join("\n")))
}
