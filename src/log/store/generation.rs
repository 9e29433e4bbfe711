//! Generations of the store: `store/gen-NNNNNNNN` folders, and `store/CURRENT` that names the one in
//! use. A rebuild fills a fresh folder and swaps the name, atomically.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::super::disk::Disk;
use super::seal::{self, Left};
use super::shelf::ShelfError;
use super::sled::SledShelf;

/// How long sled's own lock is waited for.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// What must be free at least for a generation to be begun: without room, opening one may wait for ever or end
/// the process.
const BEGINNING: u64 = 4 * 1024 * 1024;

/// Bytes that a folder takes of its disk.
fn size_of(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        bytes += if meta.is_dir() { size_of(&entry.path())? } else { meta.blocks() * 512 };
    }
    Ok(bytes)
}

/// The folder `store/`.
#[derive(Clone)]
pub(in crate::log) struct Generations {
    dir: PathBuf,
    cache_bytes: u64,
    disk: Arc<dyn Disk>,
}

/// A copy of the store that is removed when it is dropped.
pub(in crate::log) struct Copy {
    pub(in crate::log) generations: Generations,
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What stays is overwritten by the next look.
        let _ = fs::remove_dir_all(&self.generations.dir);
    }
}

fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// How opening the current generation went.
pub(in crate::log) enum Opened {
    /// There is none: a new directory, or the pointer is gone.
    None,
    /// It opened.
    Yes {
        /// Its number.
        generation: u32,
        /// Itself.
        shelf: SledShelf,
        /// What had to be taken out of its way, and why.
        moved: Vec<(String, String)>,
        /// How it was left. Whatever a broken one gives must be checked.
        left: Left,
    },
    /// It did not, even with its snapshots set aside.
    No(u32, ShelfError),
}

impl Generations {
    pub(in crate::log) fn new(dir: PathBuf, cache_bytes: u64, disk: &Arc<dyn Disk>) -> Self {
        Self { dir, cache_bytes, disk: Arc::clone(disk) }
    }

    pub(in crate::log) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(in crate::log) fn path(&self, generation: u32) -> PathBuf {
        self.dir.join(format!("gen-{generation:08}"))
    }

    fn pointer(&self) -> PathBuf {
        self.dir.join("CURRENT")
    }

    /// The generation in use, if the pointer names one.
    pub(in crate::log) fn current(&self) -> Option<u32> {
        let text = fs::read_to_string(self.pointer()).ok()?;
        text.trim_end().strip_prefix("gen-")?.parse().ok()
    }

    /// Whether a folder is that of the generation in use.
    pub(super) fn names(dir: &Path) -> bool {
        let (Some(store), Some(name)) = (dir.parent(), dir.file_name()) else {
            return false;
        };
        let text = fs::read_to_string(store.join("CURRENT")).unwrap_or_default();
        name == text.trim_end()
    }

    /// Whether a generation may be begun beside the one in use, and `spare` bytes stay free: it comes to be about
    /// as large. If it turns out too little further on, that is an error like any.
    pub(in crate::log) fn has_room(&self, spare: u64) -> io::Result<()> {
        // A disk that does not say how full it is will say so later.
        let Ok(free) = self.disk.free(&self.dir) else {
            return Ok(());
        };
        let used = match self.current().map(|current| size_of(&self.path(current))) {
            // Files may go while they are counted.
            Some(size) => size.unwrap_or(0),
            None => 0,
        };
        let needed = used.saturating_add(spare).max(BEGINNING);
        if free >= needed {
            return Ok(());
        }
        let what = format!("a store beside it takes {needed} bytes, and {free} are free");
        Err(io::Error::new(io::ErrorKind::StorageFull, what))
    }

