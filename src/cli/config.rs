//! `wardroom config …`: the verbs, and the page that two of them print.

use std::fmt::Write as _;

use wardroom::config::{KNOBS, Knob, Loaded, Place};

use super::failure::Failure;
use super::flags::FileFlag;
use super::{config_check, config_init, config_show};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Write a configuration file with every key, its help and its default, all commented out
    Init(config_init::Flags),
    /// Check file and environment; show every value and where it came from
    Check(FileFlag),
    /// Show the values in force
    Show(config_show::Flags),
}

pub(crate) fn run(verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::Init(flags) => config_init::run(flags),
        Verb::Check(file) => config_check::run(file),
        Verb::Show(flags) => config_show::run(flags),
    }
}

/// Where a knob's value came from.
pub(super) fn origin<'a>(loaded: &'a Loaded, knob: &Knob) -> &'a Place {
    loaded.origins.get(knob.name).unwrap_or(&Place::Default)
}

/// Every value as `wardroom.toml` would say it, section by section; `note` stands behind it.
pub(super) fn page(loaded: &Loaded, note: impl Fn(&Knob) -> Option<String>) -> String {
    let mut page = String::new();
    let mut section = "";
    for knob in KNOBS {
        let (of, key) = knob.name.split_once('.').unwrap_or(("", knob.name));
        if of != section {
            section = of;
            let _ = write!(page, "\n[{section}]\n");
        }
        let value = knob.show(&loaded.config);
        // An unset path has no value in TOML; shown as a comment, the page stays a valid file.
        let line = if value.is_empty() {
            format!("# {key} = \"…\"")
        } else {
            format!("{key} = {value}")
        };
        let _ = match note(knob) {
            Some(note) => writeln!(page, "{line:<38} # {note}"),
            None => writeln!(page, "{line}"),
        };
    }
    for issuer in &loaded.config.auth.issuers {
        let _ = write!(page, "\n# {}\n{}\n", issuer.place, issuer.show());
    }
    page
}
