//! The floor's WebSocket: the handshake, unmasking what comes in, and one `write` per frame out.
//!
//! Only what the generator sends is understood: whole text frames, close, nothing else.

use std::cell::RefCell;
use std::io;

use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wardroom_protocol::SUBPROTOCOL;

/// Largest request head.
const HEAD: usize = 8 * 1024;

/// One connection.
pub(super) struct Peer {
    stream: TcpStream,
    /// What a full socket did not take. Grows with a reader that does not read: the floor has no
    /// rule for slow readers, and the runs that use it have none.
    left: RefCell<Vec<u8>>,
    wake: Notify,
    /// What is held back.
    held: RefCell<Vec<u8>>,
}

impl Peer {
    /// Answers the upgrade; `None` if it is none.
    pub(super) async fn upgrade(stream: TcpStream) -> io::Result<Option<Self>> {
        stream.set_nodelay(true)?;
        let (left, held) = (RefCell::default(), RefCell::default());
        let peer = Self { stream, left, wake: Notify::new(), held };
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() > HEAD || !peer.read(&mut head).await? {
                return Ok(None);
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let key = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
        });
        let Some(key) = key else {
            return Ok(None);
        };
        let accept = derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-protocol: {SUBPROTOCOL}\r\nsec-websocket-accept: {accept}\r\n\r\n"
        );
        peer.write(answer.as_bytes());
        Ok(Some(peer))
    }

    /// Appends what comes; `false` at the end. Writes what was left meanwhile.
    pub(super) async fn read(&self, into: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let interest = if self.left.borrow().is_empty() {
                Interest::READABLE
            } else {
                Interest::READABLE | Interest::WRITABLE
            };
            let ready = tokio::select! {
                ready = self.stream.ready(interest) => ready?,
                () = self.wake.notified() => continue,
            };
            if ready.is_writable() {
                let mut left = self.left.borrow_mut();
                match self.stream.try_write(&left) {
                    Ok(written) => drop(left.drain(..written)),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
            if ready.is_readable() {
                match self.stream.try_read_buf(into) {
                    Ok(read) => return Ok(read > 0),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Holds a frame back.
    pub(super) fn hold(&self, frame: &[u8]) {
        self.held.borrow_mut().extend_from_slice(frame);
    }

    /// Writes what was held back.
    pub(super) fn release(&self) {
        let mut held = self.held.borrow_mut();
        if !held.is_empty() {
            self.write(&held);
            held.clear();
        }
    }

    /// One `write`. What the socket does not take waits for it.
    pub(super) fn write(&self, frame: &[u8]) {
        let mut left = self.left.borrow_mut();
        let written = if left.is_empty() { self.stream.try_write(frame).unwrap_or(0) } else { 0 };
        if written < frame.len() {
            left.extend_from_slice(&frame[written..]);
            self.wake.notify_one();
        }
    }
}

/// An unmasked text frame.
pub(super) fn text_frame(text: &str) -> Vec<u8> {
    let mut frame = Vec::with_capacity(text.len() + 10);
    frame.push(0x81);
    if let Ok(short) = u8::try_from(text.len())
        && short < 126
    {
        frame.push(short);
    } else if let Ok(middle) = u16::try_from(text.len()) {
        frame.push(126);
        frame.extend_from_slice(&middle.to_be_bytes());
    } else {
        frame.push(127);
        frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
    }
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// Takes the next whole masked text frame out of the input; other frames are dropped.
pub(super) fn take_text(input: &mut Vec<u8>) -> Option<String> {
    loop {
        let (opcode, length) = (*input.first()? & 0x0f, usize::from(*input.get(1)? & 0x7f));
        let (length, head) = match length {
            126 => (usize::from(u16::from_be_bytes([*input.get(2)?, *input.get(3)?])), 4),
            127 => return None,
            short => (short, 2),
        };
        let whole = head + 4 + length;
        if input.len() < whole {
            return None;
        }
        let frame: Vec<u8> = input.drain(..whole).collect();
        if opcode != 1 {
            continue;
        }
        let (mask, body) = frame[head..].split_at(4);
        let text = body.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        return String::from_utf8(text).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str, opcode: u8) -> Vec<u8> {
        let mut frame = text_frame(text);
        frame[0] = 0x80 | opcode;
        let head = if text.len() < 126 { 2 } else { 4 };
        frame[1] |= 0x80;
        let mask = [1, 2, 3, 4];
        let body: Vec<u8> =
            frame.drain(head..).zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        frame.extend(mask);
        frame.extend(body);
        frame
    }

    #[test]
    fn frames_come_out_whole_in_order_and_only_when_complete() {
        let long = "x".repeat(300);
        let mut input = masked("one", 1);
        input.extend(masked("", 8));
        input.extend(masked(&long, 1));
        let last = input.pop().unwrap_or_default();
        assert_eq!(take_text(&mut input).as_deref(), Some("one"));
        assert_eq!(take_text(&mut input), None);
        input.push(last);
        assert_eq!(take_text(&mut input), Some(long));
        assert_eq!((take_text(&mut input), input.len()), (None, 0));
    }
}
