//! `wardroom config init`: a first `wardroom.toml`. It never overwrites one, and it reads none, so a
//! file that is wrong does not stand in the way.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use wardroom::config::{DEFAULT_FILE, template};

use super::failure::{Exit, Failure};
use super::print::print_lines;

#[derive(Debug, clap::Args)]
pub(crate) struct Flags {
    /// Where to write it; - prints it
    #[arg(value_name = "FILE", default_value = DEFAULT_FILE)]
    file: PathBuf,
}

pub(super) fn run(Flags { file }: &Flags) -> Result<(), Failure> {
    if file.as_os_str() == "-" {
        return print_lines(template().trim_end());
    }
    write(file).map_err(|error| failure(file, &error))?;
    let file = file.display();
    print_lines(&format!("{file}: written; every key stands in it with its default, commented out"))
}

fn write(path: &Path) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file.write_all(template().as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a page would be in the way of the next try. The first error is the one to tell.
        let _ = fs::remove_file(path);
    }
    written
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Failure::new(
            Exit::Refused,
            format!(
                "{path} is there already and was left as it is\n  name another file, or print the page with: wardroom config init -"
            ),
        );
    }
    Failure::new(
        Exit::Io,
        format!(
            "failed to write {path}: {error}\n  check that its directory exists and may be written"
        ),
    )
}
