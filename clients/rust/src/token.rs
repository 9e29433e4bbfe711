//! Which token speaks for the client, and the newer ones on their way to take its place.
//!
//! A synchronous state machine. A newer token is offered to the server, by `refresh` on a connection that
//! lives or in the next `hello`; once it is taken it is the one. One that is refused changes nothing.
//! Bounded: an app's tokens come with a request's permit, and a provider is asked for one at a time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;
use wardroom_protocol::code::WireError;
use wardroom_protocol::hello::{Greeting, Refresh, Refreshed, Token};

use crate::error::{Error, Result};

/// With no more than this left, a token is as good as over: no server warns of its end any more.
const TOO_LATE: Duration = Duration::from_secs(2);
/// When to offer it again, if a busy server names no time.
const AGAIN: Duration = Duration::from_millis(500);
/// What is put off for longer is put off for this long.
const LONGEST: Duration = Duration::from_mins(1);

/// A token that is to take the place of the one in use.
pub(crate) struct Newer {
    pub(crate) token: Token,
    /// Who gave it, unless it was the provider.
    pub(crate) giver: Option<Giver>,
}

/// An app that waits to hear whether its token was taken.
pub(crate) struct Giver {
    pub(crate) done: oneshot::Sender<Result<Refreshed>>,
    pub(crate) permit: OwnedSemaphorePermit,
}

/// What is left when a token was not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Another token to try.
    Another,
    /// None, but a provider may have one.
    Provider,
    /// None, and a provider gave what was refused.
    Nothing,
}

pub(crate) struct Tokens {
    current: Token,
    /// When the current one ends.
    ends: Option<Instant>,
    /// The server has said that the current one is over.
    over: bool,
    newer: VecDeque<Newer>,
    /// The first of them was sent on this connection.
    offered: bool,
    /// The first of them is not sent before this moment.
    until: Option<Instant>,
    /// The server's time, unix milliseconds, and when it was that.
    clock: Option<(u64, Instant)>,
    /// The server told that the current one ends soon.
    expiring: bool,
}

impl Tokens {
    pub(crate) fn new(token: Token) -> Self {
        Self {
            current: token,
            ends: None,
            over: false,
            newer: VecDeque::new(),
            offered: false,
            until: None,
            clock: None,
            expiring: false,
        }
    }

    /// The token for a `hello`: the one that is to be the next, if there is one.
    pub(crate) fn speaking(&self) -> &Token {
        self.newer.front().map_or(&self.current, |newer| &newer.token)
    }

    /// A newer token. `false`: it is one that is here already, and no news.
    pub(crate) fn renew(&mut self, newer: Newer) -> bool {
        let known = newer.giver.is_none()
            && (self.current == newer.token || self.newer.iter().any(|it| it.token == newer.token));
        if !known {
            self.newer.push_back(newer);
        }
        !known
    }

    /// The `refresh` to send now, if any.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Refresh> {
        if self.offered || self.until.is_some_and(|until| now < until) {
            return None;
        }
        let token = self.newer.front()?.token.clone();
        self.offered = true;
        self.until = None;
        Some(Refresh { token })
    }

    /// When to look again although nothing happened.
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.until.filter(|_| !self.newer.is_empty())
    }

    /// What the server said to a `refresh`.
    pub(crate) fn answer(&mut self, answer: Result<Refreshed, WireError>, now: Instant) {
        self.offered = false;
        match answer {
            Ok(refreshed) => self.taken(refreshed),
            Err(error) if error.retryable() => {
                let wait = error.retry_after_ms.map_or(AGAIN, Duration::from_millis);
                self.until = Some(now + wait.min(LONGEST));
            }
            Err(error) => {
                self.drop_first(Error::Refused(error));
            }
        }
    }

    /// `hello` was answered, so the token it held was taken.
    pub(crate) fn greeted(&mut self, greeting: &Greeting, now: Instant) {
        self.clock = Some((greeting.now, now));
        let (expires_at, limits) = (greeting.expires_at, greeting.limits.clone());
        self.taken(Refreshed { expires_at, limits });
    }

    /// The token that was offered is the one from now on.
    fn taken(&mut self, refreshed: Refreshed) {
        // A far future would overflow the clock; such a token outlives the process anyway.
        self.ends = self.clock.and_then(|(server, then)| {
            then.checked_add(Duration::from_millis(refreshed.expires_at.saturating_sub(server)))
        });
        self.over = false;
        self.expiring = false;
        if let Some(newer) = self.newer.pop_front() {
            self.current = newer.token;
            if let Some(Giver { done, permit }) = newer.giver {
                drop(permit);
                let _ = done.send(Ok(refreshed));
            }
        }
    }

    /// The notice `expiring` came.
    pub(crate) fn expires(&mut self) {
        self.expiring = true;
    }

    /// Whether to fetch a newer one, because this one ends soon. Told once per notice.
    pub(crate) fn take_expiring(&mut self) -> bool {
        std::mem::take(&mut self.expiring) && self.newer.is_empty()
    }

    /// Whether there is no token here that a server would take.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.newer.is_empty() && self.current_is_over(now)
    }

    fn current_is_over(&self, now: Instant) -> bool {
        self.over || self.ends.is_some_and(|ends| ends <= now + TOO_LATE)
    }

    /// A `hello` was refused because of its token.
    pub(crate) fn refused(&mut self, error: Error, now: Instant) -> Left {
        let Some(newer) = self.newer.front() else {
            self.over = true;
            return Left::Provider;
        };
        let provided = newer.giver.is_none();
        self.drop_first(error);
        if !self.newer.is_empty() || !self.current_is_over(now) {
            return Left::Another;
        }
        if provided { Left::Nothing } else { Left::Provider }
    }

    /// A connection that lived was closed because the current token is over.
    pub(crate) fn ended(&mut self) -> Left {
        self.over = true;
        if self.newer.is_empty() { Left::Provider } else { Left::Another }
    }

    fn drop_first(&mut self, error: Error) {
        if let Some(Giver { done, permit }) = self.newer.pop_front().and_then(|it| it.giver) {
            drop(permit);
            let _ = done.send(Err(error));
        }
    }

    /// The connection went: what was offered is offered again.
    pub(crate) fn disconnected(&mut self) {
        self.offered = false;
        self.until = None;
        self.expiring = false;
    }

    /// The client is over: everybody who waits is told.
    pub(crate) fn close(&mut self, error: &Error) {
        while !self.newer.is_empty() {
            self.drop_first(error.clone());
        }
    }
}

#[cfg(test)]
mod tests;
