//! A connection made byte by byte, for what no well-behaved client sends.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::{Node, PATIENCE};

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;

/// A TCP connection to a node, and what it has sent so far.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(node: &Node) -> Self {
        let stream = TcpStream::connect(node.address()).await.unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// One from this address of the machine.
    pub(crate) async fn connect_from(from: &str, node: &Node) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        let stream = socket.connect(node.address().parse().unwrap()).await.unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// One whose system takes few bytes that the test does not read.
    pub(crate) async fn narrow(node: &Node) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2 * 1024).unwrap();
        let stream = socket.connect(node.address().parse().unwrap()).await.unwrap();
        Self { stream, unread: Vec::new() }
    }

    /// Connected and upgraded.
    pub(crate) async fn upgraded(node: &Node) -> Self {
        let mut raw = Self::connect(node).await;
        raw.upgrade().await;
        raw
    }

    pub(crate) async fn upgrade(&mut self) {
        self.send(upgrade("").as_bytes()).await;
        let head = self.head().await.expect("an answer to the upgrade");
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    }

    /// Sends bytes as they are. That the peer has gone meanwhile shows when reading.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Sends a text frame as a client has to: masked, here with zeros.
    pub(crate) async fn text(&mut self, text: &str) {
        self.send(&masked(TEXT, text.as_bytes())).await;
    }

    /// Everything up to the end of the HTTP headers; `None` if it ends before.
    pub(crate) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.windows(4).position(|w| w == b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                return Some(String::from_utf8(head).unwrap());
            }
            if self.more().await == 0 {
                return None;
            }
        }
    }

    /// Takes what the system holds by now, so many times, and keeps it.
    pub(crate) async fn sip(&mut self, times: usize) {
        let mut piece = [0; 4 * 1024];
        for _ in 0..times {
            if let Ok(read) = self.stream.try_read(&mut piece) {
                self.unread.extend_from_slice(&piece[..read]);
            }
            tokio::task::yield_now().await;
        }
    }

    /// The next so many bytes.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count {
            assert_ne!(self.more().await, 0, "it ended before");
        }
        self.unread.drain(..count).collect()
    }

    /// The next frame: its first byte and payload. `None`: the connection is over.
    pub(crate) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((header, length)) = bounds(&self.unread)
                && self.unread.len() >= header + length
            {
                let frame: Vec<u8> = self.unread.drain(..header + length).collect();
                return Some((frame[0], frame[header..].to_vec()));
            }
            if self.more().await == 0 {
                return None;
            }
        }
    }

    /// The next text frame whose JSON has this member.
    pub(crate) async fn told(&mut self, member: &str) -> serde_json::Value {
        loop {
            let (_, payload) = self.frame().await.expect("a frame before the end");
            let frame: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            if frame.get(member).is_some() {
                return frame;
            }
        }
    }

    /// Reads until the close frame: its code and reason. `None`: it ended without one.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            let (first, payload) = self.frame().await?;
            if first == CLOSE {
                let code = u16::from_be_bytes([*payload.first()?, *payload.get(1)?]);
                return Some((code, String::from_utf8(payload[2..].to_vec()).unwrap()));
            }
        }
    }

    /// Everything until the end.
    pub(crate) async fn rest(mut self) -> Vec<u8> {
        while self.more().await > 0 {}
        self.unread
    }

    /// Says hello and waits for the greeting.
    pub(crate) async fn hello(&mut self, token: &str) {
        let hello = serde_json::json!({ "id": 0, "op": "hello", "d": { "token": token } });
        self.text(&hello.to_string()).await;
        let greeting = self.told("id").await;
        assert!(greeting.get("ok").is_some(), "{greeting}");
    }

    /// Reads once; 0 at the end, however it came.
    async fn more(&mut self) -> usize {
        let read = self.stream.read_buf(&mut self.unread);
        let read = tokio::time::timeout(PATIENCE, read).await;
        read.expect("the server says nothing and does not hang up").unwrap_or(0)
    }
}

/// A client's frame.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..65_536 => {
            frame.push(0x80 | 0x7e);
            frame.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            frame.push(0x80 | 0x7f);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// The lengths of the first frame's header and payload, once both are known.
fn bounds(bytes: &[u8]) -> Option<(usize, usize)> {
    let short = usize::from(bytes.get(1)? & 0x7f);
    match short {
        126 => Some((4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())))),
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap());
            Some((10, usize::try_from(length).unwrap()))
        }
        _ => Some((2, short)),
    }
}

/// A good upgrade, with these header lines in place of its own of the same name.
pub(crate) fn upgrade(headers: &str) -> String {
    let defaults = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "wardroom.v1"),
    ];
    let mut request = "GET /v1/socket HTTP/1.1\r\nhost: test\r\n".to_owned();
    for (name, value) in defaults {
        if !headers.contains(name) {
            request.extend([name, ": ", value, "\r\n"]);
        }
    }
    request + headers + "\r\n"
}
