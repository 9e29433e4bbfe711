//! Handshakes that are refused: a stable code, a status, and what to do. The answer is JSON,
//! `{"code","message"}`, with `Retry-After` where coming again helps.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use metrics::counter;

use super::places::Full;
use crate::telemetry::metric;

/// Why a connection does not become a WebSocket.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    status: StatusCode,
    message: &'static str,
    /// Seconds.
    retry_after: Option<u16>,
}

pub(super) const NOT_WEBSOCKET: Refusal = Refusal {
    code: "not_websocket",
    status: StatusCode::UPGRADE_REQUIRED,
    message: "this address speaks WebSocket only: connect with a WebSocket client",
    retry_after: None,
};

pub(super) const VERSION: Refusal = Refusal {
    code: "websocket_version",
    status: StatusCode::UPGRADE_REQUIRED,
    message: "this server speaks WebSocket version 13",
    retry_after: None,
};

pub(super) const KEY: Refusal = Refusal {
    code: "websocket_key",
    status: StatusCode::BAD_REQUEST,
    message: "Sec-WebSocket-Key is to be sixteen random bytes in base64",
    retry_after: None,
};

pub(super) const ORIGIN: Refusal = Refusal {
    code: "origin_not_allowed",
    status: StatusCode::FORBIDDEN,
    message: "pages of this origin may not connect; an operator can add it to server.allowed_origins",
    retry_after: None,
};

pub(super) const SUBPROTOCOL: Refusal = Refusal {
    code: "subprotocol",
    status: StatusCode::BAD_REQUEST,
    message: "offer the sub-protocol wardroom.v1 in Sec-WebSocket-Protocol",
    retry_after: None,
};

pub(super) const DRAINING: Refusal = Refusal {
    code: "draining",
    status: StatusCode::SERVICE_UNAVAILABLE,
    message: "this node is going away; connect again in a moment",
    retry_after: Some(1),
};

pub(super) const BUSY: Refusal = Refusal {
    code: "busy",
    status: StatusCode::SERVICE_UNAVAILABLE,
    message: "this node has no room for another connection; come back later",
    retry_after: Some(5),
};

pub(super) const ADDRESS: Refusal = Refusal {
    code: "too_many_connections",
    status: StatusCode::TOO_MANY_REQUESTS,
    message: "this address has as many connections open as one may have; close one first",
    retry_after: Some(5),
};

/// Counts a handshake that came to nothing.
pub(super) fn count(reason: &'static str) {
    counter!(metric::HANDSHAKES_REFUSED, "reason" => reason).increment(1);
}

impl Refusal {
    /// For whoever finds no place.
    pub(super) const fn of(full: Full) -> Self {
        match full {
            Full::Node => BUSY,
            Full::Address => ADDRESS,
        }
    }

    fn body(&self) -> String {
        serde_json::json!({ "code": self.code, "message": self.message }).to_string()
    }

    /// The answer to a request.
    pub(super) fn response(&self) -> Response {
        let fixed = HeaderValue::from_static;
        let mut response =
            (self.status, [(header::CONTENT_TYPE, fixed("application/json"))], self.body())
                .into_response();
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
        if self.status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::SEC_WEBSOCKET_VERSION, fixed("13"));
            headers.insert(header::UPGRADE, fixed("websocket"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    /// The same for a peer whose request is not waited for, byte by byte.
    pub(super) fn unasked(&self) -> Vec<u8> {
        let body = self.body();
        let retry = self.retry_after.unwrap_or(1);
        let (status, length) = (self.status, body.len());
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nretry-after: {retry}\r\nconnection: close\r\n\r\n{body}"
        )
        .into_bytes()
    }
}
