//! A reader that only counts: entry frames and the seq of the last one, straight from the socket. A
//! WebSocket library would cost more for each frame than the server does, and the figure would be its.
//!
//! Judges nothing else. What it counts is read again by the oracle's own reader.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wardroom_client::wire::Address;
use wardroom_protocol::hello::{Hello, Token};
use wardroom_protocol::ids::{LogName, Position};
use wardroom_protocol::join::{From, Join};
use wardroom_protocol::{SOCKET_PATH, SUBPROTOCOL, envelope};

use crate::failure::Failure;
use crate::frame;

/// Bytes read at once.
const CHUNK: usize = 256 * 1024;
/// How long the server may take for its first answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// A reader of one room from its start.
pub struct Counting {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Counting {
    /// Connects over a plain socket, says hello and asks for a room from its start.
    pub async fn join(address: &Address, token: &Token, room: &LogName) -> Result<Self, Failure> {
        let opened = async {
            let host = address.host();
            let mut stream = TcpStream::connect(host).await?;
            stream.set_nodelay(true)?;
            let request = format!(
                "GET {SOCKET_PATH} HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade\r\nupgrade: \
                 websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: \
                 AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await?;
            let mut input = Vec::with_capacity(CHUNK * 2);
            let end = loop {
                if let Some(at) = input.windows(4).position(|four| four == b"\r\n\r\n") {
                    break at + 4;
                }
                if stream.read_buf(&mut input).await? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
            };
            if !input.starts_with(b"HTTP/1.1 101") {
                return Err(std::io::Error::other("the upgrade was refused"));
            }
            input.drain(..end);
            Ok(Self { stream, input })
        };
        let opened = tokio::time::timeout(PATIENCE, opened).await;
        let mut reader = match opened {
            Ok(opened) => opened.map_err(Failure::io("open a connection that counts"))?,
            Err(_) => return Err(Failure::TooLong("opening a connection", PATIENCE.as_secs())),
        };
        let hello = Hello { token: token.clone(), client: None, resume: BTreeMap::new() };
        reader.tell(1, "hello", &hello).await?;
        let from = From::Position(Position::ZERO);
        reader.tell(2, "join", &Join { room: room.clone(), from }).await?;
        Ok(reader)
    }

    async fn tell(&mut self, id: u64, op: &'static str, d: &impl Serialize) -> Result<(), Failure> {
        let text = envelope::command(Some(id), op, d).map_err(|_| Failure::Answer { op })?;
        let frame = masked(&text);
        self.stream.write_all(&frame).await.map_err(Failure::io("ask for the room"))
    }

    /// Reads up to the entry with this seq; how many entries came.
    pub async fn read_up_to(&mut self, last: u64) -> Result<u64, Failure> {
        let mut entries = 0;
        loop {
            let mut at = 0;
            while let Some((body, whole)) = frame_at(&self.input[at..]) {
                let text = &self.input[at + body..at + whole];
                at += whole;
                if text.starts_with(br#"{"room":"#) {
                    // The place stands in the first bytes.
                    let head = std::str::from_utf8(&text[..text.len().min(160)]).unwrap_or("");
                    let Some(head) = frame::head(head) else { continue };
                    entries += 1;
                    if head.position.seq >= last {
                        return Ok(entries);
                    }
                } else if text.starts_with(br#"{"id":"#) && has(text, br#""error":"#) {
                    return Err(Failure::Answer { op: "join" });
                }
            }
            self.input.drain(..at);
            self.input.reserve(CHUNK);
            let read = self.stream.read_buf(&mut self.input).await;
            if read.map_err(Failure::io("read the room"))? == 0 {
                return Err(Failure::Answer { op: "join" });
            }
        }
    }
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).take(64).any(|window| window == part)
}

/// Where the body of the first frame begins and where it ends; `None` if it is not all there.
fn frame_at(input: &[u8]) -> Option<(usize, usize)> {
    let (head, length) = match *input.get(1)? & 0x7f {
        126 => (4, u64::from(u16::from_be_bytes(input.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(input.get(2..10)?.try_into().ok()?)),
        short => (2, u64::from(short)),
    };
    let whole = head + usize::try_from(length).ok()?;
    (input.len() >= whole).then_some((head, whole))
}

/// A text frame as a client sends it. The mask is nought: nothing here caches by bytes.
fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()) {
        Ok(short) if short < 126 => frame.push(0x80 | short.to_le_bytes()[0]),
        Ok(middle) => {
            frame.push(0x80 | 0x7e);
            frame.extend(middle.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 0x7f);
            frame.extend((text.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(text.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_measured_and_cut_off_ones_are_not() {
        assert_eq!(frame_at(&[0x81, 3, b'a', b'b', b'c', 0x81]), Some((2, 5)));
        assert_eq!(frame_at(&[0x81, 3, b'a', b'b']), None);
        let mut long = vec![0x81, 126, 1, 0];
        long.extend([b'x'; 256]);
        assert_eq!(frame_at(&long), Some((4, 260)));
        long.pop();
        assert_eq!((frame_at(&long), frame_at(&[0x81])), (None, None));
    }

    #[test]
    fn a_masked_frame_says_how_long_it_is() {
        assert_eq!(masked("hi"), [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
        let frame = masked(&"x".repeat(300));
        assert_eq!((&frame[..4], frame.len()), (&[0x81, 0xfe, 1, 44][..], 308));
    }
}
