//! The scripted server: a listener, and peers that a test drives frame by frame.

use std::future::Future;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use wardroom_client::{Client, Event, From, Room};

/// A token that must never show.
pub(crate) const TOKEN: &str = "canary-token-5c1d";
/// The epoch of every entry unless a test says otherwise.
pub(crate) const EPOCH: u64 = 1_763_787_600;

/// Fails the test if something takes longer than it may.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(15), future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

pub(crate) struct Server {
    listener: TcpListener,
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        Self { listener, url }
    }

    /// The next WebSocket that opens.
    pub(crate) async fn accept(&self) -> Peer {
        let (stream, _) = soon("a connection", self.listener.accept()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
        let choose =
            |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
                assert_eq!(request.uri().path(), "/v1/socket");
                let asked = request.headers().get("sec-websocket-protocol").unwrap();
                response.headers_mut().insert("sec-websocket-protocol", asked.clone());
                Ok(response)
            };
        let socket = tokio_tungstenite::accept_hdr_async(stream, choose).await;
        Peer { socket: socket.unwrap() }
    }

    /// A connection whose `hello` is answered; the second value is what it resumed.
    pub(crate) async fn greet(&self, rooms: impl Fn(&Value) -> Value) -> (Peer, Value) {
        let mut peer = self.accept().await;
        let (id, body) = peer.expect("hello").await;
        assert_eq!(body["token"], TOKEN);
        let resume = body["resume"].clone();
        peer.ok(id, &greeting(&rooms(&resume))).await;
        (peer, resume)
    }

    /// A client that is online, and its peer.
    pub(crate) async fn client(&self) -> (Client, Peer) {
        let builder = Client::builder(self.url.as_str(), TOKEN);
        let (client, (peer, _)) = tokio::join!(builder.connect(), self.greet(|_| json!({})));
        (client.unwrap(), peer)
    }
}

pub(crate) fn greeting(rooms: &Value) -> Value {
    json!({
        "connection": "c-1", "node": "n-1", "now": 1_763_787_600_000_u64, "ping_ms": 25_000,
        "expires_at": 1_763_791_200_000_u64, "rooms": rooms,
        "principal": {"id": "me", "card": {"name": "Robin Example"}, "roles": []},
        "limits": {"frame_bytes": 65_536, "json_depth": 16, "logs": 128, "history_page": 200},
    })
}

/// An answer to a join.
pub(crate) fn joined(after: u64, head: u64) -> Value {
    json!({
        "position": {"epoch": EPOCH, "seq": head}, "after": {"epoch": EPOCH, "seq": after},
        "first": {"epoch": EPOCH, "seq": 1}, "n": head.saturating_sub(1), "recovered": true,
        "state": {"class": "discussion", "title": "Cardiology", "topics": 1, "members": 1,
                  "epochs": [{"epoch": EPOCH, "base": 0}]},
    })
}

pub(crate) fn mid(seq: u64) -> String {
    format!("01941f29-7c00-7fc5-9aec-{seq:012x}")
}

/// A message's entry, as text.
pub(crate) fn entry(room: &str, seq: u64) -> String {
    json!({
        "room": room, "epoch": EPOCH, "seq": seq, "n": seq, "at": 1_763_787_600_000 + seq,
        "by": {"id": "somebody"}, "op": "message.posted", "mid": mid(seq),
        "d": {"topic": "aaaaaaaaaaaaaaaaaaaaaaaaaa", "kind": "message"},
        "w": {"card": {"name": "Sam Example"}, "topic": "Rounds", "body": format!("message {seq}")},
    })
    .to_string()
}

/// One WebSocket, seen from the server.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
}

impl Peer {
    /// The next command: op, id, body. `pong` is passed over.
    pub(crate) async fn command(&mut self) -> (String, u64, Value) {
        loop {
            let message = soon("a command", self.socket.next()).await;
            let Message::Text(text) = message.expect("the client went away").unwrap() else {
                continue;
            };
            let command: Value = serde_json::from_str(text.as_str()).unwrap();
            let op = command["op"].as_str().unwrap().to_owned();
            if op != "pong" {
                return (op, command["id"].as_u64().unwrap_or(0), command["d"].clone());
            }
        }
    }

    /// The next command, which must be this op.
    pub(crate) async fn expect(&mut self, op: &str) -> (u64, Value) {
        let (got, id, body) = self.command().await;
        assert_eq!(got, op);
        (id, body)
    }

    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        let message = Message::Text(text.into().into());
        soon("the client to read", self.socket.send(message)).await.unwrap();
    }

    pub(crate) async fn ok(&mut self, id: u64, ok: &Value) {
        self.send(json!({"id": id, "ok": ok}).to_string()).await;
    }

    pub(crate) async fn written(&mut self, id: u64, seq: u64) {
        self.ok(id, &json!({"position": {"epoch": EPOCH, "seq": seq}, "at": 1})).await;
    }

    pub(crate) async fn refuse(&mut self, id: u64, number: u16, code: &str, wait: Option<u64>) {
        let mut error = json!({"code": code, "number": number, "message": "no"});
        if let Some(wait) = wait {
            error["retry_after_ms"] = json!(wait);
        }
        self.send(json!({"id": id, "error": error}).to_string()).await;
    }

    /// Cuts the TCP connection, as a failing network does.
    pub(crate) fn cut(self) {
        self.socket.get_ref().set_zero_linger().unwrap();
        drop(self.socket);
    }

    /// Closes with a code.
    pub(crate) async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        self.socket.send(Message::Close(Some(frame))).await.unwrap();
        while let Some(Ok(_)) = soon("the client's close", self.socket.next()).await {}
    }

    /// Waits until the client has closed.
    pub(crate) async fn gone(mut self) {
        while let Some(Ok(_)) = soon("the client to go", self.socket.next()).await {}
    }

    /// Answers a join and gives the room.
    pub(crate) async fn join(
        &mut self,
        client: &Client,
        room: &str,
        from: From,
        answer: Value,
    ) -> Room {
        let serve = async {
            let (id, body) = self.expect("join").await;
            assert_eq!(body["room"], room);
            self.ok(id, &answer).await;
        };
        let (joined, ()) = tokio::join!(client.join(room, from), serve);
        joined.unwrap()
    }
}

/// The next event of a room.
pub(crate) async fn next(room: &mut Room) -> Event {
    soon("an event", room.next()).await.expect("the stream ended")
}

/// The seqs of the next entries up to one, with every other event refused but those named.
pub(crate) async fn seqs_until(room: &mut Room, last: u64) -> Vec<u64> {
    let mut seqs = Vec::new();
    while seqs.last() != Some(&last) {
        match next(room).await {
            Event::Gap(gap) => panic!("a gap where none is: {gap:?}"),
            event => seqs.extend(event.entry().map(|it| it.position.seq)),
        }
    }
    seqs
}
