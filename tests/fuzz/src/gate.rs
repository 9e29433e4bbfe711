//! Frames through the write gate, to a peer that takes little at once: what arrives is every frame
//! whole, in order, then the close, then nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{Instant, timeout};
use wardroom::delivery::{Gate, Pumped, Socket, farewell, frame};
use wardroom_protocol::code::CloseCode;

/// Lengths at the borders of RFC 6455's three ways to write them, and beyond one write.
const LENGTHS: [usize; 8] = [0, 1, 125, 126, 127, 4_000, 65_535, 65_536];
/// Frames at most: what a gate may be owed.
const MOST: usize = 64;

/// Each byte is a frame: its low bits say how long it is, all of it what it holds.
pub fn gate(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let bytes = &bytes[..bytes.len().min(MOST)];
        timeout(Duration::from_mins(1), play(bytes)).await.expect("all is out some time");
    });
}

async fn play(bytes: &[u8]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let narrow = TcpSocket::new_v4().expect("a socket");
    narrow.set_recv_buffer_size(2 * 1024).expect("a small buffer");
    let address = listener.local_addr().expect("an address");
    let (client, accepted) = tokio::join!(narrow.connect(address), listener.accept());
    let (mut client, (server, _)) = (client.expect("a client"), accepted.expect("its server"));
    let socket = Arc::new(Socket::from(server));
    let gate = Gate::new(Arc::clone(&socket));
    let payloads = bytes.iter().map(|byte| vec![b' ' | byte; LENGTHS[usize::from(byte % 8)]]);
    let payloads: Vec<_> = payloads.collect();

    let write = async {
        for (number, payload) in payloads.iter().enumerate() {
            gate.reply(payload);
            // Some are in line together, some leave alone.
            if number % 3 == 0 && gate.pump() == Pumped::Blocked {
                tokio::task::yield_now().await;
            }
        }
        gate.close(CloseCode::Drain);
        while gate.pump() == Pumped::Blocked {
            socket.writable().await.expect("the peer reads on");
        }
        farewell(&socket, Instant::now() + Duration::from_secs(2)).await;
    };
    let read = async {
        let mut got = Vec::new();
        let mut piece = [0; 1_500];
        loop {
            match client.read(&mut piece).await.expect("no error before the end") {
                0 => break got,
                length => got.extend_from_slice(&piece[..length]),
            }
            // The peer's own close, so that neither side waits for the other.
            if got.ends_with(&frame::close(CloseCode::Drain)) {
                break got;
            }
        }
    };
    let sent = payloads.iter().map(|payload| frame::text(payload));
    let sent: Vec<_> = sent.chain([frame::close(CloseCode::Drain)]).collect();
    let got = tokio::select! {
        got = read => got,
        () = async { write.await; std::future::pending().await } => unreachable!(),
    };
    assert!(got == sent.concat(), "other bytes arrived than were sent");
    assert_eq!(gate.frames(), sent.len() as u64, "every frame is counted once");
}
