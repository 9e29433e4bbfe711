//! The handle an app holds: connect, join, ask. Cheap to clone; the work is done by one task.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use wardroom_protocol::hello::Principal;
use wardroom_protocol::history::{History, ReadHistory};
use wardroom_protocol::ids::{LogName, Mid, PrincipalId};
use wardroom_protocol::join::From;
use wardroom_protocol::limits::Limits;
use wardroom_protocol::message::{Post, Redact, Report, Written};
use wardroom_protocol::presence::{Present, ReadPresence};
use wardroom_protocol::room::{CreateRoom, ListRooms, ListTopics, Rooms, Topics};

use crate::ask::Ask;
use crate::builder::Builder;
use crate::error::{Closed, Error, Result};
use crate::outbox::Outgoing;
use crate::room::Room;
use crate::sending::Sending;
use crate::state::State;
use crate::subscription::Flow;

/// A connection to a Wardroom server that heals itself. Clones share it. When the last clone and
/// the last [`Room`] are dropped, it closes.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) asks: mpsc::Sender<Ask>,
    pub(crate) close: Mutex<Option<oneshot::Sender<()>>>,
    pub(crate) states: watch::Receiver<State>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) posts: Arc<Semaphore>,
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) outbox: usize,
    pub(crate) buffer: usize,
    pub(crate) principal: Principal,
    pub(crate) limits: Limits,
    pub(crate) node: String,
    pub(crate) connection: String,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("principal", &self.shared.principal.id)
            .field("state", &*self.shared.states.borrow())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client for this address (`ws://host:port`) and this token.
    #[must_use]
    pub fn builder(url: impl Into<String>, token: impl Into<String>) -> Builder {
        Builder::new(url.into(), token.into())
    }

    /// A client configured by the environment: `WARDROOM_URL` and `WARDROOM_TOKEN`.
    pub fn from_env() -> Result<Builder> {
        let read = |name: &'static str| std::env::var(name).map_err(|_| Error::Environment(name));
        Ok(Self::builder(read("WARDROOM_URL")?, read("WARDROOM_TOKEN")?))
    }

    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// You, as the first connection's greeting told.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.shared.principal
    }

    /// Your id: what entries you cause carry as `by`.
    #[must_use]
    pub fn id(&self) -> &PrincipalId {
        &self.shared.principal.id
    }

    /// The limits the server announced.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The name of the node first connected to.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.shared.node
    }

    /// The first connection's id, for support.
    #[must_use]
    pub fn connection(&self) -> &str {
        &self.shared.connection
    }

    /// How the client stands now.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.states.borrow().clone()
    }

    /// The states from now on. `watch` keeps the newest only.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<State> {
        self.shared.states.clone()
    }

    /// Closes the connection for good and waits until it is. Posts without an answer fail with
    /// [`Error::Closed`]: whether they were written is unknown.
    pub async fn close(&self) {
        if let Some(close) = self.shared.close.lock().await.take() {
            let _ = close.send(());
        }
        let mut states = self.states();
        // An error means that the task is gone, which is as closed as can be.
        let _ = states.wait_for(|it| matches!(it, State::Closed(_))).await;
    }

    /// Follows a log from a place on. The room's stream then yields every entry above
    /// `Room::joined().after`, in order, each once, across reconnects. A log is followed once per
    /// client. While the client is offline this waits.
    pub async fn join(&self, log: &str, from: From) -> Result<Room> {
        let log: LogName = log.parse()?;
        let (sender, events) = mpsc::channel(self.shared.buffer);
        let flow = Arc::new(Flow::new(Arc::clone(&self.shared.wake)));
        let (done, answer) = oneshot::channel();
        let ask = Ask::Join { log: log.clone(), from, sender, flow: Arc::clone(&flow), done };
        self.ask(ask).await?;
        let joined = answer.await.map_err(|_| self.closed())??;
        Ok(Room::new(self.clone(), log, joined, events, flow))
    }

    /// A page of the rooms you may know of.
    pub async fn rooms(&self, page: ListRooms) -> Result<Rooms> {
        self.command("rooms", &page).await
    }

    /// All rooms you may know of, page by page.
    pub async fn all_rooms(&self) -> Result<Vec<wardroom_protocol::room::RoomSummary>> {
        let mut all = Vec::new();
        let mut page = ListRooms::default();
        loop {
            let answer = self.rooms(page).await?;
            all.extend(answer.rooms);
            match answer.next {
                Some(next) => page = ListRooms { after: Some(next), limit: None },
                None => return Ok(all),
            }
        }
    }

    /// A page of a room's topics.
    pub async fn topics(&self, page: ListTopics) -> Result<Topics> {
        self.command("topics", &page).await
    }

    /// A page of who is in a room.
    pub async fn presence(&self, page: ReadPresence) -> Result<Present> {
        self.command("presence", &page).await
    }

    /// A page of a log.
    pub async fn history(&self, page: ReadHistory) -> Result<History> {
        self.command("history", &page).await
    }

    /// Founds a room.
    pub async fn create_room(&self, create: CreateRoom) -> Result<Written> {
        self.command("room.create", &create).await
    }

    /// Erases a message's words, for everybody and for good.
    pub async fn redact(&self, redact: Redact) -> Result<Written> {
        self.command("message.redact", &redact).await
    }

    /// Points the moderators to a message.
    pub async fn report(&self, report: Report) -> Result<Written> {
        self.command("message.report", &report).await
    }

    /// Queues a post. If the outbox is full the handle fails at once with [`Error::OutboxFull`].
    #[expect(clippy::must_use_candidate, reason = "a post is sent whether awaited or not")]
    pub fn post(&self, post: Post) -> Sending {
        match Arc::clone(&self.shared.posts).try_acquire_owned() {
            Ok(permit) => self.queue(post, permit),
            Err(_) => Sending::failed(post.mid, self.full()),
        }
    }

    /// Queues a post, waiting while the outbox is full.
    pub async fn post_when_room(&self, post: Post) -> Sending {
        match Arc::clone(&self.shared.posts).acquire_owned().await {
            Ok(permit) => self.queue(post, permit),
            Err(_) => Sending::failed(post.mid, self.closed()),
        }
    }

    fn queue(&self, post: Post, permit: OwnedSemaphorePermit) -> Sending {
        let mid = post.mid;
        let (done, answer) = oneshot::channel();
        let (held, is_held) = watch::channel(false);
        let outgoing = Outgoing { post, done, held, permit };
        match self.shared.asks.try_send(Ask::Post(outgoing)) {
            Ok(()) => Sending::new(mid, answer, is_held, self.states()),
            // Permits bound the posts; asks of other kinds can still fill the channel for a moment.
            Err(TrySendError::Full(_)) => Sending::failed(mid, self.full()),
            Err(TrySendError::Closed(_)) => Sending::failed(mid, self.closed()),
        }
    }

    fn full(&self) -> Error {
        Error::OutboxFull { capacity: self.shared.outbox }
    }

    /// The places for requests.
    pub(crate) fn requests(&self) -> &Arc<Semaphore> {
        &self.shared.requests
    }

    /// Something that the client's task must do.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<()> {
        self.shared.asks.send(ask).await.map_err(|_| self.closed())
    }

    /// Something that may be lost, such as a signal or a goodbye.
    pub(crate) fn tell(&self, ask: Ask) {
        let _ = self.shared.asks.try_send(ask);
    }

    /// Looks again, now: buffers changed.
    pub(crate) fn nudge(&self) {
        self.shared.wake.notify_one();
    }

    pub(crate) fn closed(&self) -> Error {
        closed(&self.shared.states.borrow())
    }

    /// A fresh message id.
    #[must_use]
    pub fn mid() -> Mid {
        Mid::fresh()
    }
}

/// What a caller hears when the client's task is gone.
pub(crate) fn closed(state: &State) -> Error {
    match state {
        State::Closed(closed) => Error::Closed(closed.clone()),
        _ => Error::Closed(Closed::by_app()),
    }
}
