//! The command line: flags in, exit code out. One file per verb, each a few lines over the library.
//!
//! stdout carries what was asked for (a token, a report, the banner) and nothing else; log lines and
//! errors go to stderr. Exit codes: 0 done, 1 a check failed or something was refused, 2 usage, 70 a
//! bug, 74 input or output, 78 configuration.

mod address_space;
mod banner;
mod config;
mod config_check;
mod config_init;
mod config_show;
mod failure;
mod flags;
mod help;
mod import;
mod log;
mod print;
mod ready_file;
mod serve;
mod span;
mod token;

use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::{FromArgMatches as _, Parser, Subcommand};

use failure::{Exit, Failure};
use print::eprint_lines;

#[derive(Debug, Parser)]
#[command(name = "wardroom", version, about = env!("CARGO_PKG_DESCRIPTION"), args_conflicts_with_subcommands = true)]
struct Line {
    /// Without a verb these serve.
    #[command(flatten)]
    serve: serve::Flags,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a node until it is told to stop; the default verb
    Serve(serve::Flags),
    /// Make a token for trying things out
    Token(token::Flags),
    /// Bring messages from a file into a running node
    Import(import::Flags),
    /// Check, count or mend the record of a stopped node
    #[command(subcommand)]
    Log(log::Verb),
    /// Write, check or show the configuration
    #[command(subcommand)]
    Config(config::Verb),
}

/// Runs one command.
pub(crate) fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let line = match help::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Line::from_arg_matches(&matches))
    {
        Ok(line) => line,
        Err(error) => {
            // Help and version are "errors" too; clap knows which stream and which code.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Exit::Usage as u8));
        }
    };
    match panic::catch_unwind(AssertUnwindSafe(|| line.run())) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            eprint_lines(&format!("wardroom: {failure}"));
            failure.exit.into()
        }
        Err(_) => {
            eprint_lines("wardroom: stopped by a bug in Wardroom; please report the line above");
            Exit::Bug.into()
        }
    }
}

impl Line {
    fn run(self) -> Result<(), Failure> {
        match self.verb.unwrap_or(Verb::Serve(self.serve)) {
            Verb::Serve(flags) => serve::run(&flags),
            Verb::Token(flags) => token::run(&flags),
            Verb::Import(flags) => import::run(flags),
            Verb::Log(verb) => log::run(&verb),
            Verb::Config(verb) => config::run(&verb),
        }
    }
}
