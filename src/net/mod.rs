//! The outside: sockets accepted, HTTP answered, sockets upgraded. Holds no rules of rooms.

mod accept;
mod backoff;
mod descriptors;
mod health;
mod origin;
mod pages;
mod places;
mod refusal;
mod tls;
mod upgrade;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::{HeaderName, HeaderValue, header};
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;

pub use accept::{Patience, serve};
pub use descriptors::for_sockets;
pub use origin::Origins;
pub use places::Places;
pub use tls::{Tls, TlsError};

use crate::gateway::Services;
use crate::telemetry::Metrics;

/// HTTP bodies are not read by any route yet; this bounds what one could be sent.
const BODY: usize = 64 * 1024;

/// What HTTP handlers share.
pub struct App {
    /// The node.
    pub services: Arc<Services>,
    /// Which browsers' pages may connect.
    pub origins: Origins,
    /// Numbers.
    pub metrics: Metrics,
    /// Counts connections' tasks.
    pub tasks: TaskTracker,
    /// How many may be here at once.
    pub places: Arc<Places>,
    /// The certificate, if this node ends TLS itself.
    pub tls: Option<Arc<Tls>>,
    /// A proxy stands in front, whose word on who connects is believed.
    pub trusted_proxy: bool,
}

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    let policy = HeaderValue::from_static(wardroom_web::CONTENT_SECURITY_POLICY);
    let set = |name: HeaderName, value| SetResponseHeaderLayer::if_not_present(name, value);
    let fixed = HeaderValue::from_static;
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .fallback(pages::page)
        .layer(RequestBodyLimitLayer::new(BODY))
        .layer(set(header::CONTENT_SECURITY_POLICY, policy))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, fixed("nosniff")))
        .layer(set(header::REFERRER_POLICY, fixed("no-referrer")))
        .layer(set(HeaderName::from_static("cross-origin-opener-policy"), fixed("same-origin")))
        .layer(CatchPanicLayer::new())
        // Below the layers, which are for what browsers show: each costs a connection microseconds, and
        // a hospital's reconnect all at once. A bug here ends its own connection's task.
        .route(wardroom_protocol::SOCKET_PATH, get(upgrade::socket))
        .with_state(app)
}
