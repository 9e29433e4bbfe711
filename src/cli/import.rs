//! `wardroom import`: a file of messages into the rooms of a running node.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use wardroom::import::{self, ImportError, Options, Terminal};

use super::failure::{Exit, Failure};
use super::flags::FileFlag;
use super::print::print_lines;

/// A token in the flags. Its `Debug` shows nothing.
#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("credential").required(true).multiple(true).args(["token", "token_file"]))]
pub(crate) struct Flags {
    /// Messages, one JSON object a line, plain or gzipped: room, topic, kind, author, mid,
    /// `reply_to`?, body
    file: PathBuf,
    /// The node's socket
    #[arg(long, value_name = "WS", default_value = "ws://127.0.0.1:7420/v1/socket")]
    url: String,
    /// A token with role import, and role moderator to found rooms. Others on this machine can see
    /// it in the list of processes: better use the variable or a file
    #[arg(long, env = "WARDROOM_TOKEN", hide_env_values = true, value_parser = secret)]
    token: Option<Secret>,
    /// A file that holds the token; it is stronger than the other two
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    config: FileFlag,
}

fn secret(text: &str) -> Result<Secret, String> {
    match text.trim() {
        "" => Err("it is empty; `wardroom token` makes one".to_owned()),
        token => Ok(Secret(token.to_owned())),
    }
}

pub(crate) fn run(flags: Flags) -> Result<(), Failure> {
    flags.config.load(Vec::new())?;
    let token = match (&flags.token_file, flags.token) {
        (Some(path), _) => {
            fs::read_to_string(path).map(|text| text.trim().to_owned()).map_err(|e| {
                let path = path.display();
                Failure::new(Exit::Io, format!("failed to read the token file {path}: {e}"))
            })?
        }
        (None, Some(Secret(token))) => token,
        (None, None) => unreachable!("clap asks for one of the two"),
    };
    let options = Options { file: flags.file, url: flags.url, token };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Exit::Io, format!("failed to start threads: {e}")))?;
    let summary = runtime.block_on(import::run(options, Terminal::new()))?;
    print_lines(&summary.to_string())
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let exit = match error {
            ImportError::File { .. } | ImportError::Connect(_) | ImportError::Rooms(_) => Exit::Io,
            _ => Exit::Refused,
        };
        Self::new(exit, error.to_string())
    }
}
