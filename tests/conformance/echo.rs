//! The echo server: `Inbound` reads, `Gate` writes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wardroom::delivery::{Gate, Pumped, Socket, farewell, frame};
use wardroom::gateway::{Inbound, Incoming};

/// A running echo server; ends with the test's runtime.
pub(crate) struct Echo {
    address: SocketAddr,
    frames: Arc<AtomicU64>,
}

impl Echo {
    /// Serves messages of at most `limit` bytes.
    pub(crate) async fn start(limit: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let frames = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&frames);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, limit, Arc::clone(&counted)));
            }
        });
        Self { address, frames }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Frames that left whole through gates of connections that are over.
    pub(crate) fn frames(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }
}

async fn serve(mut stream: TcpStream, limit: usize, frames: Arc<AtomicU64>) {
    stream.set_nodelay(true).unwrap();
    let Some(first) = handshake(&mut stream).await else { return };
    let socket = Arc::new(Socket::from(stream));
    let gate = Gate::new(Arc::clone(&socket));
    let mut inbound = Inbound::new(limit);
    inbound.feed(&first);
    echo(&socket, &gate, &mut inbound).await;
    frames.fetch_add(gate.frames(), Ordering::Relaxed);
    farewell(&socket, Instant::now() + Duration::from_secs(2)).await;
}

async fn echo(socket: &Socket, gate: &Gate, inbound: &mut Inbound) {
    let mut buffer = vec![0; 64 * 1024];
    let mut closing = false;
    loop {
        while !closing && let Some(incoming) = inbound.take() {
            match incoming {
                Incoming::Text(text) => gate.reply(text.as_bytes()),
                Incoming::Binary(bytes) => gate.line_up(binary(&bytes)),
                Incoming::Ping(pong) => {
                    // One slot for the latest pong: let it leave before the next is made.
                    gate.pong(pong);
                    let _ = gate.pump();
                }
                Incoming::Life => {}
                Incoming::Close(echo) => {
                    gate.close_with(echo);
                    closing = true;
                }
                Incoming::Breach(code) => {
                    gate.close(code);
                    closing = true;
                }
            }
        }
        match gate.pump() {
            Pumped::Over => return,
            Pumped::Blocked => {
                if socket.writable().await.is_err() {
                    return;
                }
                continue;
            }
            Pumped::Idle => {}
        }
        if socket.readable().await.is_err() {
            return;
        }
        match socket.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => inbound.feed(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// A whole binary message; the product has none, so its builder has none.
fn binary(payload: &[u8]) -> Bytes {
    let mut out = BytesMut::from(&frame::text(payload)[..]);
    out[0] = 0x82;
    out.freeze()
}

/// The smallest handshake that does: the key of the request, accepted.
async fn handshake(stream: &mut TcpStream) -> Option<Bytes> {
    let mut request = BytesMut::new();
    let end = loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    };
    let first = request.split_off(end);
    let text = String::from_utf8_lossy(&request);
    let key = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    })?;
    let mut answer = BytesMut::new();
    answer.put_slice(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n");
    answer.put_slice(b"upgrade: websocket\r\nsec-websocket-accept: ");
    answer.put_slice(derive_accept_key(key.as_bytes()).as_bytes());
    answer.put_slice(b"\r\n\r\n");
    stream.write_all(&answer).await.ok()?;
    Some(first.freeze())
}
