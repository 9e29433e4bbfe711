//! Named fault points: places in the write path where a test may end the process at once, or have
//! something fail or hang.
//!
//! Inert unless the crate is built with the feature `testing` *and* either `WARDROOM_FAULT=name@n` is
//! set, and then the process aborts at the n-th passage of that point, or a test in the same process
//! watches ([`watch`]). Knows nobody.

#[cfg(feature = "testing")]
mod switched {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{OnceLock, PoisonError, RwLock};

    use tokio::runtime::{Handle, Id};

    /// With the runtime that is watched: each test has one of its own.
    pub(super) static WATCH: RwLock<Option<(Id, super::Watch)>> = RwLock::new(None);

    /// The point to stop at, and the passages left until then.
    static ARMED: OnceLock<Option<(String, AtomicU64)>> = OnceLock::new();

    fn armed() -> Option<&'static (String, AtomicU64)> {
        ARMED
            .get_or_init(|| {
                let text = std::env::var("WARDROOM_FAULT").ok()?;
                let (name, nth) = text.split_once('@')?;
                let nth = nth.parse().ok().filter(|nth| *nth > 0)?;
                Some((name.to_owned(), AtomicU64::new(nth)))
            })
            .as_ref()
    }

    pub(super) fn is_armed(name: &str) -> bool {
        armed().is_some_and(|(point, _)| point == name)
    }

    /// Whether this is the passage that a test asked for.
    pub(super) fn is_due(name: &str) -> bool {
        armed()
            .is_some_and(|(point, left)| point == name && left.fetch_sub(1, Ordering::SeqCst) == 1)
    }

    pub(super) fn pass<T>(name: &str, last_act: impl FnOnce() -> T) {
        if let Some((runtime, watch)) = &*WATCH.read().unwrap_or_else(PoisonError::into_inner)
            && Handle::try_current().is_ok_and(|here| here.id() == *runtime)
        {
            watch(name);
        }
        if is_due(name) {
            drop(last_act());
            // No unwinding, no destructors: what is on disk now is what a crash leaves.
            std::process::abort();
        }
    }
}

/// Told of every point that is passed.
#[cfg(feature = "testing")]
pub type Watch = Box<dyn Fn(&str) + Send + Sync>;

/// Puts a watch over all points that are passed on the runtime this is called on, or takes it away. Nodes
/// that other tests have in the same process are not watched.
#[cfg(feature = "testing")]
pub fn watch(watch: Option<Watch>) {
    let watch = watch.map(|watch| (tokio::runtime::Handle::current().id(), watch));
    *switched::WATCH.write().unwrap_or_else(std::sync::PoisonError::into_inner) = watch;
}

/// Passes a named point. Returns, except in a test that asked for the end here.
#[inline]
pub fn point(name: &str) {
    halfway(name, || ());
}

/// Passes a named point before an act that a test may want to see half done: `half` runs only if the
/// process ends here.
#[inline]
pub fn halfway<T>(name: &str, half: impl FnOnce() -> T) {
    #[cfg(feature = "testing")]
    switched::pass(name, half);
    #[cfg(not(feature = "testing"))]
    let _ = (name, half);
}

/// Passes a named point where a test may ask for a bug: at the n-th passage this panics.
#[inline]
pub fn panics(name: &str) {
    #[cfg(feature = "testing")]
    assert!(!switched::is_due(name), "a test asked for it");
    #[cfg(not(feature = "testing"))]
    let _ = name;
}

/// Passes a named point where a test may ask for an error of the disk: at the n-th passage.
#[inline]
pub fn fails(name: &str) -> std::io::Result<()> {
    #[cfg(feature = "testing")]
    if switched::is_due(name) {
        return Err(std::io::Error::other("a test asked for it"));
    }
    #[cfg(not(feature = "testing"))]
    let _ = name;
    Ok(())
}

/// Passes a named point where a test may ask for a disk that hangs: at the n-th passage this waits for
/// as long as the file that `WARDROOM_FAULT_WHILE` names is there. Never called on a task.
#[inline]
pub fn hangs(name: &str) {
    #[cfg(feature = "testing")]
    if switched::is_due(name)
        && let Some(path) = std::env::var_os("WARDROOM_FAULT_WHILE")
    {
        while std::path::Path::new(&path).exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
    #[cfg(not(feature = "testing"))]
    let _ = name;
}

/// Passes a named point where a test may ask that one of many fails: as long as the file that
/// `WARDROOM_FAULT_WHILE` names is there, and is empty or has `what` on one of its lines.
#[inline]
#[must_use]
pub fn refuses(name: &str, what: &str) -> bool {
    #[cfg(feature = "testing")]
    if switched::is_armed(name)
        && let Some(path) = std::env::var_os("WARDROOM_FAULT_WHILE")
        && let Ok(refused) = std::fs::read_to_string(path)
    {
        return refused.is_empty() || refused.lines().any(|line| line == what);
    }
    #[cfg(not(feature = "testing"))]
    let _ = (name, what);
    false
}

/// Whether a test asked for the end at this point: the caller may then prepare for it, e.g. write
/// in two halves.
#[inline]
#[must_use]
pub fn is_armed(name: &str) -> bool {
    #[cfg(feature = "testing")]
    {
        switched::is_armed(name)
    }
    #[cfg(not(feature = "testing"))]
    {
        let _ = name;
        false
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn a_watch_sees_what_its_own_runtime_passes_and_nothing_else() {
        let passed = Arc::new(AtomicU64::new(0));
        let runtime = || {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(1).build().expect("a runtime")
        };
        let (own, other) = (runtime(), runtime());
        let pass = || async { point("a_point_of_this_test") };
        let counted = Arc::clone(&passed);
        let count = move |name: &str| {
            let is_ours = u64::from(name == "a_point_of_this_test");
            counted.fetch_add(is_ours, Ordering::SeqCst);
        };
        own.block_on(async { watch(Some(Box::new(count))) });
        other.block_on(other.spawn(pass())).expect("it passes");
        // Nor what no runtime passes: a thread of some log.
        point("a_point_of_this_test");
        assert_eq!(passed.load(Ordering::SeqCst), 0);
        own.block_on(own.spawn(pass())).expect("it passes");
        assert_eq!(passed.load(Ordering::SeqCst), 1);
        watch(None);
        own.block_on(own.spawn(pass())).expect("it passes");
        assert_eq!(passed.load(Ordering::SeqCst), 1);
    }
}
