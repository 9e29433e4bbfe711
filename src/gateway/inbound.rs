//! From bytes to messages. Frame bounds and sizes are judged here, before anything is buffered;
//! masks, UTF-8, fragments and closing are tungstenite's.
//!
//! tungstenite keeps its input buffer for life and wants a stream to write into. So it is made for what
//! was read, given whole frames through an adapter that ends in `WouldBlock`, and dropped when all that
//! was read is taken; what it writes (pongs, the echo of a close) is caught and goes through the gate.

use std::io::{self, Cursor, Read, Write};
use std::ops::RangeInclusive;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::OpCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use wardroom_protocol::code::CloseCode;

/// tungstenite's buffer while messages are read, at least and at most; it is filled with zeros first, so
/// it is hardly longer than the first frame.
const READ_BUFFER: RangeInclusive<usize> = 128..=4 * 1024;
/// Frames that come together are about as long as each other: so much more saves reading them twice.
const READ_STEP: usize = 128;
/// The longest payload of a control frame (RFC 6455, 5.5).
const CONTROL: u64 = 125;

/// 1002, as a close frame has it.
const PROTOCOL_ERROR: [u8; 2] = CloseCode::ProtocolError.number().to_be_bytes();

/// What arrived.
#[derive(Debug)]
pub enum Incoming {
    /// A whole text message.
    Text(Utf8Bytes),
    /// A whole binary message, which `wardroom.v1` does not have.
    Binary(Bytes),
    /// A ping; the frame that answers it.
    Ping(Bytes),
    /// A pong, or part of a longer message: a sign of life.
    Life,
    /// The peer closes; the frame that answers it.
    Close(Bytes),
    /// The peer broke the frame layer.
    Breach(CloseCode),
}

/// Bytes that are not a whole message yet.
pub struct Inbound {
    buffer: BytesMut,
    /// Alive from the first frame of what was read until no message is begun and nothing is left.
    context: Option<WebSocketContext>,
    /// A message was begun and goes on; it may have no bytes yet.
    begun: bool,
    /// Bytes of the message so far.
    assembled: u64,
    limit: u64,
    /// Nothing is taken any more.
    over: bool,
}

/// Whole frames in, control frames out.
struct Adapter<'a> {
    input: &'a [u8],
    output: Vec<u8>,
}

impl Read for Adapter<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.input.read(into)
    }
}

impl Write for Adapter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inbound {
    /// Takes messages of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            context: None,
            begun: false,
            assembled: 0,
            limit: limit as u64,
            over: false,
        }
    }

    /// Takes in what was read. Bounded by what one read returns and the rest of one frame.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.over {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Drops what is held, and whatever is fed from now on. A breach or a close of the peer does the same:
    /// behind it there is nothing to be understood.
    pub fn end(&mut self) {
        *self = Self { over: true, ..Self::new(0) };
    }

    /// Bytes held for a message that is not whole yet. Once everything whole is taken, that is at
    /// most the limit, a control frame between two parts of a message, and one header.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.assembled + self.buffer.len() as u64
    }

    /// The next message, if it is whole. A breach or a close is the last one.
    pub fn take(&mut self) -> Option<Incoming> {
        let incoming = self.message();
        if matches!(incoming, Some(Incoming::Breach(_) | Incoming::Close(_))) {
            self.end();
        }
        incoming
    }

    fn message(&mut self) -> Option<Incoming> {
        loop {
            let length = match self.frame() {
                Ok(Some(length)) => length,
                Ok(None) => {
                    // No more than must be is held for a connection that says nothing.
                    if !self.begun {
                        self.context = None;
                    }
                    if self.buffer.is_empty() {
                        self.buffer = BytesMut::new();
                    }
                    return None;
                }
                Err(code) => return Some(Incoming::Breach(code)),
            };
            let incoming = self.parse(length);
            self.buffer.advance(length);
            if incoming.is_some() {
                return incoming;
            }
        }
    }

    /// The length of the first frame, once it is whole.
    fn frame(&mut self) -> Result<Option<usize>, CloseCode> {
        let mut cursor = Cursor::new(&self.buffer);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| CloseCode::ProtocolError)?;
        let Some((header, payload)) = parsed else {
            return Ok(None);
        };
        let control = matches!(header.opcode, OpCode::Control(_));
        if header.mask.is_none() || (control && (payload > CONTROL || !header.is_final)) {
            return Err(CloseCode::ProtocolError);
        }
        if !control && self.assembled.saturating_add(payload) > self.limit {
            return Err(CloseCode::FrameTooLarge);
        }
        let whole = cursor.position() + payload;
        if (self.buffer.len() as u64) < whole {
            return Ok(None);
        }
        if !control {
            self.begun = !header.is_final;
            self.assembled = if self.begun { self.assembled + payload } else { 0 };
        }
        Ok(usize::try_from(whole).ok())
    }

    fn parse(&mut self, length: usize) -> Option<Incoming> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let context = self.context.get_or_insert_with(|| {
            let size = length.next_multiple_of(READ_STEP);
            let config = WebSocketConfig::default()
                .read_buffer_size(size.clamp(*READ_BUFFER.start(), *READ_BUFFER.end()))
                .max_message_size(Some(limit))
                .max_frame_size(Some(limit));
            WebSocketContext::new(Role::Server, Some(config))
        });
        let mut adapter = Adapter { input: &self.buffer[..length], output: Vec::new() };
        let read = context.read(&mut adapter);
        let last = match read {
            Ok(Message::Text(text)) => return Some(Incoming::Text(text)),
            Ok(Message::Binary(bytes)) => return Some(Incoming::Binary(bytes)),
            Ok(Message::Pong(_)) => return Some(Incoming::Life),
            Ok(Message::Ping(_)) => {
                // An error here would be the adapter's, which has none.
                let _ = context.flush(&mut adapter);
                return Some(Incoming::Ping(adapter.output.into()));
            }
            Ok(Message::Close(_)) => {
                let _ = context.flush(&mut adapter);
                // The answer to a code that is none is 1002 with a text of tungstenite's own.
                match adapter.output.get(2..4) {
                    Some(code) if code == PROTOCOL_ERROR => {
                        Incoming::Breach(CloseCode::ProtocolError)
                    }
                    _ => Incoming::Close(adapter.output.into()),
                }
            }
            // The message goes on in the next frame.
            Ok(Message::Frame(_)) => return None,
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(Error::Capacity(_)) => Incoming::Breach(CloseCode::FrameTooLarge),
            Err(Error::Utf8(_)) => Incoming::Breach(CloseCode::NotUtf8),
            Err(_) => Incoming::Breach(CloseCode::ProtocolError),
        };
        // It takes nothing more.
        self.context = None;
        Some(last)
    }
}
