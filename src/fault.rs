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

    pub(super) static WATCH: RwLock<Option<super::Watch>> = RwLock::new(None);

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
        if let Some(watch) = &*WATCH.read().unwrap_or_else(PoisonError::into_inner) {
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

/// Puts a watch over all points of this process, or takes it away.
#[cfg(feature = "testing")]
pub fn watch(watch: Option<Watch>) {
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
