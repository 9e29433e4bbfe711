//! How a run ends when it cannot be made, and the exit codes for scripts.

use std::io;
use std::path::PathBuf;

use wardroom_client::wire::{Ended, OpenError};
use wardroom_protocol::code::WireError;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Correct, and within every threshold.
    Pass = 0,
    /// Correct, and a threshold failed.
    Threshold = 1,
    /// The run could not be made: a wrong flag, no server, too few descriptors.
    Usage = 2,
    /// A promise was broken. Nothing else counts then.
    Correctness = 3,
    /// The generator was the bottleneck, or late where a bar rests on its latencies: the numbers say
    /// nothing.
    Saturated = 4,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The flags do not go together.
    #[error("{0}")]
    Usage(String),
    /// The system said no.
    #[error("failed to {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// What came of it.
        source: io::Error,
    },
    /// Somebody asked this program to end.
    #[error("stopped before it was done; there is no result")]
    Stopped,
    /// The server process did not come to serve.
    #[error("{} did not start to serve: {why}", program.display())]
    Start {
        /// What was started.
        program: PathBuf,
        /// What is known of the reason.
        why: String,
    },
    /// No connection came to be.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A connection ended that was needed.
    #[error("a connection ended while {during}: {ended}")]
    Ended {
        /// What it was needed for.
        during: &'static str,
        /// How it ended.
        ended: Ended,
    },
    /// The server refused what the scenario needs.
    #[error("the server refused {op}: {} ({})", .error.message, .error.code)]
    Refused {
        /// The command.
        op: &'static str,
        /// Its answer.
        error: Box<WireError>,
    },
    /// An answer that v1 does not allow.
    #[error("the server's answer to {op} is not one of wardroom.v1")]
    Answer {
        /// The command.
        op: &'static str,
    },
    /// What the server is compared with did not do what it is there for.
    #[error("there is no yardstick: {0}")]
    Yardstick(String),
    /// It took too long.
    #[error("{0} took longer than {1} s")]
    TooLong(&'static str, u64),
}

impl Failure {
    /// An IO error with what was tried.
    pub fn io(action: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}
