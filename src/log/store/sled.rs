//! sled behind the narrow interface, with its traps: it panics on damage, so every call runs under
//! `catch_unwind`; its flush does not reach the platter, so [`Shelf::sync`] syncs its file as well.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::super::disk::{Disk, DiskFile};
use super::shelf::{Shelf, ShelfError, Visitor};

/// One open sled directory.
pub(in crate::log) struct SledShelf {
    /// Taken when the shelf goes: sled writes then, and may panic over damage.
    db: Option<sled::Db>,
    /// Our own handle on sled's file: any handle of a file brings all of it to the platter.
    file: Arc<dyn DiskFile>,
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    /// The names in the directory are on the platter.
    named: AtomicBool,
    /// A write came to nothing.
    failed: AtomicBool,
}

fn failed(action: &'static str, why: &impl ToString) -> ShelfError {
    ShelfError { action, why: why.to_string() }
}

/// Runs a call of sled; its panics become errors.
fn guarded<T>(
    action: &'static str,
    call: impl FnOnce() -> sled::Result<T>,
) -> Result<T, ShelfError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failed(action, &error)),
        Err(_) => Err(failed(action, &"its engine panicked")),
    }
}

impl SledShelf {
    /// Opens or makes a sled in `dir`. Run it on a thread of its own: it may panic past its guard
    /// in threads that it starts.
    pub(in crate::log) fn open(
        dir: &Path,
        cache_bytes: u64,
        disk: &Arc<dyn Disk>,
    ) -> Result<Self, ShelfError> {
        let db = guarded("open", || {
            sled::Config::new()
                .path(dir)
                .mode(sled::Mode::HighThroughput)
                .cache_capacity(cache_bytes)
                // The store thread decides when.
                .flush_every_ms(None)
                .open()
        })?;
        let opened = disk.open(&dir.join("db"), false);
        let file = opened.map_err(|error| failed("open its file", &error))?;
        let (dir, disk) = (dir.to_path_buf(), Arc::clone(disk));
        let (named, failed) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { db: Some(db), file, dir, disk, named, failed })
    }

    fn db(&self) -> &sled::Db {
        self.db.as_ref().expect("it is taken only when the shelf is dropped")
    }

    fn write<T>(
        &self,
        action: &'static str,
        call: impl FnOnce() -> sled::Result<T>,
    ) -> Result<T, ShelfError> {
        guarded(action, call).inspect_err(|_| self.failed.store(true, Ordering::Release))
    }
}

impl Drop for SledShelf {
    fn drop(&mut self) {
        let db = self.db.take();
        if self.failed.load(Ordering::Acquire) {
            // Its end would write what it could not write: on a full disk it waits for ever, or takes the
            // process with it. The journal has all of it; what is left lying goes with the process.
            std::mem::forget(db);
            return;
        }
        // What it could not write stands in the journal.
        let _ = guarded("close", || {
            drop(db);
            Ok(())
        });
    }
}

impl Shelf for SledShelf {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ShelfError> {
        let value = guarded("read", || self.db().get(key))?;
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn visit(
        &self,
        from: &[u8],
        to: &[u8],
        backward: bool,
        visitor: Visitor<'_>,
    ) -> Result<(), ShelfError> {
        if from >= to {
            return Ok(());
        }
        guarded("read a range", || {
            let mut range = self.db().range(from..to);
            while let Some(pair) = if backward { range.next_back() } else { range.next() } {
                let (key, value) = pair?;
                if visitor(&key, &value).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn apply(&self, puts: BTreeMap<Vec<u8>, Vec<u8>>) -> Result<(), ShelfError> {
        let mut batch = sled::Batch::default();
        for (key, value) in puts {
            batch.insert(key, value);
        }
        self.write("write", || self.db().apply_batch(batch))
    }

    fn sync(&self) -> Result<(), ShelfError> {
        self.write("flush", || self.db().flush())?;
        self.file.sync().map_err(|error| failed("sync its file", &error))?;
        if !self.named.swap(true, Ordering::AcqRel) {
            let synced = self.disk.sync_dir(&self.dir);
            synced.map_err(|error| failed("sync its folder", &error))?;
        }
        Ok(())
    }
}
