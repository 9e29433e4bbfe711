//! `wardroom config check`: every value in force and where it came from, or everything wrong.

use std::fmt::Write as _;

use wardroom::identity::Issuer;
use wardroom::net::Tls;

use super::config::{origin, page};
use super::failure::{Exit, Failure};
use super::flags::FileFlag;
use super::print::print_lines;

pub(super) fn run(file: &FileFlag) -> Result<(), Failure> {
    let loaded = file.load(Vec::new())?;
    let values = page(&loaded, |knob| Some(format!("{}; {}", origin(&loaded, knob), knob.doc)));
    let mut problems = String::new();
    for issuer in &loaded.config.auth.issuers {
        if let Err(error) = Issuer::published(issuer) {
            let _ =
                write!(problems, "\n{error}\n  put its public keys there as a JSON Web Key Set");
        }
    }
    if let Some((cert, key)) = loaded.config.server.tls()
        && let Err(error) = Tls::load(cert, key)
    {
        let _ = write!(problems, "\n{error}");
    }
    if !problems.is_empty() {
        let text = format!("the configuration has problems; nothing was started{problems}");
        return Err(Failure::new(Exit::Config, text));
    }
    let file = loaded.file.map_or_else(
        || "# no file: environment and defaults".to_owned(),
        |path| format!("# {}: good", path.display()),
    );
    print_lines(&format!("{file}\n{}", values.trim_end()))
}
