//! What operators see: log lines on stderr, metrics, and panics by their place.
//!
//! Nothing a clinician wrote, no token and no query string passes here. The command line starts it
//! once per process; tests that start many nodes in one process share the metrics.

pub mod metric;

use std::io::{self, IsTerminal as _};
use std::panic;

use tracing_subscriber::EnvFilter;

use crate::config::{Format, Telemetry};

pub use metric::{
    BYTES_SENT, CLOSES, COMMANDS, CONNECTIONS, DISK_FREE, ENTRIES, FRAMES_SENT, GROUP_ENTRIES,
    GROUPS, HANDSHAKES_REFUSED, JOINED, Kind, METRICS, Metric, Metrics, PANICS, SCRUB_FOUND,
    SCRUBBED, SNAPSHOTS, STORE_LAG, SYNC_SECONDS, TASKS,
};

/// Telemetry did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one. The configuration refuses it earlier, with its place.
    #[error("failed to read telemetry.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Somebody else in this process writes the log lines.
    #[error("failed to start the log lines: another subscriber is in place")]
    Taken,
}

/// Starts log lines and the panic hook. Once per process, before anything else is started.
pub fn start(config: &Telemetry) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&config.filter)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // A line that cannot be written is lost. To say so on the same stream would be a panic, and the panic
        // hook writes a line as well: a full disk or a closed pipe would end the node.
        .log_internal_errors(false);
    let started = match config.format {
        Format::Json => {
            tracing::subscriber::set_global_default(lines.json().flatten_event(true).finish())
        }
        Format::Text => tracing::subscriber::set_global_default(
            lines.with_ansi(io::stderr().is_terminal()).finish(),
        ),
    };
    started.map_err(|_| TelemetryError::Taken)?;
    watch_panics();
    Ok(())
}

/// Replaces the panic hook by one that names the place only. A panic's message can hold what somebody
/// wrote (`unwrap` prints the value), so it is not written anywhere.
fn watch_panics() {
    panic::set_hook(Box::new(|info| {
        metrics::counter!(PANICS).increment(1);
        let place = info.location();
        tracing::error!(
            file = place.map_or("unknown", panic::Location::file),
            line = place.map_or(0, panic::Location::line),
            thread = std::thread::current().name().unwrap_or("unnamed"),
            "panicked; the message is withheld because it may hold what somebody wrote"
        );
    }));
}
