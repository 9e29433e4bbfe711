//! The outside: sockets accepted, HTTP answered, sockets upgraded. Holds no rules of rooms.

mod accept;
mod health;
mod origin;
mod pages;
mod upgrade;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use http::{HeaderName, HeaderValue, header};
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;

pub use accept::serve;
pub use origin::Origins;

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
    /// Upgraded sockets open now.
    pub open: AtomicUsize,
    /// Upgraded sockets open at most.
    pub most: usize,
}

impl App {
    fn is_full(&self) -> bool {
        self.open.load(Ordering::Acquire) >= self.most
    }
}

/// All routes.
pub fn router(app: Arc<App>) -> Router {
    let policy = HeaderValue::from_static(wardroom_web::CONTENT_SECURITY_POLICY);
    let set = |name: HeaderName, value| SetResponseHeaderLayer::if_not_present(name, value);
    let fixed = HeaderValue::from_static;
    Router::new()
        .route(wardroom_protocol::SOCKET_PATH, get(upgrade::socket))
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
        .with_state(app)
}
