//! What a command leaves for its connection to do once its slow part is over.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use wardroom_protocol::code::{CloseCode, WireError};

use super::answer;
use crate::delivery::Channel;
use crate::guard::Screened;
use crate::identity::Known;
use crate::room::{Hold, RoomHandle, Submission};

/// The slow part of one command. A connection has one at a time; meanwhile it reads nothing, and
/// the peer's own socket buffer is the queue.
pub(super) type Work = Pin<Box<dyn Future<Output = (Done, Owed)> + Send>>;

/// A command that was taken and is owed an answer. To be dropped once that is in line and not before: who
/// drains leaves when nothing is owed.
pub(super) struct Owed(Arc<AtomicUsize>);

impl Owed {
    pub(super) fn one_of(owed: &Arc<AtomicUsize>) -> Self {
        owed.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(owed))
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What is to be done.
pub(super) enum Done {
    /// Nothing: the command had no id.
    Nothing,
    /// Send this frame.
    Reply(String),
    /// Send the first frame while its words may be shown, and the other one if they were erased before.
    Worded(String, String, Source),
    /// Follow this log, and send this frame if an answer is due.
    Joined(Option<String>, Join),
    /// Somebody said hello: send this frame and follow these logs.
    Greeted(Arc<Known>, u64, String, Vec<Join>),
    /// Somebody's newer token, when it ends, and the answer if one is due.
    Refreshed(Arc<Known>, u64, Option<String>),
    /// Send this frame and close.
    Refused(String, CloseCode),
    /// The room is open now: submit, and answer under this id.
    Submit(RoomHandle, Box<Screened<Submission>>, Option<u64>),
}

impl Done {
    /// An answer; a command without id gets none.
    pub(super) fn reply<T: Serialize>(id: Option<u64>, outcome: Result<&T, &WireError>) -> Self {
        id.map_or(Self::Nothing, |id| Self::Reply(answer::reply(id, outcome)))
    }

    /// An answer with words of a log.
    pub(super) fn worded<T: Serialize>(
        id: Option<u64>,
        outcome: Result<(T, Source), WireError>,
    ) -> Self {
        match (id, outcome) {
            (Some(id), Ok((answer, source))) => {
                let instead = answer::reply::<()>(id, Err(&answer::erased_meanwhile()));
                Self::Worded(answer::reply(id, Ok(&answer)), instead, source)
            }
            (id, outcome) => Self::reply(id, outcome.as_ref().map(|(answer, _)| answer)),
        }
    }
}

/// Where the words of an answer stand.
pub(super) struct Source {
    pub(super) channel: Arc<Channel>,
    /// The watermark before they were read.
    pub(super) revealed: u64,
    /// Keeps the room open until the answer leaves: what is erased in one that was opened anew is told to
    /// another channel.
    pub(super) hold: Hold,
}

impl Source {
    /// Whether none of them has been erased since.
    pub(super) fn is_true(&self) -> bool {
        !self.hold.is_dead() && self.channel.tail().still_true(self.revealed)
    }
}

/// A log to follow.
pub(super) struct Join {
    pub(super) channel: Arc<Channel>,
    pub(super) after: u64,
    /// Keeps the room open until then, and while it is followed.
    pub(super) hold: Hold,
}

/// Waits for what may be there; only polled when it is.
pub(super) async fn pending<T>(future: &mut Option<Pin<Box<dyn Future<Output = T> + Send>>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
