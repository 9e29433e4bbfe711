//! The next segment, made ahead by its own thread: filled with zeros, synced, then named.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::super::disk::{Disk, DiskFile};
use super::segment::{self, Segment, SegmentHeader, SegmentName};

/// Bytes of zeros that are brought to the platter at once.
const BATCH: usize = 1024 * 1024;

/// Makes a segment: zeros and header on the platter first, then its name.
pub(in crate::log) fn prepare(
    disk: &dyn Disk,
    dir: &Path,
    header: SegmentHeader,
) -> io::Result<Segment> {
    let path = segment::path(dir, header.number);
    let made = path.with_extension("new");
    let file = fill(disk, &made, header).inspect_err(|_| {
        // What was filled so far would keep a full disk full. If it stays, the next attempt empties it.
        let _ = disk.remove(&made);
    })?;
    disk.rename(&made, &path)?;
    disk.sync_dir(dir)?;
    Ok(Segment { number: header.number, path, file })
}

fn fill(disk: &dyn Disk, made: &Path, header: SegmentHeader) -> io::Result<Arc<dyn DiskFile>> {
    let file = disk.open(made, true)?;
    // From nothing: what an earlier, interrupted attempt left must not stay.
    file.resize(0)?;
    for at in (0..header.size).step_by(BATCH) {
        segment::zero(&*file, at, header.size.min(at + BATCH as u64))?;
        // Not all at once: the journal's own syncs would wait behind it.
        file.sync()?;
    }
    file.write_at(&header.encode(), 0)?;
    file.sync()?;
    Ok(file)
}

/// How the segments of a journal are made.
struct Maker {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    journal: [u8; 16],
    size: u64,
}

impl Maker {
    fn make(&self, number: SegmentName) -> io::Result<Segment> {
        let header = SegmentHeader { number, journal: self.journal, size: self.size };
        prepare(&*self.disk, &self.dir, header)
    }
}

/// The helper thread's handle.
pub(in crate::log) struct Spares {
    maker: Arc<Maker>,
    /// Holds one order: the writer orders the next segment only after it has taken the last.
    orders: Option<SyncSender<SegmentName>>,
    made: Receiver<io::Result<Segment>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Spares {
    fn drop(&mut self) {
        self.orders.take();
        if let Some(thread) = self.thread.take() {
            // The directory must not be let go while a segment is still being made in it. A panic
            // there was noticed by `take`, or concerns a spare that nobody uses.
            let _ = thread.join();
        }
    }
}

impl Spares {
    pub(in crate::log) fn start(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        journal: [u8; 16],
        size: u64,
    ) -> io::Result<Self> {
        let maker = Arc::new(Maker { disk, dir, journal, size });
        let (orders, incoming) = sync_channel::<SegmentName>(1);
        let (done, made) = sync_channel(1);
        let here = Arc::clone(&maker);
        let thread = thread::Builder::new().name("journal-spare".to_owned()).spawn(move || {
            for number in incoming {
                if done.send(here.make(number)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { maker, orders: Some(orders), made, thread: Some(thread) })
    }

    /// Asks for a segment to be made.
    pub(in crate::log) fn order(&self, number: SegmentName) {
        // It cannot be full (see the field); a thread that ended is noticed by `take`.
        if let Some(orders) = &self.orders {
            let _ = orders.try_send(number);
        }
    }

    /// Waits for the segment ordered before, which has this number. If it could not be made when it was
    /// ordered, perhaps hours ago, it is made now: the disk may be well again, and it is made from nothing.
    pub(in crate::log) fn take(&self, number: SegmentName) -> io::Result<Segment> {
        let ended = || Err(io::Error::other("the thread that makes segments ended"));
        self.made.recv().unwrap_or_else(|_| ended()).or_else(|error| {
            tracing::warn!(%error, segment = number, "the next segment was not made ahead; it is made now");
            self.maker.make(number)
        })
    }
}
