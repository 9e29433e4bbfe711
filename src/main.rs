//! The `wardroom` command. Each verb is a file of `cli`; this one only turns its end into an exit code.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(std::env::args_os())
}
