//! The two read threads: they run questions, one at a time each.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Weak};
use std::thread;

use parking_lot::Mutex;

use super::handle::{Alive, Shared};
use super::reader::Reader;

/// A question on its way; it carries its own answer channel.
pub(super) type Job = Box<dyn FnOnce(&Reader) + Send>;

const THREADS: usize = 2;

pub(super) fn start(shared: &Arc<Shared>, jobs: Receiver<Job>, alive: &Alive) -> io::Result<()> {
    let jobs = Arc::new(Mutex::new(jobs));
    for number in 1..=THREADS {
        let jobs = Arc::clone(&jobs);
        let shared = Arc::downgrade(shared);
        let alive = alive.clone();
        thread::Builder::new().name(format!("log-read-{number}")).spawn(move || {
            run(&shared, &jobs);
            drop(alive);
        })?;
    }
    Ok(())
}

fn run(shared: &Weak<Shared>, jobs: &Mutex<Receiver<Job>>) {
    loop {
        // One waits in `recv` and holds the lock, the other waits for the lock: same thing.
        let Ok(job) = jobs.lock().recv() else {
            return;
        };
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let reader = shared.reader();
        // A question that panics drops its answer channel: the asker learns of it, the thread lives.
        if catch_unwind(AssertUnwindSafe(|| job(&reader))).is_err() {
            tracing::error!("a question to the log panicked");
        }
    }
}
