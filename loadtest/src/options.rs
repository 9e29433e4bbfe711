//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde::Serialize;

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
}

/// Another server to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// One bare write per member and message, nothing else
    Floor,
}

/// The flags.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "wardroom-loadtest",
    version,
    about = "Puts load on a Wardroom: correctness first, then cost"
)]
#[command(after_help = "Exit codes: 0 pass, 1 a threshold failed, 2 the run could not be made, \
    3 a promise was broken, 4 the generator was the bottleneck.")]
pub struct Options {
    /// What to do
    pub scenario: Scenario,
    /// A server that runs already, e.g. `ws://127.0.0.1:7420`
    #[arg(long, value_name = "WS", required_unless_present = "spawn", conflicts_with = "spawn")]
    pub url: Option<String>,
    /// With --url: the author's token (roles moderator and import), then members' tokens
    #[arg(long = "token", value_name = "T", requires = "url")]
    pub tokens: Vec<String>,
    /// Start this wardroom binary for the run
    #[arg(long, value_name = "PATH")]
    pub spawn: Option<PathBuf>,
    /// With --spawn: logs in memory only
    #[arg(long, conflicts_with = "url")]
    pub ephemeral: bool,
    /// With --spawn: its data directory [default: a temporary one]
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    pub data: Option<PathBuf>,
    /// Rooms
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rooms: Option<u32>,
    /// Members of each room
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub members: Option<u32>,
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
    /// Fail with 1 unless e.g. `deliver_p99_ms<50` or `posts_per_s>1000`; may be repeated
    #[arg(long = "threshold", value_name = "FIGURE<N", value_parser = threshold)]
    pub thresholds: Vec<Threshold>,
    /// Put load on a server of another machine: you run it and want this
    #[arg(long)]
    pub i_operate_this_server: bool,
}

/// A bar for one figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The figure's name.
    pub figure: String,
    /// Whether it must stay below; otherwise it must be above.
    pub below: bool,
    /// The bar.
    pub bar: f64,
}

fn threshold(text: &str) -> Result<Threshold, String> {
    let at = text.find(['<', '>']).ok_or("a threshold looks like deliver_p99_ms<50")?;
    let bar = text[at + 1..].trim().parse().map_err(|_| "the bar is not a number".to_owned())?;
    let figure = text[..at].trim().to_owned();
    Ok(Threshold { figure, below: text[at..].starts_with('<'), bar })
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match number.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 && rate <= 1e6 => Ok(rate),
        _ => Err("a rate looks like 200/s, at most 1000000/s".to_owned()),
    }
}

fn span(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds: f64 = number.parse().map_err(|_| "a time looks like 500ms, 10s or 2m")?;
    let seconds = match unit {
        "ms" => seconds / 1e3,
        "s" => seconds,
        "m" => seconds * 60.0,
        _ => return Err("a time ends in ms, s or m".to_owned()),
    };
    match seconds {
        fit if (0.0..=86_400.0).contains(&fit) => Ok(Duration::from_secs_f64(fit)),
        _ => Err("a time lies between 0 and a day".to_owned()),
    }
}

/// The flags of the floor's own mode.
#[derive(Clone, Debug, Parser)]
#[command(name = "wardroom-loadtest floor-server", about = "The floor, as a server of its own")]
pub struct FloorOptions {
    /// Written once it serves: socket and pid
    #[arg(long, value_name = "FILE")]
    pub ready_file: PathBuf,
    /// Break a promise on purpose, to see the load tester turn red
    #[arg(long = "break", value_name = "HOW")]
    pub broken: Option<Break>,
}

/// How the floor breaks a promise: the room's first member, the fifth message.
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
        ] {
            assert!(Options::try_parse_from(wrong.split(' ')).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_times_and_thresholds() {
        assert_eq!((rate("200/s"), rate("0.5")), (Ok(200.0), Ok(0.5)));
        assert!(["", "0", "-1/s", "inf", "fast"].iter().all(|text| rate(text).is_err()));
        assert_eq!(span("1500ms"), Ok(Duration::from_millis(1_500)));
        assert_eq!(
            (span("3"), span("2m")),
            (Ok(Duration::from_secs(3)), Ok(Duration::from_mins(2)))
        );
        assert!(["", "s", "1h", "-1s", "1e9s"].iter().all(|text| span(text).is_err()));
        let bar = Threshold { figure: "deliver_p99_ms".to_owned(), below: true, bar: 50.0 };
        assert_eq!(threshold("deliver_p99_ms < 50"), Ok(bar));
        assert!(threshold("deliver_p99_ms=50").is_err());
    }
}
