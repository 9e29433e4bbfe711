//! The client's one task: opens connections, says hello, turns frames and asks over to `work`, and
//! decides after each ending whether, and when, to try again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use wardroom_protocol::code::WireError;
use wardroom_protocol::envelope::{self, ServerFrame};
use wardroom_protocol::hello::{ClientInfo, Greeting, Hello};

use crate::ask::Ask;
use crate::backoff::{Backoff, LONGEST};
use crate::error::{Closed, Error};
use crate::provider::Renewal;
use crate::state::State;
use crate::token::{Left, Newer};
use crate::wire::{Address, Connection, Ended, OpenError};
use crate::work::Work;

/// How long `hello` may take.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// A connection that held this long starts the backoff over.
const STABLE: Duration = Duration::from_secs(30);
/// A connection that held less than this is not followed by an immediate try.
const FLEETING: Duration = Duration::from_secs(1);
/// The id of `hello`; commands count from 1.
const HELLO_ID: u64 = 0;

/// Why no connection came to be.
enum Failure {
    Open(OpenError),
    Refused(WireError),
    Ended(Ended),
}

/// Why a connection is over.
enum Ending {
    /// Nobody holds the client any more, or the app closed it.
    App,
    /// The socket ended.
    Ended(Ended),
    /// The moment within the drain's window has come.
    Drained,
    /// Nothing was heard for too long, or what was heard is not `wardroom.v1`.
    Deaf,
}

/// Try again after this, or never.
type Verdict = Result<Duration, Closed>;

pub(crate) struct Driver {
    pub(crate) address: Address,
    pub(crate) info: ClientInfo,
    pub(crate) asks: mpsc::Receiver<Ask>,
    pub(crate) close: oneshot::Receiver<()>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) states: watch::Sender<State>,
    pub(crate) work: Work,
    pub(crate) renewal: Renewal,
    pub(crate) backoff: Backoff,
    /// Nothing heard for this long means that the connection is dead.
    pub(crate) silence: Duration,
}

impl Driver {
    /// The first connection: its failure is the caller's.
    pub(crate) async fn first(&mut self) -> Result<(Connection, Greeting), Error> {
        match self.open().await {
            Ok(opened) => Ok(opened),
            Err(Failure::Open(error)) => Err(Error::Open(error)),
            Err(Failure::Refused(error)) => Err(Error::Refused(error)),
            Err(Failure::Ended(Ended::Closed { code, reason })) => {
                Err(Error::Closed(Closed::by_server(code, &reason)))
            }
            Err(Failure::Ended(_)) => {
                Err(Error::Open(OpenError::NotWardroom { host: self.address.host().to_owned() }))
            }
        }
    }

    async fn open(&mut self) -> Result<(Connection, Greeting), Failure> {
        let mut connection = Connection::open_at(&self.address).await.map_err(Failure::Open)?;
        let hello = Hello {
            token: self.work.tokens.speaking().clone(),
            client: Some(self.info.clone()),
            resume: self.work.resume(),
        };
        let hello = envelope::command(Some(HELLO_ID), "hello", &hello)
            .map_err(|_| Failure::Ended(Ended::Breach))?;
        let greeted = timeout(HELLO_WITHIN, async {
            connection.send(hello).await.map_err(Failure::Ended)?;
            loop {
                let text = connection.receive().await.map_err(Failure::Ended)?;
                match ServerFrame::decode(text.as_str()) {
                    Ok(ServerFrame::Reply(reply)) if reply.id == HELLO_ID => {
                        let greeting = reply.result.map_err(Failure::Refused)?;
                        return serde_json::from_str::<Greeting>(greeting.get())
                            .map_err(|_| Failure::Ended(Ended::Breach));
                    }
                    Ok(_) => {}
                    Err(_) => return Err(Failure::Ended(Ended::Breach)),
                }
            }
        });
        let greeting = greeted.await.unwrap_or(Err(Failure::Ended(Ended::Broken)))?;
        Ok((connection, greeting))
    }

