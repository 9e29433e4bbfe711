//! The table of knobs: the one place that names them. File, environment, `config check` and the
//! help text all read it, so none of them can know a key that the others do not.

use std::ops::RangeInclusive;

use super::Config;
use super::raw::{Raw, Setting as _};

/// One knob.
#[derive(Debug)]
pub struct Knob {
    /// Its full name, e.g. `server.listen`.
    pub name: &'static str,
    /// What it is for, one line.
    pub doc: &'static str,
    turn: fn(&mut Config, &Raw) -> bool,
    show: fn(&Config) -> String,
    expected: fn() -> String,
}

const ANY: RangeInclusive<u64> = 0..=u64::MAX;

macro_rules! knobs {
    ($($doc:literal $first:ident $(. $rest:ident)* $(in $within:expr)?;)*) => {
        /// Every knob, in the order of `wardroom.toml`.
        pub static KNOBS: &[Knob] = &[$(Knob {
            name: concat!(stringify!($first) $(, ".", stringify!($rest))*),
            doc: $doc,
            turn: |config, raw| config.$first$(.$rest)*.accept(raw, &within([$($within)?])),
            show: |config| config.$first$(.$rest)*.show(),
            expected: || Config::default().$first$(.$rest)*.expected(&within([$($within)?])),
        }),*];
    };
}

fn within<const N: usize>(given: [RangeInclusive<u64>; N]) -> RangeInclusive<u64> {
    given.into_iter().next().unwrap_or(ANY)
}

knobs! {
    "this node's name, unique in its cluster" node;
    "directory for everything that lasts" data;
    "keep the logs in memory only" ephemeral;
    "address to listen on; port 0 takes a free one" server.listen;
    "written once the node serves: url, socket, pid" server.ready_file;
    "browser origins allowed beside this machine's own" server.allowed_origins;
    "a proxy that ends TLS stands in front" server.trusted_proxy;
    "certificate chain in PEM; with it the node ends TLS itself, SIGHUP reads it again" server.tls_cert;
    "private key of the certificate, in PEM" server.tls_key;
    "how long a drain may take" server.drain_seconds in 0..=600;
    "WebSockets open at once" server.max_connections in 1..=1_000_000;
    "WebSockets open at once from one address; 0: no limit of its own" server.max_per_address in 0..=1_000_000;
    "connections at once that are not upgraded yet" server.max_handshakes in 1..=1_000_000;
    "largest inbound frame, bytes" limits.frame_bytes in 1_024..=65_536;
    "logs joined at once on one connection" limits.logs_per_connection in 1..=4_096;
    "entries in one history page" limits.history_page in 1..=200;
    "messages per person and second" limits.messages_per_second in 1..=100_000;
    "messages per person at once after a pause" limits.burst in 1..=100_000;
    "hello is due within" limits.hello_seconds in 1..=60;
    "the server pings about this often" limits.ping_seconds in 1..=600;
    "a silent connection is gone after" limits.silent_seconds in 2..=3_600;
    "a blocked write ends the connection after" limits.write_timeout_seconds in 1..=3_600;
    "HTTP headers are due within" limits.header_seconds in 1..=60;
    "a room that nobody uses is closed after" limits.idle_room_seconds in 1..=86_400;
    "tokens of this node's development key count" auth.development;
    "issuer that the development key signs for" auth.development_issuer;
    "file of the wrapping key, if not in the data directory" keys.wrapping_file;
    "size of a journal segment, MiB" log.segment_mib in 1..=1_024;
    "memory for the store's cache, MiB" log.cache_mib in 1..=65_536;
    "after a redaction the store is rebuilt within, hours" log.rebuild_hours in 1..=24;
    "closed journal segments are moved to this folder" log.archive;
    "closed segments that stay, if there is an archive" log.keep_segments in 0..=1_000_000;
    "stored entries checked in a second; 0 for none" log.scrub_entries in 0..=1_000_000;
    "nothing new is taken while the disk has less free, MiB" log.min_free_mib in 0..=1_048_576;
    "how log lines look: text or json" telemetry.format;
    "which log lines are written (also WARDROOM_LOG)" telemetry.filter;
}

impl Knob {
    /// The knob with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        KNOBS.iter().find(|knob| knob.name == name)
    }

    /// Its variable, e.g. `WARDROOM_SERVER__LISTEN`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("WARDROOM_{}", self.name.replace('.', "__").to_uppercase())
    }

    /// The unit of its number; the last word of the name says it: `hello_seconds`.
    #[must_use]
    pub fn unit(&self) -> Option<&'static str> {
        match self.name.rsplit(['.', '_']).next()? {
            "seconds" => Some("seconds"),
            "hours" => Some("hours"),
            "mib" => Some("MiB"),
            "bytes" => Some("bytes"),
            _ => None,
        }
    }

    /// Its value in a configuration, as one would write it in `wardroom.toml` and as JSON has it;
    /// empty when unset. Fit for everybody's eyes: a secret comes by a knob whose name ends in
    /// `_file`, and of that one the path is shown, never what the file holds.
    #[must_use]
    pub fn show(&self, config: &Config) -> String {
        (self.show)(config)
    }

    /// What it takes, in words: `a whole number from 1 to 200`.
    #[must_use]
    pub fn expected(&self) -> String {
        (self.expected)()
    }

    /// Sets it. False, and nothing changed, if the value is not what it takes.
    pub(super) fn turn(&self, config: &mut Config, raw: &Raw) -> bool {
        (self.turn)(config, raw)
    }
}
