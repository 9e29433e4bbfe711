//! How much address space this process may have.

use rustix::process::{Resource, getrlimit};

use super::failure::{Exit, Failure};

const MIB: u64 = 1024 * 1024;

/// What a node must be able to map. An idle one maps half a gibibyte, for stacks and what its allocator sets
/// aside; a busy one more than one. A process that gets no memory ends, whatever it was at.
const LEAST: u64 = 2048 * MIB;

/// Refuses to start where the node would end at some later time for want of address space.
pub(crate) fn check() -> Result<(), Failure> {
    match getrlimit(Resource::As).current {
        Some(limit) if limit < LEAST => Err(Failure::new(
            Exit::Io,
            format!(
                "this process may map {} MiB and a node needs {} MiB at least; raise the limit of its address \
                 space or lift it (ulimit -v, LimitAS), and bound its memory by a control group (MemoryMax) \
                 instead. Nothing was started",
                limit / MIB,
                LEAST / MIB
            ),
        )),
        _ => Ok(()),
    }
}
