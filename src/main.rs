//! The `wardroom` command. Each verb is a file of `cli`; this one only turns its end into an exit code.

mod cli;

use std::process::ExitCode;

/// jemalloc: with glibc's allocator an idle connection holds half as much again (its arenas stay in
/// pieces after each handshake), and a replay spends a fifth of its time in `malloc`. Its background thread
/// gives back what was freed while nothing happens: without it a node that was read once keeps it all.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::main(std::env::args_os())
}
