//! Our own accept loop: axum's has no header timeout and leaves `TCP_NODELAY` off.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::App;

/// Pause after the process ran out of descriptors: accepting at once again would only spin.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Accepts connections until told to stop.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    app: Arc<App>,
    header_timeout: Duration,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let task = one(stream, router.clone(), header_timeout, stop.clone());
                app.tasks.spawn(task);
            }
            Err(error) => {
                if !is_of_one_peer(&error) {
                    tracing::warn!(error = %error, "failed to accept a connection; pausing");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            }
        }
    }
}

/// A peer that hung up before it was accepted is no reason to pause.
fn is_of_one_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn one(stream: TcpStream, router: Router, headers: Duration, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = %error, "failed to switch off Nagle's delay");
    }
    let service = TowerToHyperService::new(router);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(headers);
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A peer's broken HTTP is its own affair; the error text repeats nothing it sent.
        tracing::debug!(error = %error, "an HTTP connection ended early");
    }
}
