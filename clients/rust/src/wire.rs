//! One WebSocket, frame by frame: text out, text in, and why it ended.
//!
//! Owns the TCP connection and the upgrade. Never reads a frame's meaning, never
//! reconnects, starts no task. The client's task drives one of these; tests and load testers drive
//! thousands, so its buffers are small.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::{Sink, Stream};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as SocketError, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use wardroom_protocol::SUBPROTOCOL;

pub use crate::address::{Address, OpenError};
use crate::trust;

/// Bytes read from the socket at a time. Small, so that a thousand connections cost megabytes.
const READ_BUFFER: usize = 8 * 1024;
/// Largest message accepted: an answer to `hello` that resumes 128 logs of 64 KiB state, twice over.
const LARGEST_MESSAGE: usize = 16 * 1024 * 1024;
/// How long the TCP connection and the upgrade may take together.
pub(crate) const OPEN_WITHIN: Duration = Duration::from_secs(10);

/// Why a WebSocket ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// The peer sent a close frame.
    #[error("the server closed the connection ({code} {reason})")]
    Closed {
        /// Its code; 1005 if the frame had none.
        code: u16,
        /// Its reason: a name from the registry of close codes.
        reason: String,
    },
    /// The TCP connection went away without a close frame.
    #[error("the connection broke")]
    Broken,
    /// The peer broke RFC 6455 or the text-frame rule.
    #[error("the server broke the WebSocket protocol")]
    Breach,
}

/// One open WebSocket that agreed on `wardroom.v1`. Dropping it cuts the TCP connection.
pub struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    unflushed: bool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Opens a WebSocket and agrees on the sub-protocol. No frame is sent: `hello` is yours.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_at(&Address::parse(url)?).await
    }

    /// The same, with an address checked before.
    pub async fn open_at(address: &Address) -> Result<Self, OpenError> {
        let host = || address.host().to_owned();
        tokio::time::timeout(OPEN_WITHIN, Self::upgrade(address))
            .await
            .unwrap_or_else(|_| Err(OpenError::TimedOut { host: host() }))
    }

    async fn upgrade(address: &Address) -> Result<Self, OpenError> {
        let host = || address.host().to_owned();
        let unreachable =
            |error: &std::io::Error| OpenError::Unreachable { host: host(), kind: error.kind() };
        let stream =
            TcpStream::connect(address.host()).await.map_err(|error| unreachable(&error))?;
        stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
        let mut request = address
            .uri()
            .into_client_request()
            .map_err(|_| OpenError::Address("this is not a URL"))?;
        request
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(READ_BUFFER)
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        let trusted = address.trust().connector();
        match client_async_tls_with_config(request, stream, Some(config), trusted).await {
            Ok((socket, _response)) => Ok(Self { socket, unflushed: false }),
            Err(SocketError::Http(response)) => {
                Err(OpenError::Status { host: host(), status: response.status().as_u16() })
            }
            Err(SocketError::Io(error)) if trust::is_of_tls(&error) => {
                Err(OpenError::Untrusted { host: host(), why: error.to_string() })
            }
            Err(SocketError::Io(error)) => Err(unreachable(&error)),
            Err(_) => Err(OpenError::NotWardroom { host: host() }),
        }
    }

    /// Sends one text frame and waits until the system has taken it.
    pub async fn send(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), Ended> {
        self.queue(text)?;
        self.flush().await
    }

    /// Puts a text frame behind those not yet written, without waiting. [`flush`](Self::flush),
    /// [`receive`](Self::receive) and [`turn`](Self::turn) write it. The queue has no bound of its
    /// own: callers keep the protocol's (at most 64 replies owed).
    pub fn queue(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), Ended> {
        self.unflushed = true;
        Pin::new(&mut self.socket)
            .start_send(Message::Text(text.into()))
            .map_err(|error| ended(&error))
    }

    /// Waits until everything queued was taken by the system.
    pub async fn flush(&mut self) -> Result<(), Ended> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// The next text frame's bytes, exactly as sent. Cancel-safe; writes what is queued meanwhile.
    pub async fn receive(&mut self) -> Result<Utf8Bytes, Ended> {
        self.turn(true).await
    }

    /// Writes what is queued and, if `reading`, waits for the next text frame. Without `reading` it
    /// never returns a frame: the peer is held back by TCP. Cancel-safe.
    pub async fn turn(&mut self, reading: bool) -> Result<Utf8Bytes, Ended> {
        poll_fn(|cx| {
            let flushed = self.poll_flush(cx);
            if !reading {
                return match flushed {
                    Poll::Ready(Err(ended)) => Poll::Ready(Err(ended)),
                    _ => Poll::Pending,
                };
            }
            // A failed write still lets the close frame be read, which says why.
            self.poll_text(cx)
        })
        .await
    }

    /// The next text frame if it is here already; writes nothing. For who answers many frames at once:
    /// what they queue meanwhile leaves in one piece with the next [`receive`](Self::receive).
    pub fn at_hand(&mut self) -> Result<Option<Utf8Bytes>, Ended> {
        // Nobody is woken: whoever finds nothing goes on to receive.
        match self.poll_text(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome.map(Some),
            Poll::Pending => Ok(None),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        if !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        if flushed.is_ready() {
            self.unflushed = false;
        }
        flushed.map_err(|error| ended(&error))
    }

    fn poll_text(&mut self, cx: &mut Context<'_>) -> Poll<Result<Utf8Bytes, Ended>> {
        loop {
            match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Err(Ended::Broken)),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(ended(&error))),
                Poll::Ready(Some(Ok(Message::Text(text)))) => return Poll::Ready(Ok(text)),
                Poll::Ready(Some(Ok(Message::Close(frame)))) => {
                    return Poll::Ready(Err(closed(frame)));
                }
                Poll::Ready(Some(Ok(Message::Binary(_)))) => {
                    return Poll::Ready(Err(Ended::Breach));
                }
                // tungstenite answers pings by itself at the next read or flush.
                Poll::Ready(Some(Ok(_))) => {}
            }
        }
    }

    /// Says goodbye with code 1000 and waits at most a second for the answer.
    pub async fn close(mut self) {
        let goodbye = async {
            let frame = Message::Close(Some(CloseFrame {
                code: 1000.into(),
                reason: Utf8Bytes::from_static(""),
            }));
            if Pin::new(&mut self.socket).start_send(frame).is_ok() {
                self.unflushed = true;
                while self.turn(true).await.is_ok() {}
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
    }
}

fn closed(frame: Option<CloseFrame>) -> Ended {
    match frame {
        Some(frame) => {
            Ended::Closed { code: frame.code.into(), reason: frame.reason.as_str().to_owned() }
        }
        None => Ended::Closed { code: 1005, reason: String::new() },
    }
}

fn ended(error: &SocketError) -> Ended {
    match error {
        SocketError::Io(_) | SocketError::ConnectionClosed | SocketError::AlreadyClosed => {
            Ended::Broken
        }
        SocketError::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake
            | tokio_tungstenite::tungstenite::error::ProtocolError::SendAfterClosing,
        ) => Ended::Broken,
        _ => Ended::Breach,
    }
}
