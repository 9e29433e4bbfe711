//! A disk with a gate before one of its calls: who makes that call waits until the gate is opened.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use wardroom::log::disk::{Disk, DiskFile, RealDisk};

/// The call that waits: `sync FILE`, `sync_dir FOLDER` or `point NAME`.
#[derive(Default)]
pub(crate) struct Gate {
    before: Mutex<Option<String>>,
    opened: Condvar,
    waiting: AtomicBool,
    /// The file whose next opening fails.
    refused: Mutex<Option<PathBuf>>,
}

#[derive(Clone)]
pub(crate) struct GatedDisk(pub(crate) Arc<Gate>);

struct GatedFile(Arc<dyn DiskFile>, Arc<Gate>, PathBuf);

impl Gate {
    /// From now on this call waits.
    pub(crate) fn shut(&self, before: &str, what: &Path) {
        *self.before.lock().unwrap() = Some(format!("{before} {}", what.display()));
    }

    pub(crate) fn open(&self) {
        *self.before.lock().unwrap() = None;
        self.waiting.store(false, Ordering::SeqCst);
        self.opened.notify_all();
    }

    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Opening this file fails once, as on a disk that is full for a moment.
    pub(crate) fn refuse(&self, file: &Path) {
        *self.refused.lock().unwrap() = Some(file.to_path_buf());
    }

    /// Whether that has happened.
    pub(crate) fn has_refused(&self) -> bool {
        self.refused.lock().unwrap().is_none()
    }

    fn pass(&self, call: &str, what: &Path) {
        let call = format!("{call} {}", what.display());
        let mut before = self.before.lock().unwrap();
        while before.as_ref() == Some(&call) {
            self.waiting.store(true, Ordering::SeqCst);
            before = self.opened.wait(before).unwrap();
        }
    }
}

impl DiskFile for GatedFile {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_at(out, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.1.pass("sync", &self.2);
        self.0.sync()
    }
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
    fn resize(&self, size: u64) -> io::Result<()> {
        self.0.resize(size)
    }
}

impl Disk for GatedDisk {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn DiskFile>> {
        let mut refused = self.0.refused.lock().unwrap();
        if refused.as_deref() == Some(path) {
            *refused = None;
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = RealDisk.open(path, create)?;
        Ok(Arc::new(GatedFile(file, Arc::clone(&self.0), path.to_path_buf())))
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
        self.0.pass("sync_dir", dir);
        RealDisk.sync_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        RealDisk.list(dir)
    }
    fn free(&self, dir: &Path) -> io::Result<u64> {
        RealDisk.free(dir)
    }
    fn boot(&self) -> Option<String> {
        RealDisk.boot()
    }
    fn point(&self, name: &str) {
        self.0.pass("point", Path::new(name));
    }
    fn wants_halves(&self) -> bool {
        false
    }
}
