//! `wardroom config check`: every value in force and where it came from, or everything wrong.

use super::config::{origin, page};
use super::failure::Failure;
use super::flags::FileFlag;
use super::print::print_lines;

pub(super) fn run(file: &FileFlag) -> Result<(), Failure> {
    let loaded = file.load(Vec::new())?;
    let values = page(&loaded, |knob| Some(format!("{}; {}", origin(&loaded, knob), knob.doc)));
    let file = loaded.file.map_or_else(
        || "# no file: environment and defaults".to_owned(),
        |path| format!("# {}: good", path.display()),
    );
    print_lines(&format!("{file}\n{}", values.trim_end()))
}
