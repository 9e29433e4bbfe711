//! The end of a socket, after its close frame.
//!
//! The server ends first, as RFC 6455 (7.1.1) wants it: it sends FIN at once. What the peer still
//! sends is read and dropped until it hangs up, because closing over unread bytes makes the kernel
//! reset the connection, and a reset can take our last frames back.

use tokio::time::{Instant, timeout_at};

use super::Socket;

/// Says goodbye, and waits for the peer's at most until `until`.
pub async fn farewell(socket: &Socket, until: Instant) {
    if socket.finish().is_err() {
        // The connection is gone already.
        return;
    }
    // The time limit is the promise; whether the peer was polite is its own affair.
    let _ = timeout_at(until, socket.drop_input()).await;
}
