//! The thin seam under journal, mark and snapshots: every file call they make goes through [`Disk`],
//! and so does the sync of sled's file.
//!
//! In production it is [`RealDisk`]. Tests put a disk there that remembers what was not synced yet
//! and rebuilds the directory as a power cut might have left it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fault;

/// A file, read and written at offsets.
pub trait DiskFile: Send + Sync {
    /// Fills `out` from `offset`; an error if the file ends before.
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Brings the file's bytes to the platter (`fdatasync`).
    fn sync(&self) -> io::Result<()>;
    /// Bytes in the file.
    fn size(&self) -> io::Result<u64>;
    /// Sets the number of bytes.
    fn resize(&self, size: u64) -> io::Result<()>;
}

/// The file calls of the journal.
pub trait Disk: Send + Sync {
    /// Opens a file for reading and writing. With `create`, makes it if it is missing.
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn DiskFile>>;
    /// Names a file anew, over whatever stood there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes a name that stands for another file, at its absolute path.
    fn link(&self, target: &Path, path: &Path) -> io::Result<()>;
    /// Whether a name stands for another file.
    fn is_link(&self, path: &Path) -> bool;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Brings the names in a directory to the platter.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// The files in a directory, in no order.
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>>;
    /// Bytes that can still be written below a directory.
    fn free(&self, dir: &Path) -> io::Result<u64>;
    /// Which start of the machine this is: what a process wrote since then outlives the process, if not
    /// the machine. `None` if the machine does not say.
    fn boot(&self) -> Option<String>;
    /// Passes a named fault point.
    fn point(&self, name: &str);
    /// Whether a test wants to see the group written in two halves.
    fn wants_halves(&self) -> bool;
}

#[cfg(feature = "testing")]
static INSTALLED: std::sync::Mutex<Vec<(PathBuf, Arc<dyn Disk>)>> =
    std::sync::Mutex::new(Vec::new());

/// Puts a disk under the log that this process opens next in a directory: for tests that run a whole
/// node in their own process.
#[cfg(feature = "testing")]
pub fn install(dir: &Path, disk: Arc<dyn Disk>) {
    let mut installed = INSTALLED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    installed.push((dir.to_path_buf(), disk));
}

/// The disk under the log in a directory: the usual one, unless a test put another there.
pub(super) fn under(dir: &Path, usual: &Arc<dyn Disk>) -> Arc<dyn Disk> {
    #[cfg(feature = "testing")]
    {
        let mut installed = INSTALLED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(at) = installed.iter().position(|(path, _)| path == dir) {
            return installed.swap_remove(at).1;
        }
    }
    #[cfg(not(feature = "testing"))]
    let _ = dir;
    Arc::clone(usual)
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl DiskFile for File {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(out, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }
    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
    fn resize(&self, size: u64) -> io::Result<()> {
        self.set_len(size)
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(create);
        Ok(Arc::new(options.open(path)?))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    fn link(&self, target: &Path, path: &Path) -> io::Result<()> {
        std::os::unix::fs::symlink(target, path)
    }
    fn is_link(&self, path: &Path) -> bool {
        path.is_symlink()
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect()
    }
    fn free(&self, dir: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
    fn boot(&self) -> Option<String> {
        // Of Linux; on others a store that was not closed is always made anew.
        let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim().to_owned())
    }
    fn point(&self, name: &str) {
        fault::point(name);
    }
    fn wants_halves(&self) -> bool {
        fault::is_armed("journal_half")
    }
}
