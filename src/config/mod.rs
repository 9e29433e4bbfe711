//! Every knob of a node: its name, default, bounds and meaning.
//!
//! Four layers, the stronger first: flag, environment (`WARDROOM_SECTION__KEY`), `wardroom.toml`,
//! default. What is not understood is an error that names its place; nothing is ignored. This module
//! binds nothing and opens nothing but the file. The command line calls it; `server` hands the parts
//! down as small plain structs.

mod environment;
mod file;
mod issuer;
mod knob;
mod place;
mod raw;
mod rules;
mod template;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

pub use issuer::{Algorithm, Issuer};
pub use knob::{KNOBS, Knob};
pub use place::{ConfigError, Place, Problem};
pub use raw::Format;
pub use template::template;

use file::Given;
use raw::Raw;

/// The file looked for in the working directory when none is named.
pub const DEFAULT_FILE: &str = "wardroom.toml";

/// All of it. `Config::default()` is what a node runs with when nothing is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// This node's name: `[a-z0-9-]{1,64}`, unique in its cluster.
    pub node: String,
    /// The directory that holds everything that lasts. Relative to the working directory.
    pub data: PathBuf,
    /// Keep the logs in memory only.
    pub ephemeral: bool,
    /// Where and how it listens.
    pub server: Server,
    /// What one connection may ask for.
    pub limits: Limits,
    /// Whose tokens count.
    pub auth: Auth,
    /// The key material.
    pub keys: Keys,
    /// Journal and store.
    pub log: LogSection,
    /// What operators see.
    pub telemetry: Telemetry,
}

/// Where and how a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The address. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Written once the node serves: `{"url","socket","pid"}`.
    pub ready_file: Option<PathBuf>,
    /// Browser origins allowed beside the node's own loopback ones.
    pub allowed_origins: Vec<String>,
    /// A proxy that ends TLS stands in front; allows an address that other machines reach, and its
    /// word on who connects is believed.
    pub trusted_proxy: bool,
    /// The certificate chain in PEM, the node's own first. With it the node ends TLS itself.
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key in PEM.
    pub tls_key: Option<PathBuf>,
    /// How long a drain may take, seconds.
    pub drain_seconds: u64,
    /// WebSocket connections open at once.
    pub max_connections: usize,
    /// WebSocket connections open at once from one address; 0 is as many as there are.
    pub max_per_address: usize,
    /// Connections at once that are not upgraded yet: in their handshakes, or speaking plain HTTP.
    pub max_handshakes: usize,
}

/// What one connection may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest inbound frame, bytes.
    pub frame_bytes: usize,
    /// Logs joined at once.
    pub logs_per_connection: usize,
    /// Entries in one history page.
    pub history_page: u32,
    /// Messages one person may send per second.
    pub messages_per_second: u32,
    /// Messages one person may send at once after a pause.
    pub burst: u32,
    /// `hello` is due within this many seconds.
    pub hello_seconds: u64,
    /// The server pings about this often, seconds.
    pub ping_seconds: u64,
    /// A connection silent for this many seconds is gone.
    pub silent_seconds: u64,
    /// A write that is blocked for this many seconds ends the connection.
    pub write_timeout_seconds: u64,
    /// HTTP headers are due within this many seconds.
    pub header_seconds: u64,
    /// A room or mailbox that nobody has used for this many seconds is closed.
    pub idle_room_seconds: u64,
}

/// Whose tokens count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// Whether tokens of the development key count.
    pub development: bool,
    /// The issuer that the development key signs for.
    pub development_issuer: String,
    /// The identity providers, each with a name of its own.
    pub issuers: Vec<Issuer>,
}

/// The key material.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The wrapping key's file, when it does not lie beside the master keys.
    pub wrapping_file: Option<PathBuf>,
}

/// Journal and store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSection {
    /// Size of a journal segment, MiB.
    pub segment_mib: u64,
    /// Memory the store may use as cache, MiB.
    pub cache_mib: u64,
    /// After a redaction the store is rebuilt within this many hours.
    pub rebuild_hours: u64,
    /// A folder that closed segments are moved to, perhaps on another disk.
    pub archive: Option<PathBuf>,
    /// With an archive: this many closed segments stay.
    pub keep_segments: u64,
    /// Stored entries checked in a second; 0 for none.
    pub scrub_entries: u64,
    /// Nothing new is taken while the disk has fewer free MiB.
    pub min_free_mib: u64,
}