    /// Runs until the client is over.
    pub(crate) async fn run(mut self, mut connection: Connection, mut greeting: Greeting) {
        loop {
            // Twice the announced ping and some: a missed ping is no death, two are.
            self.silence = Duration::from_millis(greeting.ping_ms * 2) + Duration::from_secs(10);
            self.work.greeted(greeting, Instant::now());
            self.states.send_replace(State::Online);
            let since = Instant::now();
            let ending = self.serve(&mut connection).await;
            self.work.disconnected();
            if since.elapsed() >= STABLE {
                self.backoff.reset();
            }
            let verdict = match &ending {
                Ending::App => Err(Closed::by_app()),
                Ending::Drained => Ok(Duration::ZERO),
                Ending::Deaf => Ok(self.backoff.next()),
                Ending::Ended(ended) => self.judge(ended, since.elapsed()),
            };
            if matches!(ending, Ending::App | Ending::Drained) {
                connection.close().await;
            } else {
                drop(connection);
            }
            match self.reconnect(verdict).await {
                Ok(opened) => (connection, greeting) = opened,
                Err(closed) => {
                    self.asks.close();
                    while let Ok(ask) = self.asks.try_recv() {
                        self.work.ask(ask, false);
                    }
                    self.states.send_replace(State::Closed(closed.clone()));
                    self.work.close(&closed);
                    return;
                }
            }
        }
    }

    /// One connection's life.
    async fn serve(&mut self, connection: &mut Connection) -> Ending {
        let mut frames = Vec::new();
        let mut heard = Instant::now();
        let mut leave_at: Option<Instant> = None;
        loop {
            let now = Instant::now();
            self.work.tick(now);
            self.work.pump(now, &mut frames);
            if self.work.tokens.take_expiring() {
                self.renewal.want();
            }
            for frame in frames.drain(..) {
                // A failed write is followed by a read that says why the connection ended.
                let _ = connection.queue(frame);
            }
            let reading = self.work.reading();
            if !reading {
                heard = now;
            }
            let deadline = [self.work.wake_at(), leave_at, Some(heard + self.silence)];
            let deadline = deadline.into_iter().flatten().min().unwrap_or(now);
            tokio::select! {
                text = connection.turn(reading) => match text {
                    Ok(text) => {
                        heard = Instant::now();
                        match self.work.frame(text, heard) {
                            Ok(None) => {}
                            Ok(Some(window)) => {
                                leave_at.get_or_insert(heard + self.backoff.within(window));
                            }
                            Err(_) => return Ending::Deaf,
                        }
                    }
                    Err(ended) => {
                        // A drain's window holds for those whom it cuts off early, too.
                        if let Some(at) = leave_at
                            && !self.pause_until(at).await
                        {
                            return Ending::App;
                        }
                        return Ending::Ended(ended);
                    }
                },
                ask = self.asks.recv() => match ask {
                    Some(ask) => {
                        self.work.ask(ask, true);
                        while let Ok(ask) = self.asks.try_recv() {
                            self.work.ask(ask, true);
                        }
                    }
                    None => return Ending::App,
                },
                _ = &mut self.close => return Ending::App,
                token = self.renewal.fetched() => {
                    if !self.work.tokens.renew(Newer { token, giver: None }) {
                        self.renewal.want();
                    }
                }
                () = self.wake.notified() => {}
                () = sleep_until(deadline) => {
                    let now = Instant::now();
                    if leave_at.is_some_and(|at| at <= now) {
                        return Ending::Drained;
                    }
                    if heard + self.silence <= now {
                        return Ending::Deaf;
                    }
                }
            }
        }
    }

    /// Waits; asks queue up in `work` meanwhile. `false`: the app closed the client.
    async fn pause_until(&mut self, at: Instant) -> bool {
        loop {
            tokio::select! {
                () = sleep_until(at) => return true,
                ask = self.asks.recv() => match ask {
                    Some(ask) => self.work.ask(ask, false),
                    None => return false,
                },
                _ = &mut self.close => return false,
            }
        }
    }

