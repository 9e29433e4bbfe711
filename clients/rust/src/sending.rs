//! A post on its way: await it to learn where it stands.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::{oneshot, watch};
use wardroom_protocol::ids::Mid;
use wardroom_protocol::message::Written;

use crate::client::closed;
use crate::error::{Error, Result};
use crate::state::State;

/// A post on its way. Awaiting it gives the definite answer, however many connections that takes.
/// Dropping it cancels nothing: the post is still sent.
#[derive(Debug)]
pub struct Sending {
    mid: Mid,
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    Failed(Option<Error>),
    Awaited(oneshot::Receiver<Result<Written>>, watch::Receiver<State>),
}

impl Sending {
    pub(crate) fn new(
        mid: Mid,
        answer: oneshot::Receiver<Result<Written>>,
        states: watch::Receiver<State>,
    ) -> Self {
        Self { mid, answer: Answer::Awaited(answer, states) }
    }

    pub(crate) fn failed(mid: Mid, error: Error) -> Self {
        Self { mid, answer: Answer::Failed(Some(error)) }
    }

    /// The message's id, known before it is sent: match your echo by it.
    #[must_use]
    pub fn mid(&self) -> Mid {
        self.mid
    }
}

impl Future for Sending {
    type Output = Result<Written>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.answer {
            Answer::Failed(error) => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
            Answer::Awaited(answer, states) => Pin::new(answer)
                .poll(cx)
                .map(|it| it.unwrap_or_else(|_| Err(closed(&states.borrow())))),
        }
    }
}
