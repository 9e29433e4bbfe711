//! The disk probe: what a synced append costs on this disk while the run goes on.
//!
//! Runs on its own thread, because `fdatasync` blocks. Disk-bound figures are stated beside it: the
//! disk's own median wanders by a factor of ten with its neighbours.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::meter::{Latencies, latencies, micros};

/// Bytes of each append.
const APPEND: [u8; 256] = [b'w'; 256];
/// Between two probes, so that the probe does not become the load.
const PAUSE: Duration = Duration::from_millis(50);

/// A probe that runs.
#[derive(Debug)]
pub struct Probe {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Latencies>,
}

impl Probe {
    /// Starts one in a folder on the disk in question.
    pub fn start(folder: &Path) -> Result<Self, Failure> {
        let file = tempfile::tempfile_in(folder)
            .map_err(Failure::io(format!("make a probe file in {}", folder.display())))?;
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("disk-probe".to_owned())
            .spawn(move || probe(file, &told))
            .map_err(Failure::io("start the disk probe"))?;
        Ok(Self { stop, thread })
    }

    /// Ends it; microseconds of each append with its sync.
    #[must_use]
    pub fn finish(self) -> Latencies {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_else(|_| latencies())
    }
}

fn probe(mut file: File, stop: &AtomicBool) -> Latencies {
    let mut spent = latencies();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        if file.write_all(&APPEND).and_then(|()| file.sync_data()).is_err() {
            break;
        }
        spent.saturating_record(micros(begun.elapsed()).max(1));
        std::thread::sleep(PAUSE);
    }
    spent
}
