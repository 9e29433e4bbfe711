//! Our own accept loop: axum's has no header timeout and leaves `TCP_NODELAY` off.
//!
//! A connection has a place among the handshakes until it is upgraded. TLS, if it is on, and the
//! first request's headers share one deadline; whatever is not a WebSocket has a longest life.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::backoff::Backoff;
use super::refusal::{self, Refusal};
use super::{App, Tls};
use crate::delivery::{Socket, farewell};

/// Peers that are being told that there is no room. Beyond these a connection is cut without a word.
const TURNED_AWAY: usize = 64;
/// How long telling may take.
const TELLING: Duration = Duration::from_secs(1);

/// How long what is no WebSocket may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For TLS and the first request's headers together, and for the headers of every later one.
    pub headers: Duration,
    /// For all requests and answers of one connection.
    pub life: Duration,
}

/// Bytes that the system takes for a peer that does not read, beyond what is on its way. What it does
/// not take stays in the log. Without this it takes some megabytes, and says that it takes more only
/// once a third of them has gone, so that a slow reader would look like one that stands still.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 128 * 1024;

/// Bytes of headers, and of an answer that the peer does not take.
const HEADERS: usize = 32 * 1024;

/// Who opened a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Accepts connections until told to stop.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    app: Arc<App>,
    patience: Patience,
    stop: CancellationToken,
) {
    let telling = Arc::new(Semaphore::new(TURNED_AWAY));
    let mut backoff = Backoff::default();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                backoff.succeeded();
                let refused = match app.places.handshake(peer.ip()) {
                    Ok(place) => {
                        let (router, tls, stop) = (router.clone(), app.tls.clone(), stop.clone());
                        app.tasks.spawn(async move {
                            one(stream, peer, router, tls, patience, stop).await;
                            drop(place);
                        });
                        continue;
                    }
                    Err(full) => Refusal::of(full),
                };
                refusal::count(refused.code);
                // Nobody can be told anything under TLS before its handshake, which is what has no room.
                if app.tls.is_none()
                    && let Ok(permit) = Arc::clone(&telling).try_acquire_owned()
                {
                    app.tasks.spawn(turn_away(stream, refused, permit));
                }
            }
            Err(error) if is_of_one_peer(&error) => {}
            Err(error) => tokio::time::sleep(backoff.failed(&error)).await,
        }
    }
}

/// A peer that hung up before it was accepted is no reason to pause.
fn is_of_one_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Answers without waiting for the request.
async fn turn_away(mut stream: TcpStream, refused: Refusal, _permit: OwnedSemaphorePermit) {
    let until = Instant::now() + TELLING;
    let answer = refused.unasked();
    if let Ok(Ok(())) = timeout_at(until, stream.write_all(&answer)).await {
        farewell(&Socket::from(stream), until).await;
    }
}

fn tune(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(UNSENT)?;
    Ok(())
}

async fn one(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    tls: Option<Arc<Tls>>,
    patience: Patience,
    stop: CancellationToken,
) {
    if let Err(error) = tune(&SockRef::from(&stream)) {
        tracing::debug!(error = %error, "failed to set a socket's options");
    }
    let peer = Peer(peer.ip());
    let Some(tls) = tls else {
        return http(TokioIo::new(stream), peer, router, patience, stop).await;
    };
    // Apart, so that a connection without TLS has no room for it in its task.
    Box::pin(under_tls(stream, peer, router, &tls, patience, stop)).await;
}

async fn under_tls(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    tls: &Tls,
    patience: Patience,
    stop: CancellationToken,
) {
    let began = Instant::now();
    let shaken = tokio::select! {
        () = stop.cancelled() => return,
        shaken = timeout_at(began + patience.headers, tls.acceptor().accept(stream)) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => {
            let headers = patience.headers.saturating_sub(began.elapsed());
            let patience = Patience { headers, ..patience };
            http(TokioIo::new(stream), peer, router, patience, stop).await;
        }
        // The error text is of TLS and repeats nothing that was sent.
        Ok(Err(error)) => {
            refusal::count("tls");
            tracing::debug!(error = %error, "a TLS handshake failed");
        }
        Err(_) => {
            refusal::count("tls");
            tracing::debug!("a TLS handshake took too long");
        }
    }
}

/// Speaks HTTP until the peer has gone, is upgraded, or has taken too long.
async fn http<S>(stream: S, peer: Peer, router: Router, patience: Patience, stop: CancellationToken)
where
    S: Read + Write + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(Body::new))
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.headers).max_buf_size(HEADERS);
    let connection = http.serve_connection(stream, service).with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = tokio::time::sleep(patience.life) => {
            // What is being answered is answered still. Somebody who takes that byte by byte does not
            // keep a place.
            connection.as_mut().graceful_shutdown();
            let Ok(ended) = tokio::time::timeout(patience.headers, connection).await else {
                return tracing::debug!("an HTTP connection took too long");
            };
            ended
        }
    };
    if let Err(error) = ended {
        // A peer's broken HTTP is its own affair; the error text repeats nothing it sent.
        tracing::debug!(error = %error, "an HTTP connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;
    use axum::routing::get;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    /// What the sockets below hyper say of themselves once they are handed over.
    #[tokio::test]
    async fn nagles_delay_is_off_on_every_socket() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (tell, mut told) = tokio::sync::mpsc::channel(1);
        let upgrade = async move |mut request: Request| {
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let parts = upgrade.await.expect("an upgrade").downcast::<TokioIo<TcpStream>>();
                let stream = parts.expect("the stream that was accepted").io.into_inner();
                tell.send(stream.nodelay().expect("an option")).await.expect("a test that waits");
            });
            (http::StatusCode::SWITCHING_PROTOCOLS, [("connection", "upgrade"), ("upgrade", "x")])
        };
        let router = Router::new().route("/", get(upgrade));
        let patience = Patience { headers: TELLING, life: TELLING };
        tokio::spawn(async move {
            let (stream, peer) = listener.accept().await.expect("a connection");
            let stop = CancellationToken::new();
            one(stream, peer, router, None, patience, stop).await;
        });
        let mut peer = TcpStream::connect(address).await.expect("a connection");
        let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
        peer.write_all(request).await.expect("sent");
        assert_eq!(told.recv().await, Some(true));
        assert_ne!(peer.read(&mut [0; 16]).await.expect("an answer"), 0);
    }
}
