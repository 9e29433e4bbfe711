//! How a client is set up, and the first connection.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, Semaphore, mpsc, oneshot, watch};
use wardroom_protocol::hello::{ClientInfo, Token};

use crate::backoff::{Backoff, Random};
use crate::client::{Client, Shared};
use crate::driver::Driver;
use crate::error::Result;
use crate::provider::{Provider, Renewal};
use crate::state::State;
use crate::token::Tokens;
use crate::wire::Address;
use crate::work::Work;

/// Requests that may wait for an answer; the next one waits for a place.
const REQUESTS: usize = 64;

/// Settings of a client to be. `Debug` shows no token.
#[derive(Clone)]
pub struct Builder {
    url: String,
    token: Token,
    provider: Option<Provider>,
    name: String,
    version: Option<String>,
    buffer: usize,
    outbox: usize,
    seed: Option<u64>,
    roots: Option<Vec<u8>>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("buffer", &self.buffer)
            .field("outbox", &self.outbox)
            .finish_non_exhaustive()
    }
}

impl Builder {
    pub(crate) fn new(url: String, token: String) -> Self {
        Self {
            url,
            token: Token::new(token),
            provider: None,
            name: env!("CARGO_PKG_NAME").into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
            buffer: 256,
            outbox: 1024,
            seed: None,
            roots: None,
        }
    }

    /// What the client calls itself, for operators.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.name = name.into();
        self.version = Some(version.into());
        self
    }

    /// Events a room's buffer holds for an app that does not read; 256 by default, at least 1.
    #[must_use]
    pub fn buffer(mut self, events: usize) -> Self {
        self.buffer = events.max(1);
        self
    }

    /// Posts the outbox holds without an answer; 1,024 by default, at least 1. When it is full,
    /// `post` fails with [`Error::OutboxFull`](crate::Error::OutboxFull) and `post_when_room` waits.
    #[must_use]
    pub fn outbox(mut self, posts: usize) -> Self {
        self.outbox = posts.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// Where a newer token comes from: asked when the server says that the one in use ends soon, and before
    /// the client signs in again with one that is over. `None`, a panic or no answer: there is none now,
    /// and it is asked again after 5 seconds, for as long as it takes. The same token again is none.
    /// It runs in a task of its own, one at a time, for 30 seconds at most.
    ///
    /// Without a provider the client ends when its token does, with [`State::Closed`] and
    /// `token_expired`, unless [`Client::refresh`] was called in time.
    ///
    /// ```no_run
    /// # async fn run() -> wardroom_client::Result<()> {
    /// let bot = wardroom_client::Client::from_env()?
    ///     .token_provider(|| async {
    ///         let file = std::fs::read_to_string("/run/secrets/wardroom-token").ok()?;
    ///         Some(file.trim().to_owned())
    ///     })
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn token_provider<P, F>(mut self, provider: P) -> Self
    where
        P: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Option<String>> + Send + 'static,
    {
        self.provider = Some(Provider::new(provider));
        self
    }

    /// Seed of the backoff's jitter, to play a test again.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The authorities to believe over `wss://`, as certificates in PEM, in place of the system's.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots = Some(pem.into());
        self
    }

    /// Opens the first connection and says hello. If that fails, this is the error; whatever
    /// happens later is a [`State`]. Must be called inside a tokio runtime.
    pub async fn connect(self) -> Result<Client> {
        let mut address = Address::parse(&self.url)?;
        if let Some(roots) = &self.roots {
            address = address.trusting(roots)?;
        }
        let seed = self.seed.unwrap_or_else(Random::seed);
        let (asks, inbox) = mpsc::channel(self.outbox.saturating_add(REQUESTS + 64));
        let (close, closing) = oneshot::channel();
        let (states, state) = watch::channel(State::Connecting);
        let wake = Arc::new(Notify::new());
        let mut driver = Driver {
            address,
            info: ClientInfo { name: self.name, version: self.version },
            asks: inbox,
            close: closing,
            wake: Arc::clone(&wake),
            states,
            work: Work::new(seed, Tokens::new(self.token)),
            renewal: Renewal::new(self.provider),
            backoff: Backoff::new(seed),
            silence: Duration::from_mins(1),
        };
        let (connection, greeting) = driver.first().await?;
        driver.states.send_replace(State::Online);
        let shared = Shared {
            asks,
            close: Mutex::new(Some(close)),
            states: state,
            wake,
            posts: Arc::new(Semaphore::new(self.outbox)),
            requests: Arc::new(Semaphore::new(REQUESTS)),
            outbox: self.outbox,
            buffer: self.buffer,
            principal: greeting.principal.clone(),
            limits: greeting.limits.clone(),
            node: greeting.node.clone(),
            connection: greeting.connection.clone(),
        };
        tokio::spawn(driver.run(connection, greeting));
        Ok(Client::new(shared))
    }
}
