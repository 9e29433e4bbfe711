//! The command line.

mod value;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde::Serialize;

pub use value::Threshold;
use value::{rate, span, threshold};

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// A few rooms for a few seconds: does it work at all?
    Smoke,
    /// One room, many members: what a delivery costs
    Fanout,
    /// Many rooms, some members each
    Rooms,
    /// Posts acknowledged per second beside a probe of the disk
    Durable,
    /// One reader, one whole room, as fast as it goes
    Replay,
    /// Joined connections that say nothing: memory each, joins per second
    Idle,
    /// Joins at random positions during the load: no gap, no double
    Latecomers,
    /// A reader that stalls, and what the others notice
    SlowReaders,
    /// Everybody is cut off and comes back
    ResumeStorm,
    /// Members come and go during the load
    Churn,
    /// A node's busy day, many times as fast: does all of it return to its level?
    Soak,
}

/// What to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// One bare write per member and message, nothing else
    Floor,
    /// A redis-server that syncs every write: durable only
    Redis,
    /// The same server and load without what is added: the stalled reader, or the idle rooms
    Without,
    /// The same server and load with a tenth of the idle rooms
    Tenth,
}

impl Baseline {
    /// Its name in figures.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Redis => "redis",
            Self::Without => "without",
            Self::Tenth => "tenth",
        }
    }
}

/// The flags.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "wardroom-loadtest",
    version,
    about = "Puts load on a Wardroom: correctness first, then cost",
    args_override_self = true
)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line that are there or not")]
#[command(after_help = "Exit codes: 0 pass, 1 a threshold failed, 2 the run could not be made, \
    3 a promise was broken, 4 the generator was the bottleneck, or late where a bar is on \
    latencies.")]
pub struct Options {
    /// What to do
    pub scenario: Scenario,
    /// A server that runs already, e.g. `ws://127.0.0.1:7420`
    #[arg(long, value_name = "WS", required_unless_present_any = ["spawn", "bundling_floor"], conflicts_with = "spawn")]
    pub url: Option<String>,
    /// With --url: the author's token (roles moderator and import), then members' tokens
    #[arg(long = "token", value_name = "T", requires = "url")]
    pub tokens: Vec<String>,
    /// Start this wardroom binary for the run
    #[arg(long, value_name = "PATH")]
    pub spawn: Option<PathBuf>,
    /// In place of a server the floor, writing each member the frames of all messages in flight at once:
    /// what no server can do with less
    #[arg(long, conflicts_with_all = ["url", "spawn", "ephemeral", "tls"], requires = "baseline")]
    pub bundling_floor: bool,
    /// With --spawn: logs in memory only
    #[arg(long, conflicts_with = "url")]
    pub ephemeral: bool,
    /// With --spawn: the server ends TLS, with a certificate made for the run
    #[arg(long, conflicts_with = "url")]
    pub tls: bool,
    /// With --spawn: so many people are the members, each with a token that the server sees first in
    /// this run; fewer of them than members have several devices each
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub people: u32,
    /// With --spawn: its data directory [default: a temporary one]
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub data: Option<PathBuf>,
    /// Rooms
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rooms: Option<u32>,
    /// Members of each room
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub members: Option<u32>,
    /// Smoke, fanout, rooms: so many rooms more, in which nobody says anything
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "idle_members")]
    pub idle_rooms: Option<u32>,
    /// Connections joined in each of those
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000), requires = "idle_rooms")]
    pub idle_members: Option<u32>,
    /// Open model: messages per second over all rooms, e.g. 200/s
    #[arg(long, value_name = "R/s", value_parser = rate, conflicts_with = "in_flight")]
    pub rate: Option<f64>,
    /// Closed window: messages of each room on their way at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4_096))]
    pub in_flight: Option<u32>,
    /// How long to measure
    #[arg(long = "for", value_name = "10s", value_parser = span)]
    pub length: Option<Duration>,
    /// How long to run before measuring
    #[arg(long, value_name = "2s", value_parser = span)]
    pub warmup: Option<Duration>,
    /// Bytes of each message's text
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=32_768))]
    pub bytes: u32,
    /// Seed of every random choice
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Joins of latecomers and churn, entries of replay
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub count: Option<u64>,
    /// Write the result as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write one self-contained HTML report
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Run this beside it, in pairs
    #[arg(long, conflicts_with = "url")]
    pub baseline: Option<Baseline>,
    /// How many pairs, or runs without --baseline
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub pairs: u32,
    /// Fail with 1 unless e.g. `deliver_p99_ms<50` or `posts_per_s>1000`; of several runs the end of
    /// the 95 % interval counts that is nearer to the bar, and all of them must have the figure: an
    /// overloaded run leaves latencies out; may be repeated
    #[arg(long = "threshold", value_name = "FIGURE<N", value_parser = threshold)]
    pub thresholds: Vec<Threshold>,
    /// Say nothing while it runs
    #[arg(long)]
    pub quiet: bool,
    /// Put load on a server of another machine: you run it and want this
    #[arg(long)]
    pub i_operate_this_server: bool,
}

/// The flags of the floor's own mode.
#[derive(Clone, Debug, Parser)]
#[command(name = "wardroom-loadtest floor-server", about = "The floor, as a server of its own")]
pub struct FloorOptions {
    /// Written once it serves: socket and pid
    #[arg(long, value_name = "FILE")]
    pub ready_file: PathBuf,
    /// Write each member the frames of so many messages at once, and hold them back until then
    #[arg(long, value_name = "MESSAGES", default_value_t = 1)]
    pub bundle: u32,
    /// Break a promise on purpose, to see the load tester turn red
    #[arg(long = "break", value_name = "HOW")]
    pub broken: Option<Break>,
}

/// How the floor breaks a promise: the room's first member, the fifth message; or every member, at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Break {
    /// It never comes
    Drop,
    /// It comes twice
    Double,
    /// It comes after the sixth
    Swap,
    /// It comes with other words
    Alter,
    /// Whoever has joined is cut off
    Cut,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_fit_together() {
        use clap::CommandFactory as _;
        Options::command().debug_assert();
        FloorOptions::command().debug_assert();
        for wrong in [
            "x smoke",
            "x smoke --url ws://a --spawn b",
            "x smoke --spawn b --rate 1 --in-flight 1",
            "x smoke --url ws://a --baseline floor",
            "x walk --spawn b",
            "x fanout --spawn b --idle-rooms 3",
            "x smoke --url ws://a --tls",
            "x rooms --bundling-floor",
            "x rooms --bundling-floor --spawn b --baseline floor",
        ] {
            assert!(Options::try_parse_from(wrong.split(' ')).is_err(), "{wrong}");
        }
    }
}
