//! A connection that speaks: commands and their answers, frames that came meanwhile kept in order.
//!
//! Answers pings by itself. Judges nothing: entries go to the oracle through their reader.

use std::collections::{BTreeMap, VecDeque};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use wardroom_client::wire::{Address, Connection};
use wardroom_protocol::code::WireError;
use wardroom_protocol::envelope;
use wardroom_protocol::hello::{ClientInfo, Hello, Token};
use wardroom_protocol::ids::{LogName, Position};
use wardroom_protocol::join::{From, Join};

use crate::failure::Failure;

/// The part of an answer to a join that a reader needs.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Seam {
    /// The log's head.
    pub position: Position,
    /// The first entry sent is the one after this.
    pub after: Position,
    /// Whether everything after the position asked for will be sent.
    pub recovered: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Resumed {
    Ok(Seam),
    Error(WireError),
}

#[derive(Deserialize)]
struct Greeting {
    #[serde(default)]
    rooms: BTreeMap<LogName, Resumed>,
}

/// An answer: its body is still text.
#[derive(Deserialize)]
pub struct Reply<'a> {
    /// Of which command.
    pub id: u64,
    /// What it gave.
    #[serde(borrow, default)]
    pub ok: Option<&'a serde_json::value::RawValue>,
    /// Why it did not.
    #[serde(default)]
    pub error: Option<WireError>,
}

/// An open connection that has said hello.
#[derive(Debug)]
pub struct Link {
    wire: Connection,
    next: u64,
    /// Frames that came before an answer; at most what the server sends until it answers one command.
    held: VecDeque<String>,
}

impl Link {
    /// Connects and says hello. `resume` follows logs from where they were left.
    pub async fn open(
        address: &Address,
        token: &Token,
        resume: Option<(&LogName, Position)>,
    ) -> Result<(Self, Option<Seam>), Failure> {
        let wire = Connection::open_at(address).await?;
        let mut link = Self { wire, next: 1, held: VecDeque::new() };
        let hello = Hello {
            token: token.clone(),
            client: Some(ClientInfo { name: "wardroom-loadtest".to_owned(), version: None }),
            resume: resume.map(|(log, at)| (log.clone(), at)).into_iter().collect(),
        };
        let greeting: Greeting = link.ask("hello", &hello).await?;
        let seam = match greeting.rooms.into_values().next() {
            Some(Resumed::Ok(seam)) => Some(seam),
            Some(Resumed::Error(error)) => {
                return Err(Failure::Refused { op: "hello", error: Box::new(error) });
            }
            None => None,
        };
        Ok((link, seam))
    }

    /// Follows a log.
    pub async fn join(&mut self, room: &LogName, from: From) -> Result<Seam, Failure> {
        self.ask("join", &Join { room: room.clone(), from }).await
    }

    /// Sends a command and waits for its answer.
    pub async fn ask<T: DeserializeOwned>(
        &mut self,
        op: &'static str,
        d: &impl Serialize,
    ) -> Result<T, Failure> {
        let id = self.tell(op, d)?;
        loop {
            let text = self.next_frame(op).await?;
            if !text.starts_with(r#"{"id":"#) {
                self.held.push_back(text.to_string());
                continue;
            }
            let reply: Reply<'_> =
                serde_json::from_str(&text).map_err(|_| Failure::Answer { op })?;
            if reply.id != id {
                self.held.push_back(text.to_string());
                continue;
            }
            if let Some(error) = reply.error {
                return Err(Failure::Refused { op, error: Box::new(error) });
            }
            let body = reply.ok.ok_or(Failure::Answer { op })?.get();
            return serde_json::from_str(body).map_err(|_| Failure::Answer { op });
        }
    }

    /// Puts a command in line and gives its id. It leaves with the next [`Link::receive`].
    pub fn tell(&mut self, op: &'static str, d: &impl Serialize) -> Result<u64, Failure> {
        let id = self.next;
        self.next += 1;
        let text = envelope::command(Some(id), op, d).map_err(|_| Failure::Answer { op })?;
        self.wire.queue(text).map_err(|ended| Failure::Ended { during: op, ended })?;
        Ok(id)
    }

    /// The next frame that is no ping, given to `take` without a copy. Cancel-safe.
    pub async fn receive<T>(
        &mut self,
        during: &'static str,
        take: impl FnOnce(&str) -> T,
    ) -> Result<T, Failure> {
        match self.held.pop_front() {
            Some(text) => Ok(take(&text)),
            None => Ok(take(&self.next_frame(during).await?)),
        }
    }

    /// The same for a frame that is here already; writes nothing.
    pub fn at_hand<T>(
        &mut self,
        during: &'static str,
        take: impl FnOnce(&str) -> T,
    ) -> Result<Option<T>, Failure> {
        if let Some(text) = self.held.pop_front() {
            return Ok(Some(take(&text)));
        }
        loop {
            let text = self.wire.at_hand().map_err(|ended| Failure::Ended { during, ended })?;
            match text {
                Some(text) if is_ping(&text) => self.pong(during)?,
                text => return Ok(text.map(|text| take(&text))),
            }
        }
    }

    async fn next_frame(&mut self, during: &'static str) -> Result<Utf8Bytes, Failure> {
        loop {
            let text =
                self.wire.receive().await.map_err(|ended| Failure::Ended { during, ended })?;
            if !is_ping(&text) {
                return Ok(text);
            }
            self.pong(during)?;
        }
    }

    fn pong(&mut self, during: &'static str) -> Result<(), Failure> {
        self.wire.queue(r#"{"op":"pong"}"#).map_err(|ended| Failure::Ended { during, ended })
    }

    /// Reads nothing more, and keeps the connection open: what is queued still leaves.
    pub async fn stall(&mut self) -> Failure {
        match self.wire.turn(false).await {
            Ok(_) => Failure::Answer { op: "stall" },
            Err(ended) => Failure::Ended { during: "a stall", ended },
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.wire.close().await;
    }
}

fn is_ping(text: &str) -> bool {
    text.starts_with(r#"{"op":"ping""#)
}
