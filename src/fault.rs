//! Named fault points: places in the write path where a test may end the process at once.
//!
//! Inert unless the crate is built with the feature `testing` *and* `WARDROOM_FAULT=name@n` is set:
//! then the process aborts at the n-th passage of that point. Knows nobody; the log calls it.

#[cfg(feature = "testing")]
mod switched {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

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

    pub(super) fn panics(name: &str) {
        let due = armed()
            .is_some_and(|(point, left)| point == name && left.fetch_sub(1, Ordering::SeqCst) == 1);
        assert!(!due, "a test asked for it");
    }

    pub(super) fn point(name: &str) {
        if let Some((point, left)) = armed()
            && point == name
            && left.fetch_sub(1, Ordering::SeqCst) == 1
        {
            // No unwinding, no destructors: what is on disk now is what a crash leaves.
            std::process::abort();
        }
    }
}

/// Passes a named point. Returns, except in a test that asked for the end here.
#[inline]
pub fn point(name: &str) {
    #[cfg(feature = "testing")]
    switched::point(name);
    #[cfg(not(feature = "testing"))]
    let _ = name;
}

/// Passes a named point where a test may ask for a bug: at the n-th passage this panics.
#[inline]
pub fn panics(name: &str) {
    #[cfg(feature = "testing")]
    switched::panics(name);
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
