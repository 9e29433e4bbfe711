//! `wardroom config check`: every value in force and where it came from, or everything wrong.

use std::fmt::Write as _;

use wardroom::config::{KNOBS, Place};
use wardroom::identity::Issuer;

use super::failure::{Exit, Failure};
use super::flags::FileFlag;
use super::print::print_lines;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Check file and environment; show every value and where it came from
    Check(FileFlag),
}

pub(crate) fn run(Verb::Check(file): &Verb) -> Result<(), Failure> {
    let loaded = file.load(Vec::new())?;
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
        let place = loaded.origins.get(knob.name).unwrap_or(&Place::Default);
        let _ = writeln!(page, "{line:<38} # {place}; {}", knob.doc);
    }
    let mut problems = String::new();
    for issuer in &loaded.config.auth.issuers {
        let _ = write!(page, "\n# {}\n{}\n", issuer.place, issuer.show());
        if let Err(error) = Issuer::published(issuer) {
            let _ =
                write!(problems, "\n{error}\n  put its public keys there as a JSON Web Key Set");
        }
    }
    if !problems.is_empty() {
        let text = format!("the configuration has problems; nothing was started{problems}");
        return Err(Failure::new(Exit::Config, text));
    }
    let file = loaded.file.map_or_else(
        || "# no file: environment and defaults".to_owned(),
        |path| format!("# {}: good", path.display()),
    );
    print_lines(&format!("{file}\n{}", page.trim_end()))
}
