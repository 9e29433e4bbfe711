//! What can go wrong for an app that uses the client. Holds nothing anybody wrote, and no token.

use std::fmt;

use wardroom_protocol::code::{CloseCode, ErrorCode, WireError};
use wardroom_protocol::ids::{IdError, LogName};

use crate::wire::OpenError;

/// What came of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first connection could not be opened. Later ones are retried, and show as states.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The server said no. [`Error::code`] and [`WireError::field`] say to what.
    #[error("the server refused: {} ({} {})", .0.message, .0.number, .0.code)]
    Refused(WireError),
    /// The client is closed and will not try again.
    #[error("{0}")]
    Closed(Closed),
    /// The outbox is full. Nothing was queued; wait for earlier posts, then post again.
    #[error("the outbox is full ({capacity} posts wait for an answer); nothing was queued")]
    OutboxFull {
        /// How many posts it holds.
        capacity: usize,
    },
    /// The command is larger than the server takes. It was not sent.
    #[error(
        "the message takes {bytes} bytes on the wire, the server takes {limit}; it was not sent"
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The server's limit.
        limit: u64,
    },
    /// This client follows that log already. Drop the other `Room` first.
    #[error("this client has joined {0} already")]
    AlreadyJoined(LogName),
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] IdError),
    /// An environment variable that `Client::from_env` needs.
    #[error("the environment variable {0} is not set")]
    Environment(&'static str),
    /// The client sends this op by itself. Nothing was sent.
    #[error("the client sends {op} by itself; instead of it there is {instead}")]
    OwnOp {
        /// The op.
        op: &'static str,
        /// What to call instead.
        instead: &'static str,
    },
    /// The command's body cannot be written as JSON. Nothing was sent.
    #[error("the body of {op} cannot be written as JSON; it was not sent")]
    Body {
        /// The op.
        op: &'static str,
    },
    /// The server answered with something that is not the op's answer.
    #[error("the server's answer to {op} is not one this client understands; is it newer?")]
    Answer {
        /// The command.
        op: &'static str,
    },
}

impl Error {
    /// The code of the registry, if the server refused with one this version knows.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(error) => ErrorCode::from_name(&error.code),
            _ => None,
        }
    }

    /// Whether the server refused with this code.
    #[must_use]
    pub fn is(&self, code: ErrorCode) -> bool {
        self.code() == Some(code)
    }
}

/// How a client ended for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close code; 1000 if the app closed it.
    pub code: u16,
    /// The code's name in the registry, or what the server called it.
    pub name: String,
    /// Whether a new client with the same token could succeed later.
    pub retryable: bool,
}

impl Closed {
    /// The app asked for it.
    pub(crate) fn by_app() -> Self {
        Self { code: CloseCode::Normal.number(), name: "closed".into(), retryable: true }
    }

    pub(crate) fn by_server(code: u16, reason: &str) -> Self {
        let known = CloseCode::ALL.iter().find(|it| it.number() == code);
        Self { code, name: known.map_or(reason, |it| it.name()).to_owned(), retryable: false }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the client is closed ({} {})", self.code, self.name)?;
        let known = CloseCode::ALL.iter().find(|it| it.number() == self.code);
        match known {
            Some(code) if self.code != 1000 => write!(f, ":{}", code.meaning()),
            _ => Ok(()),
        }
    }
}
