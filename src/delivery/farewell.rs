//! The end of a socket, after its close frame.
//!
//! The server ends first, as RFC 6455 (7.1.1) wants it: it sends FIN at once. What the peer still
//! sends is read and dropped until it hangs up, because closing over unread bytes makes the kernel
//! reset the connection, and a reset can take our last frames back.

use std::io::ErrorKind;
use std::net::Shutdown;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// Says goodbye, and waits for the peer's at most until `until`.
pub async fn farewell(socket: &TcpStream, until: Instant) {
    if SockRef::from(socket).shutdown(Shutdown::Write).is_err() {
        // The connection is gone already.
        return;
    }
    let mut rest = [0; 4 * 1024];
    let hang_up = async {
        while socket.readable().await.is_ok() {
            match socket.try_read(&mut rest) {
                Ok(0) => return,
                Err(error) if error.kind() != ErrorKind::WouldBlock => return,
                _ => {}
            }
        }
    };
    // The time limit is the promise; whether the peer was polite is its own affair.
    let _ = timeout_at(until, hang_up).await;
}
