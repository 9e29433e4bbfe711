//! The WebSocket upgrade: RFC 6455's handshake checked whole, then the bare TCP stream handed to
//! the gateway. axum's own upgrade would take any key and any origin.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use metrics::counter;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wardroom_protocol::SUBPROTOCOL;

use super::App;
use crate::gateway;
use crate::telemetry::metric;

/// Why a handshake was refused: a stable name, the status, and what to do.
type Refusal = (&'static str, StatusCode, &'static str);

fn judge(headers: &HeaderMap, app: &App) -> Result<HeaderValue, Refusal> {
    let bad = StatusCode::BAD_REQUEST;
    if !lists(headers, header::CONNECTION, "upgrade")
        || !lists(headers, header::UPGRADE, "websocket")
    {
        return Err((
            "not_websocket",
            StatusCode::UPGRADE_REQUIRED,
            "this address speaks WebSocket only: connect with a WebSocket client",
        ));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err((
            "websocket_version",
            StatusCode::UPGRADE_REQUIRED,
            "this server speaks WebSocket version 13",
        ));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let Some(key) = key.filter(|key| is_key(key)) else {
        return Err((
            "websocket_key",
            bad,
            "Sec-WebSocket-Key is to be sixteen random bytes in base64",
        ));
    };
    if !app.origins.allow(headers.get(header::ORIGIN).map(HeaderValue::as_bytes)) {
        return Err((
            "origin_not_allowed",
            StatusCode::FORBIDDEN,
            "pages of this origin may not connect; an operator can add it to server.allowed_origins",
        ));
    }
    if !lists(headers, header::SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL) {
        return Err((
            "subprotocol",
            bad,
            "offer the sub-protocol wardroom.v1 in Sec-WebSocket-Protocol",
        ));
    }
    if app.services.drain.borrow().is_some() {
        return Err((
            "draining",
            StatusCode::SERVICE_UNAVAILABLE,
            "this node is going away; connect again in a moment",
        ));
    }
    if app.is_full() {
        return Err((
            "busy",
            StatusCode::SERVICE_UNAVAILABLE,
            "this node has no room for another connection; come back later",
        ));
    }
    let accept = derive_accept_key(key);
    HeaderValue::from_str(&accept).map_err(|_| ("websocket_key", bad, "the key is not base64"))
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
    let accept = match judge(request.headers(), &app) {
        Ok(accept) => accept,
        Err((reason, status, text)) => {
            counter!(metric::HANDSHAKES_REFUSED, "reason" => reason).increment(1);
            let body = serde_json::json!({ "error": { "code": reason, "message": text } });
            let mut response = (status, axum::Json(body)).into_response();
            if status == StatusCode::UPGRADE_REQUIRED {
                let fixed = HeaderValue::from_static;
                response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, fixed("13"));
                response.headers_mut().insert(header::UPGRADE, fixed("websocket"));
            }
            if status == StatusCode::SERVICE_UNAVAILABLE {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            return response;
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
        let Some((stream, first)) = bare(upgraded) else {
            return;
        };
        app.open.fetch_add(1, Ordering::AcqRel);
        let _seat = Seat(Arc::clone(&app));
        gateway::serve(Arc::clone(&app.services), stream, first).await;
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

/// A WebSocket's place; given back however its task ends.
struct Seat(Arc<App>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The TCP stream below hyper, and what the client sent right behind its handshake.
fn bare(upgraded: Upgraded) -> Option<(TcpStream, Bytes)> {
    let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        tracing::error!("an upgraded connection is not the TCP stream that was accepted");
        return None;
    };
    Some((parts.io.into_inner(), parts.read_buf))
}
