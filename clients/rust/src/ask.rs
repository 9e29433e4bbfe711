//! What handles ask of the client's task.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use wardroom_protocol::ids::LogName;
use wardroom_protocol::join::{From, Joined};
use wardroom_protocol::message::Typing;

use crate::error::Result;
use crate::event::Event;
use crate::outbox::Outgoing;
use crate::request::Request;
use crate::subscription::Flow;
use crate::token::Newer;

/// One ask. Posts and requests carry a permit, which bounds how many there are.
pub(crate) enum Ask {
    Join {
        log: LogName,
        from: From,
        sender: mpsc::Sender<Event>,
        flow: Arc<Flow>,
        done: oneshot::Sender<Result<Joined>>,
    },
    /// A `Room` was dropped.
    Left(LogName),
    Post(Outgoing),
    Request(Request),
    Refresh(Newer),
    Typing(Typing),
}
