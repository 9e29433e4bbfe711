//! The server under test: one that runs already, one started here, or the floor.
//!
//! A server started here is ended here, by its own process id. Tokens are made by its own command
//! line and go nowhere but into `hello`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tempfile::TempDir;
use wardroom_client::wire::Address;
use wardroom_protocol::hello::Token;

use crate::failure::Failure;
use crate::process::Process;

/// How long a server may take to serve, and to stop.
const PATIENCE: Duration = Duration::from_secs(20);
/// People that members speak as; several devices each, so that tokens are cached as in real use.
const PEOPLE: usize = 20;

/// What to start.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// The server's binary.
    pub program: PathBuf,
    /// Logs in memory only.
    pub ephemeral: bool,
    /// Where its data goes; a fresh folder that is removed afterwards, if absent.
    pub data: Option<PathBuf>,
}

/// A server that answers.
#[derive(Debug)]
pub struct Target {
    /// Its address.
    pub address: Address,
    /// May found rooms and is exempt from the quota.
    pub author: Token,
    /// What members say hello with, in turn.
    pub members: Vec<Token>,
    /// Its process, if it runs on this machine and is known.
    pub process: Option<Process>,
    /// Where its data lies, for the disk probe.
    pub data: Option<PathBuf>,
    /// Ended when this is dropped.
    _child: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    // Removed when the child is gone: fields drop in this order.
    _folder: Option<TempDir>,
}

#[derive(Deserialize)]
struct Ready {
    socket: String,
    pid: u32,
}

impl Target {
    /// A server that runs already. The first token is the author's (roles `moderator` and `import`),
    /// the others are the members'.
    pub fn at(url: &str, tokens: &[String], foreign_host: bool) -> Result<Self, Failure> {
        let address = Address::parse(url)?;
        if !foreign_host && !is_loopback(address.host()) {
            return Err(Failure::Usage(format!(
                "{} is not this machine; load is put on other machines only with \
                 --i-operate-this-server",
                address.host()
            )));
        }
        let (author, members) = tokens.split_first().ok_or_else(|| {
            Failure::Usage(
                "--url needs --token twice or more: first one with the roles moderator and \
                 import, then the members'"
                    .to_owned(),
            )
        })?;
        let author = Token::new(author);
        let mut members: Vec<_> = members.iter().map(Token::new).collect();
        if members.is_empty() {
            members.push(author.clone());
        }
        Ok(Self { address, author, members, process: None, data: None, _child: None })
    }

    /// Starts a Wardroom.
    pub fn start(spawn: &Spawn) -> Result<Self, Failure> {
        let (folder, data) = if let Some(data) = &spawn.data {
            (None, data.clone())
        } else {
            let folder = TempDir::with_prefix("wardroom-loadtest-")
                .map_err(Failure::io("make a temporary folder"))?;
            let data = folder.path().join("data");
            (Some(folder), data)
        };
        fs::create_dir_all(&data).map_err(Failure::io(format!("make {}", data.display())))?;
        let mut command = Command::new(&spawn.program);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .env("WARDROOM_SERVER__DRAIN_SECONDS", "1")
            .env("WARDROOM_LOG", "warn");
        if spawn.ephemeral {
            command.arg("--ephemeral");
        }
        let (child, ready) = serve(command, &spawn.program, &data)?;
        let running = Running { child, _folder: folder };
        let token = |sub: &str, roles| token(&spawn.program, &data, sub, roles);
        let author = token("author", Some("moderator,import"))?;
        let members = (0..PEOPLE).map(|number| token(&format!("member-{number}"), None));
        Ok(Self {
            address: Address::parse(&ready.socket)?,
            author,
            members: members.collect::<Result<_, _>>()?,
            process: Some(Process::Id(ready.pid)),
            data: Some(data),
            _child: Some(running),
        })
    }

    /// Starts the floor: this very program in its other mode.
    pub fn floor() -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(Failure::io("find this program"))?;
        let folder = TempDir::with_prefix("wardroom-floor-")
            .map_err(Failure::io("make a temporary folder"))?;
        let data = folder.path().to_path_buf();
        let mut command = Command::new(&program);
        command.arg("floor-server");
        let (child, ready) = serve(command, &program, &data)?;
        let token = Token::new("floor");
        Ok(Self {
            address: Address::parse(&ready.socket)?,
            author: token.clone(),
            members: vec![token],
            process: Some(Process::Id(ready.pid)),
            data: Some(data),
            _child: Some(Running { child, _folder: Some(folder) }),
        })
    }

    /// The token of a member.
    #[must_use]
    pub fn member(&self, number: usize) -> &Token {
        &self.members[number % self.members.len()]
    }
}

/// Starts a server that writes a ready file, and waits for it.
fn serve(mut command: Command, program: &Path, folder: &Path) -> Result<(Child, Ready), Failure> {
    let ready = folder.join("ready.json");
    let log = folder.join("server.log");
    let output = File::create(&log).map_err(Failure::io(format!("make {}", log.display())))?;
    let errors = output.try_clone().map_err(Failure::io("share the log file"))?;
    let mut child = command
        .arg("--ready-file")
        .arg(&ready)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .map_err(|error| Failure::Start {
            program: program.to_path_buf(),
            why: error.to_string(),
        })?;
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
            let told = fs::read_to_string(&log).unwrap_or_default();
            let told = told.lines().rev().take(3).collect::<Vec<_>>().join(" / ");
            return Err(Failure::Start { program: program.to_path_buf(), why: told });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn token(program: &Path, data: &Path, sub: &str, roles: Option<&str>) -> Result<Token, Failure> {
    let mut command = Command::new(program);
    command.args(["token", "--ttl", "12h", "--sub", sub, "--name", "Load Tester", "--data"]);
    command.arg(data);
    if let Some(roles) = roles {
        command.args(["--role", roles]);
    }
    let output = command.output().map_err(Failure::io("ask for a token"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match (output.status.success(), text.trim()) {
        (true, token) if !token.is_empty() => Ok(Token::new(token)),
        _ => Err(Failure::Start {
            program: program.to_path_buf(),
            why: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }),
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGTERM first, so that the journal is closed as in life; `kill` spares unsafe code here.
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let begun = Instant::now();
        while asked.as_ref().is_ok_and(std::process::ExitStatus::success)
            && begun.elapsed() < PATIENCE
        {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_goes_to_this_machine_unless_its_operator_says_otherwise() {
        for host in ["127.0.0.1:7420", "[::1]:7420", "localhost:80"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["192.0.2.1:7420", "rooms.example:443", "127.0.0.1.example:80"] {
            assert!(!is_loopback(host), "{host}");
        }
        let tokens = ["a".to_owned(), "b".to_owned()];
        assert!(matches!(
            Target::at("ws://192.0.2.1:7420", &tokens, false),
            Err(Failure::Usage(_))
        ));
        assert!(Target::at("ws://192.0.2.1:7420", &tokens, true).is_ok());
        assert!(matches!(Target::at("ws://127.0.0.1:1", &[], false), Err(Failure::Usage(_))));
    }
}
