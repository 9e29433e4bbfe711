//! The server under test: one that runs already, one started here, or the floor.
//!
//! A server started here is ended here, by its own process id. Tokens are made by its own command
//! line and go nowhere but into `hello`.

pub mod child;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use wardroom_client::wire::Address;
use wardroom_protocol::hello::Token;

use crate::certificate::Certificate;
use crate::failure::Failure;
use crate::process::Process;
use child::{Running, serve};

/// A variable of the server: its name and value.
pub type Setting = (&'static str, String);

/// What to start.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// The server's binary.
    pub program: PathBuf,
    /// Logs in memory only.
    pub ephemeral: bool,
    /// It ends TLS itself.
    pub tls: bool,
    /// People that members speak as; several devices each, so that tokens are cached as in real use.
    pub people: u32,
    /// Its variables, beside those that every run sets.
    pub settings: Vec<Setting>,
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
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Ended when this is dropped.
    _child: Option<Running>,
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
        let tls = url.starts_with("wss:");
        let author = Token::new(author);
        let mut members: Vec<_> = members.iter().map(Token::new).collect();
        if members.is_empty() {
            members.push(author.clone());
        }
        Ok(Self { address, author, members, process: None, data: None, tls, _child: None })
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
        command.envs(spawn.settings.iter().map(|(name, value)| (name, value)));
        if spawn.ephemeral {
            command.arg("--ephemeral");
        }
        let certificate = spawn.tls.then(|| Certificate::write(&data)).transpose()?;
        if let Some(it) = &certificate {
            command.arg("--tls-cert").arg(&it.cert).arg("--tls-key").arg(&it.key);
        }
        let (child, ready) = serve(command, &spawn.program, &data)?;
        let running = Running::new(child, folder);
        let mut address = Address::parse(&ready.socket)?;
        if let Some(it) = &certificate {
            address = address.trusting(it.pem.as_bytes())?;
        }
        let token = |sub: &str, roles| token(&spawn.program, &data, sub, roles);
        let author = token("author", Some("moderator,import"))?;
        let members = (0..spawn.people).map(|number| token(&format!("member-{number}"), None));
        Ok(Self {
            address,
            author,
            members: members.collect::<Result<_, _>>()?,
            process: Some(Process::Id(ready.pid)),
            data: Some(data),
            tls: spawn.tls,
            _child: Some(running),
        })
    }

    /// Starts the floor: this very program in its other mode. `bundle`: so many messages of a room in one
    /// write.
    pub fn floor(bundle: u32) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(Failure::io("find this program"))?;
        let folder = TempDir::with_prefix("wardroom-floor-")
            .map_err(Failure::io("make a temporary folder"))?;
        let data = folder.path().to_path_buf();
        let mut command = Command::new(&program);
        command.args(["floor-server", "--bundle", &bundle.to_string()]);
        let (child, ready) = serve(command, &program, &data)?;
        let token = Token::new("floor");
        Ok(Self {
            address: Address::parse(&ready.socket)?,
            author: token.clone(),
            members: vec![token],
            process: Some(Process::Id(ready.pid)),
            data: Some(data),
            tls: false,
            _child: Some(Running::new(child, Some(folder))),
        })
    }

    /// The token of a member.
    #[must_use]
    pub fn member(&self, number: usize) -> &Token {
        &self.members[number % self.members.len()]
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
