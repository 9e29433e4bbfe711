//! The folder of snapshots: the newest one of each log. A cache and never truth: one that is missing,
//! torn, of another version or no longer borne out by its log is ignored and counted, and the log is
//! folded from its first entry.
//!
//! Written to a file beside and renamed, without a sync: what a crash leaves of it is judged by its
//! checksums. Used on read threads only.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use wardroom_protocol::ids::LogName;

use super::disk::Disk;
use super::reader::Reader;
use super::record::encode_header;
use super::snapshot::Snapshot;
use crate::telemetry::metric;

/// Ends the names of files half made.
const MADE: &str = "new";

fn count(outcome: &'static str) {
    metrics::counter!(metric::SNAPSHOTS, "outcome" => outcome).increment(1);
}

/// See the module.
pub(super) struct Snapshots {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// One is written at a time: two of the same log share a temporary name.
    writing: Mutex<()>,
}

enum Loaded {
    Absent,
    Damaged,
    Whole(Snapshot),
}

impl Snapshots {
    /// Opens the folder, or makes it. `None` if that fails: logs open more slowly then.
    pub(super) fn open(disk: &Arc<dyn Disk>, dir: PathBuf) -> Option<Arc<Self>> {
        let this = Self { disk: Arc::clone(disk), dir, writing: Mutex::default() };
        match this.tidy() {
            Ok(()) => Some(Arc::new(this)),
            Err(error) => {
                let dir = this.dir.display();
                tracing::warn!(%error, %dir, "no snapshots are kept; rooms open more slowly");
                None
            }
        }
    }

    /// Removes what a crash left half made.
    fn tidy(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        for path in self.disk.list(&self.dir)? {
            if path.extension().is_some_and(|ending| ending == MADE) {
                self.disk.remove(&path)?;
            }
        }
        Ok(())
    }

    /// A log's name may hold what a file's may not, and its length; so the file is named by its hash.
    fn path(&self, log: &LogName) -> PathBuf {
        let hash = blake3::hash(log.as_str().as_bytes());
        self.dir.join(format!("{}.snap", HEXLOWER.encode(&hash.as_bytes()[..16])))
    }

    fn save(&self, log: &LogName, snapshot: &Snapshot) -> io::Result<()> {
        if snapshot.state.len() > Snapshot::LARGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let path = self.path(log);
        let made = path.with_extension(MADE);
        let front = snapshot.front(log);
        let (first, second) = snapshot.state.split_at(snapshot.state.len() / 2);
        let _alone = self.writing.lock();
        let file = self.disk.open(&made, true)?;
        file.resize(0)?;
        file.write_at(&front, 0)?;
        file.write_at(first, front.len() as u64)?;
        self.disk.point("snapshot_half");
        file.write_at(second, (front.len() + first.len()) as u64)?;
        self.disk.rename(&made, &path)
    }

    fn load(&self, log: &LogName) -> Loaded {
        let file = match self.disk.open(&self.path(log), false) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Loaded::Absent,
            Err(_) => return Loaded::Damaged,
        };
        let most = (Snapshot::LARGEST + 64 * 1024) as u64;
        let Some(size) = file.size().ok().filter(|size| *size <= most) else {
            return Loaded::Damaged;
        };
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        match file.read_at(&mut bytes, 0) {
            Ok(()) => {
                Snapshot::decode(log, &Bytes::from(bytes)).map_or(Loaded::Damaged, Loaded::Whole)
            }
            Err(_) => Loaded::Damaged,
        }
    }

    fn remove(&self, log: &LogName) {
        count("removed");
        // If it stays, it is judged again next time.
        let _ = self.disk.remove(&self.path(log));
    }
}

impl Reader {
    /// The newest snapshot of a log that this version of its fold made and that the log bears out: it
    /// holds the entry at the snapshot's position, with the same header. Fold on with
    /// [`Reader::scan_after`]. `None`: fold from the first entry.
    #[must_use]
    pub fn snapshot(&self, log: &LogName, fold: u32) -> Option<Snapshot> {
        let snapshots = self.snapshots.as_ref()?;
        let snapshot = match snapshots.load(log) {
            Loaded::Absent => {
                count("absent");
                return None;
            }
            Loaded::Damaged => {
                count("ignored");
                snapshots.remove(log);
                return None;
            }
            Loaded::Whole(snapshot) if snapshot.fold != fold => {
                count("ignored");
                return None;
            }
            Loaded::Whole(snapshot) => snapshot,
        };
        // A log that cannot be read says nothing against its snapshot.
        let slice = self.get(log, &[snapshot.at.seq]).ok()?;
        let borne_out = slice.records.first().is_some_and(|record| {
            record.header.position == snapshot.at
                && encode_header(&record.header).link() == snapshot.link
        });
        if !borne_out {
            snapshots.remove(log);
            return None;
        }
        count("used");
        Some(snapshot)
    }

    /// Keeps a snapshot as the log's newest, in place of the one before. May rest on entries that are
    /// not synced yet: if they get lost, it goes with them. Says whether it was kept; it is no loss if
    /// not: too large, a full disk, or a log in memory.
    pub fn save_snapshot(&self, log: &LogName, snapshot: &Snapshot) -> bool {
        let Some(snapshots) = &self.snapshots else {
            return false;
        };
        match snapshots.save(log, snapshot) {
            Ok(()) => {
                count("saved");
                true
            }
            Err(error) => {
                tracing::warn!(%error, "a snapshot was not kept; its room opens more slowly");
                count("failed");
                false
            }
        }
    }
}
