//! Flags that several verbs share, and the way from flags to a configuration.

use std::env;
use std::path::PathBuf;

use wardroom::config::{Config, ConfigFile, Flag, Knob, Loaded, Sources};
use wardroom::telemetry;

use super::failure::Failure;

/// Where the data lies.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct DataFlags {
    #[arg(long, value_name = "DIR", help = about("data"))]
    pub(crate) data: Option<String>,
    #[command(flatten)]
    pub(crate) file: FileFlag,
}

/// Which configuration file.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct FileFlag {
    /// Configuration file [default: wardroom.toml, if there is one]
    #[arg(long, value_name = "FILE", env = "WARDROOM_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
}

impl FileFlag {
    /// The configuration of the file, the environment and these flags. Log lines begin here: every
    /// verb loads its configuration first and once.
    pub(crate) fn load(&self, flags: Vec<Flag>) -> Result<Loaded, Failure> {
        let sources = Sources {
            file: self.config.clone().map_or(ConfigFile::IfPresent, ConfigFile::Named),
            // A name that is not Unicode cannot be one of ours, which are ASCII. A value may be a path,
            // and those need not be.
            environment: env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
                .collect(),
            flags,
        };
        let loaded = Loaded::from_sources(&sources)?;
        telemetry::start(&loaded.config.telemetry)?;
        Ok(loaded)
    }
}

impl DataFlags {
    /// The configuration with this data directory.
    pub(crate) fn load(&self) -> Result<Loaded, Failure> {
        let flags = flag("--data", "data", self.data.as_ref());
        self.file.load(flags.into_iter().collect())
    }
}

/// A flag, if it was given.
pub(crate) fn flag(name: &'static str, knob: &'static str, value: Option<&String>) -> Option<Flag> {
    value.map(|value| Flag { name, knob, value: value.clone() })
}

/// The help text of a flag that turns a knob: its meaning, default and variable, from the table.
pub(crate) fn about(knob: &str) -> String {
    let knob = Knob::named(knob).expect("every flag turns a knob of the table");
    let default = match knob.show(&Config::default()) {
        unset if unset.is_empty() => String::new(),
        value => format!(" [default: {}]", value.trim_matches('"')),
    };
    format!("{}{default} [env: {}]", knob.doc, knob.variable())
}
