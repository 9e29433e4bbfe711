//! The one table of metrics. No label ever holds a person, a room or anything else without a bound.

use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// What kind of number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// A distribution, with these upper bounds.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name, as scraped.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels; each takes few values, all known beforehand.
    pub labels: &'static [&'static str],
    /// What it counts.
    pub help: &'static str,
}

const BATCHES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
const SYNCS: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

macro_rules! metrics_table {
    ($($constant:ident $name:literal $kind:expr, $labels:expr, $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*
        /// Every metric of a node.
        pub static METRICS: &[Metric] = &[$(Metric {
            name: $name,
            kind: $kind,
            labels: &$labels,
            help: $help,
        }),*];
    };
}

metrics_table! {
    CONNECTIONS "wardroom_connections" Kind::Gauge, [], "Connections open now.";
    JOINED "wardroom_joined" Kind::Gauge, [], "Logs joined now, summed over all connections.";
    PRESENT "wardroom_present" Kind::Gauge, [], "People present now, summed over all rooms.";
    ROOMS_OPEN "wardroom_rooms_open" Kind::Gauge, [], "Rooms and mailboxes open now, used or not yet closed.";
    COMMANDS "wardroom_commands_total" Kind::Counter, ["op", "outcome"], "Commands answered, by op and outcome.";
    NOTES_LEFT "wardroom_notes_left_total" Kind::Counter, [], "Notes to mailboxes that were left for now; they are derived again from their entries.";
    ENTRIES "wardroom_entries_total" Kind::Counter, [], "Entries revealed by this node.";
    FRAMES_SENT "wardroom_frames_sent_total" Kind::Counter, [], "Frames written to sockets.";
    BYTES_SENT "wardroom_bytes_sent_total" Kind::Counter, [], "Bytes written to sockets.";
    GROUPS "wardroom_groups_total" Kind::Counter, [], "Groups of entries written to the journal, one sync each.";
    GROUP_ENTRIES "wardroom_group_entries" Kind::Histogram(BATCHES), [], "Entries in one group.";
    SYNC_SECONDS "wardroom_sync_seconds" Kind::Histogram(SYNCS), [], "How long it took to write and sync one group.";
    STORE_LAG "wardroom_store_lag_bytes" Kind::Gauge, [], "Bytes that are in the journal and not yet in the store.";
    TASKS "wardroom_tasks" Kind::Gauge, [], "Tasks of the runtime alive now.";
    DISK_FREE "wardroom_disk_free_bytes" Kind::Gauge, [], "Bytes free on the disk of the data directory.";
    SCRUBBED "wardroom_scrubbed_entries_total" Kind::Counter, [], "Stored entries checked in the background.";
    SCRUB_FOUND "wardroom_scrub_found_total" Kind::Counter, ["outcome"], "What that check found: mended from the journal, missing in every copy, unlinked, not in the index.";
    SNAPSHOTS "wardroom_snapshots_total" Kind::Counter, ["outcome"], "Snapshots of logs, by what became of them: saved, failed, used, absent, ignored, removed.";
    CLOSES "wardroom_closes_total" Kind::Counter, ["code"], "Connections closed, by close code.";
    HANDSHAKES_REFUSED "wardroom_handshakes_refused_total" Kind::Counter, ["reason"], "Handshakes refused, by reason.";
    PANICS "wardroom_panics_total" Kind::Counter, [], "Panics caught; each one is a bug.";
}

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Starts counting, or joins the count that this process already has.
    #[must_use]
    pub fn of_this_process() -> Self {
        static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let recorder = builder().build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_ok() {
                describe();
                keep_up(handle.clone());
            }
            handle
        });
        Self { handle: handle.clone() }
    }

    /// The page that Prometheus scrapes, format 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

fn builder() -> PrometheusBuilder {
    METRICS.iter().fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
        Kind::Histogram(bounds) => builder
            .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
            .expect("the table gives every histogram its bounds"),
        Kind::Counter | Kind::Gauge => builder,
    })
}

fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.help),
        }
        // What has no label shows as 0 from the start, so that an alert never waits for a first event.
        if metric.labels.is_empty() {
            match metric.kind {
                Kind::Counter => metrics::counter!(metric.name).increment(0),
                Kind::Gauge => metrics::gauge!(metric.name).set(0),
                Kind::Histogram(_) => {}
            }
        }
    }
}

/// Histogram samples wait in memory until they are drained into their buckets; without this they
/// would pile up on a node that nobody scrapes.
fn keep_up(handle: PrometheusHandle) {
    let started = thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(5));
            handle.run_upkeep();
        }
    });
    if started.is_err() {
        tracing::warn!("no thread for the metrics; histograms are drained by scrapes only");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_metric_with_its_help() {
        let metrics = Metrics::of_this_process();
        for metric in METRICS {
            match metric.kind {
                Kind::Counter => metrics::counter!(metric.name).increment(1),
                Kind::Gauge => metrics::gauge!(metric.name).increment(1),
                Kind::Histogram(_) => metrics::histogram!(metric.name).record(0.5),
            }
        }
        let page = metrics.render();
        for metric in METRICS {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            let (name, help) = (metric.name, metric.help);
            assert!(page.contains(&format!("# HELP {name} {help}\n")), "{page}");
            assert!(page.contains(&format!("# TYPE {name} {kind}\n")), "{page}");
        }
        assert!(page.contains("wardroom_sync_seconds_bucket{le=\"0.5\"}"));
    }

    #[test]
    fn names_follow_the_conventions_and_no_label_is_without_bound() {
        for metric in METRICS {
            assert!(metric.name.starts_with("wardroom_"));
            assert_eq!(
                metric.name.ends_with("_total"),
                metric.kind == Kind::Counter,
                "{}",
                metric.name
            );
            for label in metric.labels {
                assert!(["op", "outcome", "code", "reason"].contains(label));
            }
        }
    }
}
