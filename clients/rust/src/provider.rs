//! Where newer tokens come from without the app's doing: a closure, asked for one at a time.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};
use wardroom_protocol::hello::Token;

/// How long one answer may take.
const WITHIN: Duration = Duration::from_secs(30);
/// Between the end of one question and the beginning of the next.
const SPACING: Duration = Duration::from_secs(5);

type Fetch = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// What an app gave to fetch tokens by. `Debug` shows that it is there.
#[derive(Clone)]
pub(crate) struct Provider(Arc<dyn Fn() -> Fetch + Send + Sync>);

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

impl Provider {
    pub(crate) fn new<P, F>(provider: P) -> Self
    where
        P: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Option<String>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(provider())))
    }
}

/// The provider, and the token it is to give next.
#[derive(Debug)]
pub(crate) struct Renewal {
    provider: Option<Provider>,
    wanted: bool,
    /// A task of its own: what blocks or panics there is no trouble of the connection.
    fetch: Option<JoinHandle<Option<String>>>,
    /// Not asked before this moment.
    spaced: Option<Instant>,
}

impl Renewal {
    pub(crate) fn new(provider: Option<Provider>) -> Self {
        Self { provider, wanted: false, fetch: None, spaced: None }
    }

    /// Whether there is a provider.
    pub(crate) fn is_there(&self) -> bool {
        self.provider.is_some()
    }

    /// A token is wanted: [`fetched`](Self::fetched) gives it.
    pub(crate) fn want(&mut self) {
        self.wanted = self.is_there();
    }

    /// The next token, asked for until there is one. Waits for ever if none is wanted. Cancel-safe: what
    /// was begun goes on.
    pub(crate) async fn fetched(&mut self) -> Token {
        let provider = match &self.provider {
            Some(provider) if self.wanted => provider.clone(),
            _ => std::future::pending().await,
        };
        loop {
            if let Some(until) = self.spaced.filter(|_| self.fetch.is_none()) {
                sleep_until(until).await;
            }
            let fetch = self.fetch.get_or_insert_with(|| {
                let Provider(ask) = provider.clone();
                tokio::spawn(async move { timeout(WITHIN, ask()).await.ok().flatten() })
            });
            // A provider that panicked has no token now.
            let token = fetch.await.ok().flatten();
            self.fetch = None;
            self.spaced = Some(Instant::now() + SPACING);
            if let Some(token) = token {
                self.wanted = false;
                return Token::new(token);
            }
        }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        if let Some(fetch) = &self.fetch {
            fetch.abort();
        }
    }
}
