//! For operators and their machines: alive, ready, numbers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use metrics::gauge;
use tokio::runtime::Handle;

use super::App;
use crate::log::Health;
use crate::telemetry::metric;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The node can take and keep what is said: it is not draining, and its log can be written.
pub(super) async fn ready(State(app): State<Arc<App>>) -> impl IntoResponse {
    if app.services.drain.borrow().is_some() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    match app.services.log.health() {
        Health::Ready => (StatusCode::OK, "ready\n"),
        Health::Lagging => (StatusCode::SERVICE_UNAVAILABLE, "the log cannot keep up\n"),
        Health::Full => (StatusCode::SERVICE_UNAVAILABLE, "the disk is nearly full\n"),
        Health::Failed => (StatusCode::SERVICE_UNAVAILABLE, "the log cannot be written\n"),
    }
}

/// The metrics, in Prometheus' text format.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    // Read when somebody asks: no place in the code begins or ends all of them.
    #[expect(clippy::cast_precision_loss, reason = "2^52 tasks do not fit into memory")]
    let tasks = Handle::current().metrics().num_alive_tasks() as f64;
    gauge!(metric::TASKS).set(tasks);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render())
}
