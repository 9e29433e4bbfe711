//! How many sockets this process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for the log's files, the runtime and the listener.
const OWN: usize = 128;

/// Raises this process's limit of open files towards what `sockets` need, as far as the system lets
/// it, and returns how many sockets there may be. Where there are fewer, an operator is told.
#[must_use]
pub fn for_sockets(sockets: usize) -> usize {
    let wanted = sockets.saturating_add(OWN) as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let may = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let mut has = current.unwrap_or(u64::MAX);
    if has < may && setrlimit(Resource::Nofile, Rlimit { current: Some(may), maximum }).is_ok() {
        has = may;
    }
    let left = usize::try_from(has).unwrap_or(usize::MAX);
    // Of very few, half: a node that small is a test.
    let left = left.saturating_sub(OWN.min(left / 2));
    if left < sockets {
        tracing::warn!(
            open_files = has,
            sockets = left,
            "this process may open fewer files than server.max_connections and server.max_handshakes ask for; raise its limit (ulimit -n, LimitNOFILE) or lower them"
        );
    }
    left
}
