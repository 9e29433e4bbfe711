//! A disk that takes its time: syncs of the journal wait while a gate is shut, so that a test can look
//! at what goes on meanwhile.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use wardroom::log::disk::{Disk, DiskFile, RealDisk};

/// A disk whose journal syncs wait while the gate is shut.
#[derive(Default)]
pub(crate) struct Slow {
    shut: Mutex<bool>,
    opened: Condvar,
    /// Somebody waits at it.
    waiting: AtomicBool,
    /// Syncs that begin or wait fail.
    broken: AtomicBool,
    /// Bytes said to be used; all others are free.
    used: AtomicU64,
}

struct SlowFile(Arc<dyn DiskFile>, Arc<Slow>);

pub(crate) struct SlowDisk(pub(crate) Arc<Slow>);

impl Slow {
    /// Shuts the gate, or opens it.
    pub(crate) fn shut(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.opened.notify_all();
    }

    /// Whether a sync waits at the gate.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::SeqCst)
    }

    /// From now on syncs fail, those that wait first.
    pub(crate) fn fail(&self) {
        self.broken.store(true, Ordering::SeqCst);
        self.shut(false);
    }

    /// Leaves so many bytes free.
    pub(crate) fn leave(&self, free: u64) {
        self.used.store(u64::MAX - free, Ordering::SeqCst);
    }
}

impl DiskFile for SlowFile {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_at(out, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        let mut shut = self.1.shut.lock().unwrap();
        while *shut {
            self.1.waiting.store(true, Ordering::SeqCst);
            shut = self.1.opened.wait(shut).unwrap();
        }
        drop(shut);
        if self.1.broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("input/output error, from a test"));
        }
        self.0.sync()
    }
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
    fn resize(&self, size: u64) -> io::Result<()> {
        self.0.resize(size)
    }
}

impl Disk for SlowDisk {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn DiskFile>> {
        let file = RealDisk.open(path, create)?;
        let is_segment = path.extension().is_some_and(|ending| ending == "seg");
        let gated = || -> Arc<dyn DiskFile> { Arc::new(SlowFile(file.clone(), self.0.clone())) };
        Ok(if is_segment || path.ends_with("00000001.new") { gated() } else { file })
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn link(&self, target: &Path, path: &Path) -> io::Result<()> {
        RealDisk.link(target, path)
    }
    fn is_link(&self, path: &Path) -> bool {
        RealDisk.is_link(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        RealDisk.list(dir)
    }
    fn free(&self, _: &Path) -> io::Result<u64> {
        Ok(u64::MAX - self.0.used.load(Ordering::SeqCst))
    }
    fn boot(&self) -> Option<String> {
        None
    }
    fn point(&self, _: &str) {}
    fn wants_halves(&self) -> bool {
        false
    }
}