/// What operators see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// How log lines look.
    pub format: Format,
    /// Which log lines are written, e.g. `info` or `wardroom=debug`.
    pub filter: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node: "node-1".to_owned(),
            data: PathBuf::from("./wardroom-data"),
            ephemeral: false,
            server: Server::default(),
            limits: Limits::default(),
            auth: Auth::default(),
            keys: Keys::default(),
            log: LogSection::default(),
            telemetry: Telemetry::default(),
        }
    }
}

impl Server {
    /// The files of certificate and key, if the node ends TLS itself.
    #[must_use]
    pub fn tls(&self) -> Option<(&Path, &Path)> {
        Some((self.tls_cert.as_deref()?, self.tls_key.as_deref()?))
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7420)),
            ready_file: None,
            allowed_origins: Vec::new(),
            trusted_proxy: false,
            tls_cert: None,
            tls_key: None,
            drain_seconds: 10,
            max_connections: 20_000,
            max_per_address: 0,
            max_handshakes: 4_096,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_bytes: 64 * 1024,
            logs_per_connection: 128,
            history_page: 200,
            messages_per_second: 20,
            burst: 40,
            hello_seconds: 5,
            ping_seconds: 25,
            silent_seconds: 45,
            write_timeout_seconds: 90,
            header_seconds: 10,
            idle_room_seconds: 300,
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            development: true,
            development_issuer: "wardroom-dev".to_owned(),
            issuers: Vec::new(),
        }
    }
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            segment_mib: 64,
            cache_mib: 64,
            rebuild_hours: 24,
            archive: None,
            keep_segments: 4,
            scrub_entries: 200,
            min_free_mib: 256,
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { format: Format::Text, filter: "info".to_owned() }
    }
}

/// Which file to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConfigFile {
    /// `wardroom.toml` in the working directory, if there is one.
    #[default]
    IfPresent,
    /// This one; it must exist.
    Named(PathBuf),
    /// None at all.
    None,
}

/// A value given by a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The flag, e.g. `--listen`.
    pub name: &'static str,
    /// The knob it turns, e.g. `server.listen`.
    pub knob: &'static str,
    /// The value, as text.
    pub value: String,
}

/// Where the layers come from. The environment is an argument so that a test can give its own.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file.
    pub file: ConfigFile,
    /// Variables; only names that begin with `WARDROOM_` are looked at. A value that is not Unicode is
    /// none that a knob takes.
    pub environment: Vec<(String, OsString)>,
    /// Flags, the strongest layer.
    pub flags: Vec<Flag>,
}

/// A configuration, and where each value came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The values in force.
    pub config: Config,
    /// The file read, if any.
    pub file: Option<PathBuf>,
    /// Where each knob was set; one that is missing has its default.
    pub origins: BTreeMap<&'static str, Place>,
}

impl Loaded {
    /// Lays the layers over each other and checks the whole. All problems are reported at once.
    pub fn from_sources(sources: &Sources) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let file = file::read(&sources.file, &mut problems)?;
        let mut given = file.given;
        environment::read(&sources.environment, &mut given, &mut problems);
        given.extend(sources.flags.iter().map(|flag| Given {
            knob: Knob::named(flag.knob).expect("every flag turns a knob of the table"),
            raw: Raw::Loose(flag.value.clone()),
            place: Place::Flag(flag.name),
        }));

        let mut loaded =
            Self { config: Config::default(), file: file.path, origins: BTreeMap::new() };
        loaded.config.auth.issuers = file.issuers;
        for Given { knob, raw, place } in given {
            if knob.turn(&mut loaded.config, &raw) {
                loaded.origins.insert(knob.name, place);
            } else {
                problems.push(Problem::wrong_value(place, knob, &raw));
            }
        }
        rules::check(&loaded, &mut problems);
        problems.sort_by_key(|problem| problem.place.line());
        if problems.is_empty() { Ok(loaded) } else { Err(ConfigError::Problems(problems)) }
    }
}

#[cfg(test)]
mod tests;
