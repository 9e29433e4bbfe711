//! How the client stands towards the server, for people and for tests.

use std::time::Duration;

use crate::error::Closed;

/// The state of a client. Read it with `Client::state`, follow it with `Client::states`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// A connection is being opened.
    Connecting,
    /// Greeted; commands flow.
    Online,
    /// The connection went; another try follows. Posts wait in the outbox.
    Reconnecting {
        /// Which try this will be, from 1 on.
        attempt: u32,
        /// How long until it, from the moment this state was set.
        wait: Duration,
    },
    /// Over. Nothing is tried again; make a new client.
    Closed(Closed),
}