    /// Whether one may be begun at all.
    pub(in crate::log) fn can_begin(&self) -> io::Result<()> {
        match self.disk.free(&self.dir) {
            Ok(free) if free < BEGINNING => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    /// Removes a generation that came to nothing, and gives back what it took of the disk, also where its engine
    /// still holds its files open.
    pub(in crate::log) fn abandon(&self, generation: u32) {
        let dir = self.path(generation);
        let emptied = File::options().write(true).open(dir.join("db")).and_then(|db| db.set_len(0));
        match emptied.and_then(|()| fs::remove_dir_all(&dir)) {
            Ok(()) => {}
            // It had not come that far.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::warn!(%error, "a store half made could not be removed; the next start does it");
            }
        }
    }

    /// A number that no folder has.
    pub(in crate::log) fn next(&self) -> io::Result<u32> {
        let mut highest = self.current().unwrap_or(0);
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| {
                let digits = name.strip_prefix("gen-")?.get(..8)?;
                digits.parse().ok()
            });
            highest = highest.max(number.unwrap_or(0));
        }
        Ok(highest + 1)
    }

    /// Names the generation in use: temporary file, sync, rename, sync of the folder.
    pub(in crate::log) fn point_at(&self, generation: u32) -> io::Result<()> {
        let made = self.dir.join("CURRENT.new");
        let mut file = File::create(&made)?;
        writeln!(file, "gen-{generation:08}")?;
        file.sync_all()?;
        fs::rename(&made, self.pointer())?;
        File::open(&self.dir)?.sync_all()
    }

    /// Makes a generation that nobody uses yet.
    pub(in crate::log) fn begin(&self, generation: u32) -> Result<SledShelf, ShelfError> {
        let dir = self.path(generation);
        let sealed = fs::create_dir_all(&dir)
            .and_then(|()| seal::open(&dir, self.disk.boot().as_deref(), Left::Closed));
        sealed.map_err(|error| ShelfError { action: "open", why: error.to_string() })?;
        self.open(generation)
    }

    /// Takes note that a generation is not to be trusted, whoever closes it.
    pub(in crate::log) fn distrust(&self, generation: u32) -> io::Result<()> {
        seal::take_off(&self.path(generation))
    }

    /// Opens a generation. sled's own lock may be held a moment longer than its handle lives, by its
    /// background threads; ours is what keeps other processes out, so it is waited for.
    fn open(&self, generation: u32) -> Result<SledShelf, ShelfError> {
        let begun = Instant::now();
        loop {
            match self.open_once(generation) {
                Err(error)
                    if error.why.contains("acquire lock") && begun.elapsed() < LOCK_PATIENCE =>
                {
                    thread::sleep(Duration::from_millis(10));
                }
                opened => return opened,
            }
        }
    }

    /// In a thread of its own: sled panics on damage.
    fn open_once(&self, generation: u32) -> Result<SledShelf, ShelfError> {
        let dir = self.path(generation);
        let (cache, disk) = (self.cache_bytes, Arc::clone(&self.disk));
        let failed = |why: String| ShelfError { action: "open", why };
        thread::Builder::new()
            .name("store-open".to_owned())
            .spawn(move || SledShelf::open(&dir, cache, &disk))
            .map_err(|error| failed(error.to_string()))?
            .join()
            .unwrap_or_else(|_| Err(failed("its engine panicked".to_owned())))
    }

    /// Opens the current generation. What is known to stop sled although nothing is lost is taken
    /// out of its way: a snapshot half made, then any snapshot (sled scans its log instead, and may find
    /// nothing: such a store is not to be trusted).
    pub(in crate::log) fn open_current(&self) -> io::Result<Opened> {
        let Some(generation) = self.current() else {
            return Ok(Opened::None);
        };
        let dir = self.path(generation);
        if !dir.is_dir() {
            return Ok(Opened::None);
        }
        let boot = self.disk.boot();
        let left = seal::look(&dir, boot.as_deref())?;
        match left {
            // A full disk may have no room for it: then this one serves, and the next start makes another.
            Left::Closed | Left::InUse => {
                seal::open(&dir, boot.as_deref(), left).or_else(|_| seal::take_off(&dir))?;
            }
            Left::Broken(_) => seal::take_off(&dir)?,
        }
        let half = self.set_aside(generation, |name| {
            name.starts_with("snap.") && name.ends_with(".generating")
        })?;
        let mut moved: Vec<_> =
            half.into_iter().map(|name| (name, "a snapshot half made".to_owned())).collect();
        let first = match self.open(generation) {
            Ok(shelf) => return Ok(Opened::Yes { generation, shelf, moved, left }),
            Err(error) => error,
        };
        let snapshots = self.set_aside(generation, |name| name.starts_with("snap."))?;
        if snapshots.is_empty() {
            return Ok(Opened::No(generation, first));
        }
        seal::take_off(&dir)?;
        moved.extend(snapshots.into_iter().map(|name| (name, first.to_string())));
        match self.open(generation) {
            Ok(shelf) => {
                let left = Left::Broken("its engine could not read its snapshot");
                Ok(Opened::Yes { generation, shelf, moved, left })
            }
            Err(_) => Ok(Opened::No(generation, first)),
        }
    }

    /// Waits until nobody writes to a generation, and keeps it so. sled's threads may still write for a
    /// moment after its handle is gone; they hold its lock until they are done.
    pub(super) fn hold_still(dir: &Path) -> io::Result<Option<File>> {
        let Ok(file) = File::open(dir.join("db")) else {
            // There is nothing yet that somebody could write to.
            return Ok(None);
        };
        let begun = Instant::now();
        while let Err(TryLockError::WouldBlock) = file.try_lock() {
            if begun.elapsed() > LOCK_PATIENCE {
                return Err(io::Error::other("its engine is still at work in this process"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Some(file))
    }

    /// Where copies for looking only are put.
    pub(in crate::log) fn looking(&self) -> PathBuf {
        self.dir.with_file_name("store.looking")
    }

    /// A copy of the current generation in a temporary folder beside `store/`, for looking only;
    /// `None` if there is none. sled writes when it opens.
    pub(in crate::log) fn copy_current(&self) -> io::Result<Option<Copy>> {
        let Some(generation) = self.current() else {
            return Ok(None);
        };
        if !self.path(generation).is_dir() {
            return Ok(None);
        }
        let dir = self.looking();
        if dir.exists() {
            fs::remove_dir_all(&dir)?;
        }
        let _still = Self::hold_still(&self.path(generation))?;
        let copy = Copy { generations: Self::new(dir.clone(), self.cache_bytes, &self.disk) };
        copy_dir(&self.path(generation), &copy.generations.path(generation))?;
        copy.generations.point_at(generation)?;
        Ok(Some(copy))
    }

    fn set_aside(&self, generation: u32, which: impl Fn(&str) -> bool) -> io::Result<Vec<String>> {
        let mut done = Vec::new();
        for entry in fs::read_dir(self.path(generation))? {
            let entry = entry?;
            if let Some(name) = entry.file_name().to_str()
                && which(name)
            {
                fs::rename(entry.path(), entry.path().with_file_name(format!("aside.{name}")))?;
                done.push(name.to_owned());
            }
        }
        Ok(done)
    }

    /// Removes what builds that never finished left behind.
    pub(in crate::log) fn remove_unfinished(&self) -> io::Result<()> {
        let Some(current) = self.current() else {
            // Without the pointer nobody can tell; what is there stays.
            return Ok(());
        };
        let newest = self.path(current);
        for path in self.others()? {
            if path.file_name() > newest.file_name() {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    }

    /// Every folder but the one in use.
    pub(in crate::log) fn others(&self) -> io::Result<Vec<PathBuf>> {
        let current = self.current().map(|current| self.path(current));
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.is_dir() && Some(&path) != current.as_ref() {
                found.push(path);
            }
        }
        Ok(found)
    }
}
