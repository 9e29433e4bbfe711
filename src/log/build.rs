//! Building a fresh generation of the store from the journal, on a thread of its own, while the old
//! one serves. The store thread starts it, catches up what came meanwhile, and goes over.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::journal::Catalog;
use super::pour::{PourError, Span, pour};
use super::store::{Generations, Shelf, SledShelf};

/// A build under way.
pub(super) struct Build {
    pub(super) generation: u32,
    /// It holds everything up to this group when it is done.
    pub(super) upto: u64,
    /// Who waits for it. Bounded by the store thread's queue.
    pub(super) answers: Vec<oneshot::Sender<bool>>,
    cancelled: Arc<AtomicBool>,
    thread: JoinHandle<Result<Built, PourError>>,
}

/// What it came to.
pub(super) struct Built {
    pub(super) shelf: SledShelf,
    /// The journal is damaged: the store in use may hold more.
    pub(super) damaged: bool,
}

impl Build {
    /// Starts building everything up to a group, if that leaves `spare` bytes of the disk free. Words that the
    /// journal has lost are taken from the store in use.
    pub(super) fn start(
        generations: &Generations,
        catalog: &Arc<Catalog>,
        upto: u64,
        (in_use, spare): (Arc<dyn Shelf>, u64),
    ) -> io::Result<Self> {
        generations.has_room(spare)?;
        let generation = generations.next()?;
        let cancelled = Arc::new(AtomicBool::new(false));
        let (generations, catalog) = (generations.clone(), Arc::clone(catalog));
        let stop = Arc::clone(&cancelled);
        let thread = thread::Builder::new().name("store-build".to_owned()).spawn(move || {
            let made = || {
                let shelf = generations.begin(generation)?;
                let span = Span { after: 0, upto, claimed: 0 };
                let poured = pour(&shelf, &catalog, span, Some(&*in_use), &stop)?;
                shelf.sync()?;
                Ok(Built { shelf, damaged: poured.damaged })
            };
            let built = made();
            if built.is_err() {
                generations.abandon(generation);
            }
            built
        })?;
        Ok(Self { generation, upto, answers: Vec::new(), cancelled, thread })
    }

    pub(super) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Asks it to stop at the next group.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Waits for its end.
    pub(super) fn finish(self) -> (Result<Built, PourError>, Vec<oneshot::Sender<bool>>) {
        let ended = || Err(PourError::Journal(io::Error::other("the building thread panicked")));
        (self.thread.join().unwrap_or_else(|_| ended()), self.answers)
    }
}
