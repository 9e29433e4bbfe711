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
///
/// Where a room holds posts, that answer is a moderator's and may take days. Who cannot wait for it asks
/// [`held`](Self::held) first:
///
/// ```no_run
/// # async fn say(room: &wardroom_client::Room) -> wardroom_client::Result<()> {
/// use wardroom_client::Draft;
///
/// let mut sending = room.post(Draft::new("Rounds", "A synthetic case"));
/// if sending.held().await {
///     println!("a moderator looks at it first");
///     tokio::spawn(sending); // or keep it: released it is `Ok`, hidden it is `declined`
/// } else {
///     println!("it stands at {}", sending.await?.position);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sending {
    mid: Mid,
    answer: Answer,
    held: Option<watch::Receiver<bool>>,
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
        held: watch::Receiver<bool>,
        states: watch::Receiver<State>,
    ) -> Self {
        Self { mid, answer: Answer::Awaited(answer, states), held: Some(held) }
    }

    pub(crate) fn failed(mid: Mid, error: Error) -> Self {
        Self { mid, answer: Answer::Failed(Some(error)), held: None }
    }

    /// The message's id, known before it is sent: match your echo by it.
    #[must_use]
    pub fn mid(&self) -> Mid {
        self.mid
    }

    /// Whether the server keeps it for a moderator to look at. The client asks what became of it, at
    /// times the server names, and at once if it follows the room or your mailbox and an entry there
    /// tells.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.as_ref().is_some_and(|held| *held.borrow())
    }

    /// Waits until it is known whether a moderator looks at it first. `true`: it is held, and the handle
    /// goes on to wait for what they decide. `false`: the answer is there, and awaiting gives it at once.
    /// Cancel-safe.
    pub async fn held(&mut self) -> bool {
        match &mut self.held {
            // The other end is dropped with the answer.
            Some(held) => held.wait_for(|held| *held).await.is_ok(),
            None => false,
        }
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
