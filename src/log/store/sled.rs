//! sled behind the narrow interface, with its traps: it panics on damage, so every call runs under
//! `catch_unwind`; its flush does not reach the platter, so [`Shelf::sync`] syncs its file as well;
//! each of its keys is dear, so keys go into it by [blocks](super::block); it goes back to what it held
//! before without a word where its file is damaged, so what is closed is [sealed](super::seal).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use sled::IVec;

use super::super::disk::{Disk, DiskFile};
use super::block::{Pair, stem};
use super::generation::Generations;
use super::laying::{self, Layout, block_of};
use super::puts::Puts;
use super::seal;
use super::shelf::{Shelf, ShelfError, Visitor};

/// How keys are laid out, under a key of the engine that none of ours can be: before it was written,
/// each key stood for itself.
const LAYOUT: &[u8] = &[0];
const BLOCKS: &[u8] = b"blocks 2";

/// The engine looks at what it caches only after this many reads in one of 256 parts of it. Nodes are 16
/// blocks and are read once for many entries: by itself it would come to hold 2 GiB, however little it
/// was told to keep. So where readers were is read again this often, now and then.
const READS_PER_LOOK: usize = 64;
/// So many places where readers were are remembered; of more, the latest, which are still in the cache: to
/// read one that is not costs more than all the rest.
const PLACES: usize = 256;
/// Of a range, every so many blocks one is remembered.
const STRIDE: usize = 16;

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
    /// Held by readers; held alone while pairs move from block to block.
    shape: RwLock<()>,
    /// Where readers were since the cache was looked at.
    read: Mutex<Places>,
}

/// Keys of blocks that were read since the cache was looked at.
#[derive(Default)]
struct Places {
    keys: Vec<Vec<u8>>,
    next: usize,
}

impl Places {
    fn add(&mut self, key: &IVec) {
        // A copy: the engine's own may be a part of a whole node, which would stay for its sake.
        let key = key.to_vec();
        if self.keys.len() < PLACES {
            self.keys.push(key);
            return;
        }
        self.keys[self.next] = key;
        self.next = (self.next + 1) % PLACES;
    }
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
        guarded("open", || {
            if db.is_empty() {
                db.insert(LAYOUT, BLOCKS)?;
            }
            match db.get(LAYOUT)? {
                Some(layout) if layout == BLOCKS => Ok(()),
                _ => Err(sled::Error::Unsupported("its layout is not this program's".to_owned())),
            }
        })?;
        let opened = disk.open(&dir.join("db"), false);
        let file = opened.map_err(|error| failed("open its file", &error))?;
        let (dir, disk) = (dir.to_path_buf(), Arc::clone(disk));
        let (named, failed) = (AtomicBool::new(false), AtomicBool::new(false));
        let (shape, read) = (RwLock::default(), Mutex::default());
        Ok(Self { db: Some(db), file, dir, disk, named, failed, shape, read })
    }

    fn db(&self) -> &sled::Db {
        self.db.as_ref().expect("it is taken only when the shelf is dropped")
    }

    /// Runs a call unless a write came to nothing before: what is in the engine's memory then is not
    /// what is in its file, and going on it may take the process with it. The journal has all of it.
    fn asked<T>(
        &self,
        action: &'static str,
        call: impl FnOnce() -> sled::Result<T>,
    ) -> Result<T, ShelfError> {
        if self.failed.load(Ordering::Acquire) {
            return Err(failed(action, &"a write failed before"));
        }
        guarded(action, call)
    }

    fn write<T>(
        &self,
        action: &'static str,
        call: impl FnOnce() -> sled::Result<T>,
    ) -> Result<T, ShelfError> {
        self.asked(action, call).inspect_err(|_| self.failed.store(true, Ordering::Release))
    }
}

impl Drop for SledShelf {
    fn drop(&mut self) {
        let db = self.db.take();
        if self.failed.load(Ordering::Acquire) {
            // A seal that stays is one that the next start must not find.
            if let Err(error) = seal::take_off(&self.dir) {
                tracing::error!(%error, "the store failed and its seal cannot be taken off");
            }
            // Its end would write what it could not write: on a full disk it waits for ever, or takes the
            // process with it. The journal has all of it; what is left lying goes with the process.
            std::mem::forget(db);
            return;
        }
        // What it could not write stands in the journal.
        let closed = guarded("close", || {
            drop(db);
            Ok(())
        });
        if closed.is_err() || !Generations::names(&self.dir) {
            return;
        }
        let sealed = Generations::hold_still(&self.dir).and_then(|_still| seal::close(&self.dir));
        if let Err(error) = sealed {
            // Unsealed it is made anew, if the machine goes down before it is used again.
            tracing::warn!(%error, "the store could not be sealed when it was closed");
        }
    }
}

impl Shelf for SledShelf {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ShelfError> {
        self.asked("read", || {
            let _shape = self.shape.read_recursive();
            let Some((first, block)) = block_of(self.db(), key)? else {
                return Ok(None);
            };
            self.read.lock().add(&first);
            let Some(block) = laying::read(&block)? else {
                return Ok(None);
            };
            Ok(block.value(&key[stem(key).len()..]).map(Bytes::copy_from_slice))
        })
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
        self.asked("read a range", || {
            let _shape = self.shape.read_recursive();
            // The block that `from` lies in may begin before it.
            let first = block_of(self.db(), from)?.map(|(first, _)| first);
            let mut range = self.db().range(first.as_deref().unwrap_or(from)..to);
            let (mut whole, mut blocks) = (Vec::new(), 0_usize);
            while let Some(pair) = if backward { range.next_back() } else { range.next() } {
                let (key, block) = pair?;
                let stem = stem(&key);
                if key == LAYOUT {
                    continue;
                }
                if blocks % STRIDE == 0 {
                    self.read.lock().add(&key);
                }
                blocks += 1;
                let Some(block) = laying::read(&block)? else {
                    continue;
                };
                whole.clear();
                whole.extend_from_slice(stem);
                let place = |bound: &[u8]| match bound.strip_prefix(stem) {
                    Some(suffix) => block.find(suffix).unwrap_or_else(|place| place),
                    None if bound < stem => 0,
                    None => block.len(),
                };
                let mut places = place(from)..place(to);
                while let Some(at) = if backward { places.next_back() } else { places.next() } {
                    let (suffix, value) = block.pair(at).ok_or_else(laying::damaged)?;
                    whole.truncate(stem.len());
                    whole.extend_from_slice(suffix);
                    if visitor(&whole, value).is_break() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        })
    }

    fn apply(&self, puts: Puts) -> Result<(), ShelfError> {
        self.write("write", || {
            let mut layout = Layout::default();
            for (stem, pairs) in puts.stems() {
                let pairs: Vec<Pair<'_>> =
                    pairs.iter().map(|(key, value)| (&key[stem.len()..], &value[..])).collect();
                layout.put(self.db(), stem, &pairs)?;
            }
            layout.apply(self.db(), || self.shape.write())
        })
    }

    fn tidy(&self) -> Result<(), ShelfError> {
        let places = std::mem::take(&mut *self.read.lock());
        if places.keys.is_empty() {
            return Ok(());
        }
        self.asked("look at what it caches", || {
            for key in places.keys {
                (0..READS_PER_LOOK).try_for_each(|_| self.db().get(&*key).map(drop))?;
            }
            Ok(())
        })
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
