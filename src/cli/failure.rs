//! How a command ends when it does not succeed.

use std::fmt;
use std::io;
use std::process::ExitCode;

use wardroom::config::ConfigError;
use wardroom::identity::DevKeyError;
use wardroom::seal::KeyError;
use wardroom::server::ServerError;
use wardroom::telemetry::TelemetryError;

/// Exit codes, after BSD's `sysexits.h` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// A check failed, or what was asked for was refused.
    Refused = 1,
    /// The command line was not understood.
    Usage = 2,
    /// A bug in Wardroom.
    Bug = 70,
    /// A file, a disk or a network said no.
    Io = 74,
    /// The configuration is not one to run with.
    Config = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What failed, in words for the person at the terminal, and the exit code for the script.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    text: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into() }
    }

    /// Writing the answer failed.
    pub(crate) fn output(error: &io::Error) -> Self {
        Self::new(Exit::Io, format!("failed to write to standard output: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Unreadable { .. } => Self::new(Exit::Config, error.to_string()),
            ConfigError::Problems(_) => Self::new(
                Exit::Config,
                format!("the configuration has problems; nothing was started\n{error}"),
            ),
        }
    }
}

impl From<DevKeyError> for Failure {
    fn from(error: DevKeyError) -> Self {
        Self::new(exit_of(&error), error.to_string())
    }
}

fn exit_of(error: &DevKeyError) -> Exit {
    match error {
        DevKeyError::Io { .. } => Exit::Io,
        DevKeyError::Exposed(_) | DevKeyError::Bad(_) => Exit::Config,
    }
}

impl From<TelemetryError> for Failure {
    fn from(error: TelemetryError) -> Self {
        let exit = match error {
            TelemetryError::Filter(_) => Exit::Config,
            TelemetryError::Taken => Exit::Bug,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        let exit = match &error {
            ServerError::TokenKey(inner) => exit_of(inner),
            ServerError::Keys(KeyError::Io { .. })
            | ServerError::Listen { .. }
            | ServerError::Log(_)
            | ServerError::Hall(_)
            | ServerError::Data { .. }
            | ServerError::Failed(_) => Exit::Io,
            ServerError::Keys(_)
            | ServerError::IssuerKeys(_)
            | ServerError::NoIssuer
            | ServerError::Tls(_)
            | ServerError::Exposed(_) => Exit::Config,
            ServerError::Bug => Exit::Bug,
        };
        Self::new(exit, error.to_string())
    }
}