    /// Waits until there is a token to sign in with; asks queue up in `work` meanwhile. Does nothing if
    /// there is one, or nobody to ask for it. `false`: the app closed the client.
    async fn have_token(&mut self) -> bool {
        while self.renewal.is_there() && self.work.tokens.is_over(Instant::now()) {
            self.renewal.want();
            tokio::select! {
                token = self.renewal.fetched() => {
                    self.work.tokens.renew(Newer { token, giver: None });
                }
                ask = self.asks.recv() => match ask {
                    Some(ask) => self.work.ask(ask, false),
                    None => return false,
                },
                _ = &mut self.close => return false,
            }
        }
        true
    }

    /// Tries until a connection is greeted or the server says never.
    async fn reconnect(&mut self, mut verdict: Verdict) -> Result<(Connection, Greeting), Closed> {
        let mut attempt = 0;
        loop {
            let wait = verdict?;
            attempt += 1;
            self.states.send_replace(State::Reconnecting { attempt, wait });
            if !self.pause_until(Instant::now() + wait).await || !self.have_token().await {
                return Err(Closed::by_app());
            }
            self.states.send_replace(State::Connecting);
            match self.open().await {
                Ok(opened) => return Ok(opened),
                Err(failure) => {
                    self.work.disconnected();
                    verdict = match failure {
                        Failure::Open(_) => Ok(self.backoff.next()),
                        Failure::Ended(Ended::Closed { code: code @ 4201..4300, reason }) => {
                            self.judge_token(Closed::by_server(code, &reason), None)
                        }
                        Failure::Ended(ended) => self.judge(&ended, Duration::ZERO),
                        Failure::Refused(error) => self.judge_refusal(&error),
                    };
                }
            }
        }
    }

    /// What an ending means, by the class of its close code.
    fn judge(&mut self, ended: &Ended, held: Duration) -> Verdict {
        let Ended::Closed { code, reason } = ended else {
            return Ok(self.backoff.next());
        };
        match code {
            4000..4100 if held >= FLEETING => Ok(Duration::ZERO),
            4201..4300 => {
                let closed = Closed::by_server(*code, reason);
                let left = self.work.tokens.ended();
                self.sign_in_again(left, closed, held)
            }
            4100..4200 => {
                self.backoff.at_least(3);
                Ok(self.backoff.next())
            }
            // Frames broken by this client would break again; the rest is said by the hundred.
            1002 | 1003 | 1007 | 1009 | 4200 | 4400..4500 => Err(Closed::by_server(*code, reason)),
            4300..4400 => {
                self.work.forget_positions();
                Ok(self.backoff.next())
            }
            _ => Ok(self.backoff.next()),
        }
    }

    /// What a refused `hello` means, by the hundred of its number.
    fn judge_refusal(&mut self, error: &WireError) -> Verdict {
        match error.number {
            0..200 => Ok(match error.retry_after_ms {
                Some(ms) => self.backoff.asked(Duration::from_millis(ms).min(LONGEST * 3)),
                None => self.backoff.next(),
            }),
            400..500 => {
                self.work.forget_positions();
                Ok(self.backoff.next())
            }
            number => {
                let closed = Closed { code: number, name: error.code.clone(), retryable: false };
                match number {
                    300..400 => self.judge_token(closed, Some(error)),
                    _ => Err(closed),
                }
            }
        }
    }

    /// The token that a `hello` held was not believed: another one, or never.
    fn judge_token(&mut self, closed: Closed, error: Option<&WireError>) -> Verdict {
        let told =
            error.map_or_else(|| Error::Closed(closed.clone()), |it| Error::Refused(it.clone()));
        let left = self.work.tokens.refused(told, Instant::now());
        self.sign_in_again(left, closed, Duration::ZERO)
    }

    fn sign_in_again(&mut self, left: Left, closed: Closed, held: Duration) -> Verdict {
        let can = left == Left::Another || (left == Left::Provider && self.renewal.is_there());
        match can {
            true if held >= FLEETING => Ok(Duration::ZERO),
            true => Ok(self.backoff.next()),
            false => Err(closed),
        }
    }
}
