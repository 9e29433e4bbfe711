//! The WebSocket upgrade: RFC 6455's handshake checked whole, then the bare socket handed to the
//! gateway. axum's own upgrade would take any key and any origin.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wardroom_protocol::SUBPROTOCOL;

use super::App;
use super::accept::Peer;
use super::places::Seat;
use super::refusal::{self, Refusal};
use crate::delivery::Socket;
use crate::gateway;

fn judge(headers: &HeaderMap, app: &App) -> Result<HeaderValue, Refusal> {
    if !lists(headers, header::CONNECTION, "upgrade")
        || !lists(headers, header::UPGRADE, "websocket")
    {
        return Err(refusal::NOT_WEBSOCKET);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(refusal::VERSION);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let key = key.filter(|key| is_key(key)).ok_or(refusal::KEY)?;
    if !app.origins.allow(headers.get(header::ORIGIN).map(HeaderValue::as_bytes)) {
        return Err(refusal::ORIGIN);
    }
    if !lists(headers, header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        return Err(refusal::SUBPROTOCOL);
    }
    if app.services.drain.borrow().is_some() {
        return Err(refusal::DRAINING);
    }
    HeaderValue::from_str(&derive_accept_key(key)).map_err(|_| refusal::KEY)
}

/// Who asks: the peer, or whom a trusted proxy names last. What stands further left in that header was
/// written by somebody else.
fn address(request: &Request, app: &App) -> IpAddr {
    let forwarded = app.trusted_proxy.then(|| {
        let value = request.headers().get_all("x-forwarded-for").iter().next_back()?;
        value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    });
    let peer = || request.extensions().get::<Peer>().map(|peer| peer.0);
    forwarded.flatten().or_else(peer).unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}

/// The answer's key and a seat, or why not.
fn admit(request: &Request, app: &App) -> Result<(HeaderValue, Seat), Refusal> {
    let accept = judge(request.headers(), app)?;
    let seat = app.places.seat(address(request, app)).map_err(Refusal::of)?;
    Ok((accept, seat))
}

/// Whether a comma-separated header names a token.
fn lists(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
}

fn is_key(key: &[u8]) -> bool {
    data_encoding::BASE64.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

/// `GET /v1/socket`.
pub(super) async fn socket(State(app): State<Arc<App>>, mut request: Request) -> Response {
    let (accept, seat) = match admit(&request, &app) {
        Ok(admitted) => admitted,
        Err(refused) => {
            refusal::count(refused.code);
            return refused.response();
        }
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => {
                tracing::debug!(error = %error, "a peer left during its upgrade");
                return;
            }
        };
        if let Some((socket, first)) = bare(upgraded) {
            gateway::serve(Arc::clone(&app.services), socket, first).await;
        }
        drop(seat);
    });
    let fixed = HeaderValue::from_static;
    (
        StatusCode::SWITCHING_PROTOCOLS,
        [
            (header::CONNECTION, fixed("upgrade")),
            (header::UPGRADE, fixed("websocket")),
            (header::SEC_WEBSOCKET_PROTOCOL, fixed(SUBPROTOCOL)),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
        ],
    )
        .into_response()
}

/// The socket below hyper, and what the client sent right behind its handshake.
fn bare(upgraded: Upgraded) -> Option<(Socket, Bytes)> {
    let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => return Some((parts.io.into_inner().into(), parts.read_buf)),
        Err(upgraded) => upgraded,
    };
    let Ok(parts) = upgraded.downcast::<TokioIo<TlsStream<TcpStream>>>() else {
        tracing::error!("an upgraded connection is not the stream that was accepted");
        return None;
    };
    let (stream, session) = parts.io.into_inner().into_inner();
    Some((Socket::under_tls(stream, session), parts.read_buf))
}
