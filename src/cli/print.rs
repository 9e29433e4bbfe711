//! Writing to the two streams. A closed pipe (`wardroom … | head`) is an answer, not a crash, so the
//! panicking macros of the standard library are not used.

use std::io::{self, Write as _};

use super::failure::Failure;

/// Writes an answer and a line's end to stdout.
pub(crate) fn print_lines(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
}

/// Writes to stderr. If even that fails there is nobody left to tell.
pub(crate) fn eprint_lines(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
