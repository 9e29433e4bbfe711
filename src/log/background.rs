//! Work that nobody waits for, on threads that let all others go first.

/// How far such a thread steps back: where cores are short it gets a tenth of what others get, and
/// what is left over.
#[cfg(target_os = "linux")]
const STEP: i32 = 10;

/// Has this thread, and those it starts, step back behind all others. Entries wait in the journal and in the
/// tails until the store has them; whoever posts waits for neither.
pub(super) fn step_back() {
    // Elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(STEP) {
        tracing::debug!(%error, "a thread of the log works at the priority of all others");
    }
}
