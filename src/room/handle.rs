//! A room as others see it: cheap to clone, methods that ask.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use wardroom_protocol::ids::{Lane, LogKind, LogName, Position, TopicId};

use super::actor::Ask;
use super::rights::Rights;
use super::{Answer, Denied, Fault, Permission, Reading, Revealed, Submission, TopicView, Where};
use crate::delivery::{Channel, Presence};
use crate::domain::access::{Action, Principal};
use crate::domain::topic::Filing;
use crate::guard::Screened;

/// Asks that wait for one room at most. When it is full, the asker is told `overloaded` at once.
pub(super) const INBOX: usize = 1024;

/// An open room.
#[derive(Clone)]
pub struct RoomHandle {
    pub(super) inbox: mpsc::Sender<Ask>,
    pub(super) channel: Arc<Channel>,
    pub(super) lanes: Arc<BTreeMap<Lane, Arc<Channel>>>,
    pub(super) presence: Arc<Presence>,
    pub(super) rights: Rights,
}

/// Keeps a room open: whoever follows one of its logs holds one. It is of the opening that they follow: a
/// room that was opened anew meanwhile is another one to them.
pub struct Hold(RoomHandle);

impl Hold {
    /// Whether somebody may do this in the room.
    #[must_use]
    pub fn may(&self, principal: &Principal, action: Action) -> Permission {
        self.0.may(principal, action)
    }

    /// Who is in the room.
    #[must_use]
    pub fn presence(&self) -> &Arc<Presence> {
        self.0.presence()
    }

    /// Whether a bug has ended the room.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.0.is_dead()
    }
}

impl RoomHandle {
    /// Keeps the room open for as long as this is held.
    #[must_use]
    pub fn hold(&self) -> Hold {
        Hold(self.clone())
    }

    /// Whether a bug has ended the room: nobody is asked any more, and it is to be opened anew.
    pub(super) fn is_dead(&self) -> bool {
        self.inbox.is_closed()
    }

    /// Whether this is the last handle, nobody holds the room, and nobody is about to come back.
    pub(super) fn is_unused(&self) -> bool {
        self.inbox.strong_count() == 1 && self.presence.online() == 0
    }

    /// Ends the room, if this is the last handle and nothing is left to do. `true`: all that its logs
    /// hold is in the store, and nothing more is written to them.
    pub(super) async fn close(&self) -> bool {
        let (send, closed) = oneshot::channel();
        self.ask(Ask::Close(send)).is_ok() && closed.await.unwrap_or(false)
    }

    /// Whether somebody may do this here.
    #[must_use]
    pub fn may(&self, principal: &Principal, action: Action) -> Permission {
        self.rights.may(principal, action)
    }

    /// Waits until everything is safe that the room had taken in before this was asked.
    pub async fn settled(&self) -> Result<(), Fault> {
        let (send, receive) = oneshot::channel();
        self.ask(Ask::Settled(send))?;
        receive.await.map_err(|_| Fault::LogUnavailable)
    }

    /// The channel of the room's log, or of one of its lanes.
    #[must_use]
    pub fn channel(&self, log: &LogName) -> Option<&Arc<Channel>> {
        match log.kind() {
            LogKind::Lane(lane) => self.lanes.get(&lane),
            _ => Some(&self.channel),
        }
    }

    /// Whether its first entry is safe.
    pub(super) fn has_begun(&self) -> bool {
        self.channel.tail().revealed() > 0
    }

    /// Who is in the room.
    #[must_use]
    pub fn presence(&self) -> &Arc<Presence> {
        &self.presence
    }

    /// All channels of the room: its own and its lanes'.
    pub fn channels(&self) -> impl Iterator<Item = &Arc<Channel>> {
        std::iter::once(&self.channel).chain(self.lanes.values())
    }

    /// Submits a command. Never waits; the answer comes when what it rests on is safe, or at once if
    /// the room has too much to do.
    pub fn submit(&self, submission: Screened<Submission>, answer: Answer) {
        let ask = Ask::Submit(Box::new(submission.into_inner()), answer);
        let Err(refused) = self.inbox.try_send(ask) else {
            return;
        };
        let fault = match &refused {
            mpsc::error::TrySendError::Full(_) => Fault::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Fault::LogUnavailable,
        };
        if let Ask::Submit(_, answer) = refused.into_inner()
            && let Some(gate) = answer.give(Err(Denied::Fault(fault)))
        {
            gate.push();
        }
    }

    /// Submits a command and waits for its answer.
    pub async fn write(&self, submission: Screened<Submission>) -> Result<super::Written, Denied> {
        let (send, receive) = oneshot::channel();
        let answer = Answer::new(move |outcome| {
            let _ = send.send(outcome);
            None
        });
        self.submit(submission, answer);
        receive.await.unwrap_or(Err(Denied::Fault(Fault::Unknown)))
    }

    /// Where a reader of a log of this room will begin, and what there is: once that is safe, or not
    /// at all, if that takes longer than [`super::PATIENCE`].
    pub async fn read(&self, log: &LogName, from: Where) -> Result<Reading, Fault> {
        let (send, receive) = oneshot::channel();
        self.ask(Ask::Read(lane_of(log), from, send))?;
        receive.await.map_err(|_| Fault::LogUnavailable)
    }

    /// How far a log of this room is safe, and what it is there. Waits for no sync.
    pub async fn revealed(&self, log: &LogName) -> Result<Revealed, Fault> {
        let (send, receive) = oneshot::channel();
        self.ask(Ask::Revealed(lane_of(log), send))?;
        receive.await.map_err(|_| Fault::LogUnavailable)
    }

    /// A page of topics in order of first use, and whether there are more. `None`: the topic to
    /// begin after is unknown.
    pub async fn topics(
        &self,
        after: Option<TopicId>,
        limit: usize,
    ) -> Result<Option<(Position, Vec<TopicView>, bool)>, Fault> {
        let (send, receive) = oneshot::channel();
        self.ask(Ask::Topics(after, limit, send))?;
        receive.await.map_err(|_| Fault::LogUnavailable)
    }

    /// Where a topic's entries are filed, once that is safe.
    pub async fn filing(&self, topic: TopicId) -> Result<Filing, Fault> {
        let (send, receive) = oneshot::channel();
        self.ask(Ask::Filing(topic, send))?;
        receive.await.map_err(|_| Fault::LogUnavailable)
    }

    fn ask(&self, ask: Ask) -> Result<(), Fault> {
        self.inbox.try_send(ask).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Fault::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Fault::LogUnavailable,
        })
    }
}

fn lane_of(log: &LogName) -> Option<Lane> {
    match log.kind() {
        LogKind::Lane(lane) => Some(lane),
        _ => None,
    }
}
