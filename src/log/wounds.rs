//! What readers found damaged in the store, on its way to the store thread that mends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use wardroom_protocol::ids::LogName;

/// Damaged entries remembered at once. When full, further ones are dropped: whoever reads them next
/// reports them again.
const MOST: usize = 4096;

#[derive(Default)]
struct Inner {
    sick: AtomicBool,
    found: AtomicU64,
    entries: Mutex<Vec<(LogName, u64)>>,
}

/// See the module. Shared by readers and the store thread.
#[derive(Clone, Default)]
pub(super) struct Wounds(Arc<Inner>);

impl Wounds {
    /// The store did not answer: it must be built anew.
    pub(super) fn store_is_sick(&self) {
        if !self.0.sick.swap(true, Ordering::AcqRel) {
            tracing::error!(
                "the store cannot be read in places; entries are served from the journal until it is rebuilt"
            );
        }
    }

    /// One entry is missing or damaged in the store, and whole in the journal.
    pub(super) fn entry_is_damaged(&self, log: &LogName, seq: u64) {
        let mut entries = self.0.entries.lock();
        if entries.len() < MOST {
            entries.push((log.clone(), seq));
            self.0.found.fetch_add(1, Ordering::AcqRel);
        }
    }

    pub(super) fn take_sick(&self) -> bool {
        self.0.sick.swap(false, Ordering::AcqRel)
    }

    pub(super) fn take_entries(&self) -> Vec<(LogName, u64)> {
        std::mem::take(&mut self.0.entries.lock())
    }

    /// How many damaged entries were found since the log was opened.
    pub(super) fn found(&self) -> u64 {
        self.0.found.load(Ordering::Acquire)
    }
}
