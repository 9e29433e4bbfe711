//! `wardroom config show`: the values in force, for people or for machines. No value is a secret: of
//! a key that names a file the path is shown, and nothing here opens that file.

use serde_json::{Map, Value, json};
use wardroom::config::{KNOBS, Loaded};

use super::config::{origin, page};
use super::failure::{Exit, Failure};
use super::flags::FileFlag;
use super::print::print_lines;

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Say where each value came from: flag, variable, file with line and column, default
    #[arg(long)]
    origin: bool,
    /// One JSON object by full name; an unset key is null, and with --origin each value is
    /// {"value", "origin"}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    file: FileFlag,
}

pub(super) fn run(flags: &Flags) -> Result<(), Failure> {
    let loaded = flags.file.load(Vec::new())?;
    if flags.json {
        return print_lines(&json(&loaded, flags.origin)?);
    }
    let values = page(&loaded, |knob| flags.origin.then(|| origin(&loaded, knob).to_string()));
    print_lines(values.trim())
}

fn json(loaded: &Loaded, with_origin: bool) -> Result<String, Failure> {
    let mut all = Map::new();
    for knob in KNOBS {
        let value = match knob.show(&loaded.config) {
            unset if unset.is_empty() => Value::Null,
            shown => serde_json::from_str(&shown).map_err(|_| odd(knob.name))?,
        };
        let value = if with_origin {
            json!({"value": value, "origin": origin(loaded, knob).to_string()})
        } else {
            value
        };
        all.insert(knob.name.to_owned(), value);
    }
    let issuers = loaded.config.auth.issuers.iter().map(|issuer| {
        let algorithms: Vec<_> = issuer.algorithms.iter().map(|known| known.name()).collect();
        json!({
            "name": issuer.name,
            "jwks_file": issuer.jwks_file,
            "audience": issuer.audience,
            "algorithms": algorithms,
        })
    });
    all.insert("auth.issuer".to_owned(), issuers.collect());
    serde_json::to_string_pretty(&all).map_err(|_| odd("configuration"))
}

fn odd(what: &str) -> Failure {
    Failure::new(Exit::Bug, format!("the value of {what} is not JSON; please report this bug"))
}
