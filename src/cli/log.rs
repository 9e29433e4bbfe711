//! `wardroom log verify|stats|scrub`: the record of a stopped node, checked, counted, mended.

use std::fmt::Display;

use wardroom::config::Config;
use wardroom::log::{self, OpenError, Options};

use super::failure::{Exit, Failure};
use super::flags::DataFlags;
use super::print::print_lines;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Check everything and change nothing; exit code 1 if something is damaged
    Verify(DataFlags),
    /// Count logs, entries and bytes
    Stats(DataFlags),
    /// Mend each copy from the other and build the store anew, without erased words
    Scrub(DataFlags),
}

pub(crate) fn run(verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Verify(data) => {
            let report = log::verify(&data.load()?.config.data)?;
            answer(&report, report.ok(), "the record is damaged; see above")
        }
        Verb::Stats(data) => answer(&log::stats(&data.load()?.config.data)?, true, ""),
        Verb::Scrub(data) => {
            let config = data.load()?.config;
            let report = log::scrub(&config.data, &options(&config))?;
            answer(&report, report.ok(), "some entries are in no copy; see above")
        }
    }
}

fn answer(report: &impl Display, ok: bool, trouble: &str) -> Result<(), Failure> {
    print_lines(&report.to_string())?;
    if ok { Ok(()) } else { Err(Failure::new(Exit::Refused, trouble)) }
}

fn options(config: &Config) -> Options {
    Options {
        segment_bytes: config.log.segment_mib << 20,
        cache_bytes: config.log.cache_mib << 20,
        ..Options::default()
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::new(Exit::Io, error.to_string())
    }
}
