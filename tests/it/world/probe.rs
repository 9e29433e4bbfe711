//! A bare connection: sends frames as text, keeps every frame that came, waits for the one asked for.

use std::collections::VecDeque;
use std::time::Instant;

use serde_json::{Value, json};
use wardroom_client::wire::{Connection, Ended};

use super::PATIENCE;

/// One connection, held to what the wire says.
pub(crate) struct Probe {
    pub(crate) wire: Connection,
    next: u64,
    /// Frames that came while another one was waited for.
    held: VecDeque<String>,
    /// Signals of presence, kept apart: they come when they come.
    presence: VecDeque<String>,
}

/// Whether a frame is a signal of presence.
fn tells_presence(frame: &str) -> bool {
    let after = frame.strip_prefix(r#"{"room":""#).and_then(|rest| rest.split_once('"'));
    after.is_some_and(|(_, rest)| rest.starts_with(r#","op":"presence""#))
}

impl Probe {
    pub(crate) async fn open(socket: &str) -> Self {
        Self::over(Connection::open(socket).await.unwrap())
    }

    pub(crate) fn over(wire: Connection) -> Self {
        // Below, tests that speak for themselves use small ids.
        Self { wire, next: 1, held: VecDeque::new(), presence: VecDeque::new() }
    }

    pub(crate) async fn hello(&mut self, token: &str) -> Value {
        let ok = self.ask("hello", json!({ "token": token })).await;
        ok.unwrap_or_else(|error| panic!("hello was refused: {error}"))
    }

    /// Sends text as it is.
    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.wire.send(text.into()).await.unwrap();
    }

    /// Sends a command and does not wait. Returns its id.
    pub(crate) async fn tell(&mut self, op: &str, d: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        self.send(json!({ "id": id, "op": op, "d": d }).to_string()).await;
        id
    }

    /// Sends a command and waits for its reply; entries that come meanwhile are held.
    pub(crate) async fn ask(&mut self, op: &str, d: Value) -> Result<Value, Value> {
        let id = self.tell(op, d).await;
        self.reply(id).await
    }

    /// Waits for the reply to a command.
    pub(crate) async fn reply(&mut self, id: u64) -> Result<Value, Value> {
        let frame = self.wait_for(|frame| frame["id"] == id).await;
        match frame.get("ok") {
            Some(ok) => Ok(ok.clone()),
            None => Err(frame["error"].clone()),
        }
    }

    /// The next frame that is an entry, as text. Pings are answered on the way.
    pub(crate) async fn entry(&mut self) -> String {
        self.wait_for_text(|frame| frame.get("seq").is_some()).await
    }

    /// The next frame that is an entry of this log, as text.
    pub(crate) async fn entry_of(&mut self, log: &str) -> String {
        self.wait_for_text(|frame| frame.get("seq").is_some() && frame["room"] == log).await
    }

    /// The next frame with this op.
    pub(crate) async fn op(&mut self, op: &str) -> Value {
        self.wait_for(|frame| frame["op"] == op).await
    }

    async fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        serde_json::from_str(&self.wait_for_text(wanted).await).unwrap()
    }

    async fn wait_for_text(&mut self, wanted: impl Fn(&Value) -> bool) -> String {
        let matches = |text: &String| wanted(&serde_json::from_str(text).unwrap());
        if let Some(index) = self.held.iter().position(matches) {
            return self.held.remove(index).unwrap();
        }
        loop {
            let text = self.receive().await.unwrap_or_else(|ended| panic!("cut off: {ended}"));
            if matches(&text) {
                return text;
            }
            self.held.push_back(text);
        }
    }

    /// The next signal of presence in any room: its body. Other frames are held.
    pub(crate) async fn presence(&mut self) -> Value {
        serde_json::from_str::<Value>(&self.presence_text().await).unwrap()["d"].take()
    }

    /// The same as text.
    pub(crate) async fn presence_text(&mut self) -> String {
        let begun = Instant::now();
        loop {
            if let Some(text) = self.presence.pop_front() {
                return text;
            }
            // Other frames may come for ever.
            assert!(begun.elapsed() < PATIENCE / 2, "no signal of presence comes");
            let next = tokio::time::timeout(PATIENCE / 2, self.any()).await;
            let text = next.expect("no signal of presence comes");
            let text = text.unwrap_or_else(|ended| panic!("cut off: {ended}"));
            let aside = if tells_presence(&text) { &mut self.presence } else { &mut self.held };
            aside.push_back(text);
        }
    }

    /// The next frame that does not tell presence, pings answered.
    pub(crate) async fn receive(&mut self) -> Result<String, Ended> {
        loop {
            let text = self.any().await?;
            if !tells_presence(&text) {
                return Ok(text);
            }
            self.presence.push_back(text);
        }
    }

    /// The next frame, whatever it is, pings answered.
    async fn any(&mut self) -> Result<String, Ended> {
        loop {
            let text = tokio::time::timeout(PATIENCE, self.wire.receive())
                .await
                .expect("the server says nothing")?;
            if text.starts_with(r#"{"op":"ping""#) {
                self.send(r#"{"op":"pong"}"#).await;
                continue;
            }
            return Ok(text.to_string());
        }
    }

    /// Waits for the close frame: its code and reason.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.receive().await {
                Ok(_) => {}
                Err(Ended::Closed { code, reason }) => return (code, reason),
                Err(ended) => panic!("no close frame: {ended}"),
            }
        }
    }

    pub(crate) async fn create(&mut self, room: &str) -> Value {
        self.ask(
            "room.create",
            json!({ "room": room, "mid": mid(), "title": format!("Room {room}"), "class": "discussion" }),
        )
        .await
        .unwrap()
    }

    pub(crate) async fn post(
        &mut self,
        room: &str,
        topic: &str,
        body: &str,
    ) -> Result<Value, Value> {
        self.ask("message.post", post(room, topic, &mid(), body)).await
    }
}

/// A fresh mid.
pub(crate) fn mid() -> String {
    wardroom_protocol::ids::Mid::fresh().to_string()
}

/// The body of a post.
pub(crate) fn post(room: &str, topic: &str, mid: &str, body: &str) -> Value {
    json!({ "room": room, "topic": topic, "mid": mid, "body": body })
}

/// The body of an act in a room, with a mid of its own.
pub(crate) fn act_in(room: &str, more: Value) -> Value {
    let mut body = json!({ "room": room, "mid": mid() });
    let Value::Object(more) = more else { unreachable!("an object") };
    body.as_object_mut().unwrap().extend(more);
    body
}

/// The same in `cardiology`.
pub(crate) fn act(more: Value) -> Value {
    act_in("cardiology", more)
}
