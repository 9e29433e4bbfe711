//! A disk whose power can be cut: it remembers every write, name and size that no sync has confirmed
//! yet, and at the end keeps, drops or tears each of them at random. What sled writes past it is
//! treated alike (`outside`).

mod outside;

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use wardroom::log::disk::{Disk, DiskFile};

use outside::Outside;

const SECTOR: usize = 512;

/// Rolls a number below another.
pub(crate) type Roll<'a> = &'a mut dyn FnMut(usize) -> usize;

/// A change that no sync has confirmed.
enum Change {
    Write { at: u64, old: Vec<u8>, new: Vec<u8> },
    Resize { old: u64, new: u64 },
}

struct Inode {
    file: File,
    changes: Vec<Change>,
    /// Somebody else writes it, at this path.
    outside: Option<PathBuf>,
}

enum Naming {
    Made(PathBuf, usize),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf),
}

#[derive(Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    /// Names that survive for sure, and what happened to names since.
    synced_names: BTreeMap<PathBuf, usize>,
    namings: Vec<Naming>,
    outside: Outside,
    dead: bool,
    hits: BTreeMap<String, u64>,
    /// What a call failed for.
    failed: Option<PathBuf>,
}

impl State {
    fn fail(&mut self, inode: usize) {
        let named = self.names.iter().find(|(_, named)| **named == inode);
        self.failed = named.map(|(path, _)| path.clone());
    }
}

/// See the module.
pub(crate) struct PowerDisk {
    state: Mutex<State>,
    /// The point where the power goes, and at which passage.
    cut: (&'static str, u64),
    /// Syncs do nothing: what a test must notice.
    lying: bool,
    /// The sync that fails, counted from 1; 0 for none.
    pub(crate) failing_sync: AtomicU64,
    pub(crate) syncs: AtomicU64,
    /// The same for writes.
    pub(crate) failing_write: AtomicU64,
    pub(crate) writes: AtomicU64,
}

struct PowerFile {
    disk: Arc<PowerDisk>,
    inode: usize,
}

/// The handle that goes into the options.
#[derive(Clone)]
pub(crate) struct Power(pub(crate) Arc<PowerDisk>);

fn off() -> io::Error {
    io::Error::other("the power is off")
}

impl Power {
    pub(crate) fn new(cut: (&'static str, u64), lying: bool) -> Self {
        Self(Arc::new(PowerDisk {
            state: Mutex::default(),
            cut,
            lying,
            failing_sync: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
            failing_write: AtomicU64::new(0),
            writes: AtomicU64::new(0),
        }))
    }

    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.0.state.lock().unwrap();
        if state.dead { Err(off()) } else { Ok(state) }
    }

    /// Whether what failed was a file being made, which has no name yet: whoever makes it begins anew.
    pub(crate) fn failed_in_making(&self) -> bool {
        let state = self.0.state.lock().unwrap();
        state.failed.as_ref().is_some_and(|path| path.extension().is_some_and(|end| end == "new"))
    }

    pub(crate) fn is_off(&self) -> bool {
        self.0.state.lock().unwrap().dead
    }

    pub(crate) fn turn_off(&self) {
        self.0.state.lock().unwrap().turn_off();
    }

    /// Leaves on disk what a power cut might have left.
    pub(crate) fn settle(&self, roll: Roll<'_>) {
        let mut state = self.0.state.lock().unwrap();
        state.outside.settle(roll);
        let mut names = std::mem::take(&mut state.synced_names);
        for naming in std::mem::take(&mut state.namings) {
            if roll(2) == 0 {
                continue;
            }
            match naming {
                Naming::Made(path, inode) => {
                    names.insert(path, inode);
                }
                Naming::Renamed(from, to) => {
                    if let Some(inode) = names.remove(&from) {
                        names.insert(to, inode);
                    }
                }
                Naming::Removed(path) => {
                    names.remove(&path);
                }
            }
        }
        let contents: Vec<Vec<u8>> =
            state.inodes.iter_mut().map(|inode| inode.settled(roll)).collect();
        for path in state.names.keys() {
            fs::remove_file(path).unwrap();
        }
        for (path, inode) in names {
            fs::write(path, &contents[inode]).unwrap();
        }
    }
}

impl State {
    fn turn_off(&mut self) {
        if !self.dead {
            self.dead = true;
            self.outside.cut();
        }
    }
}

impl Inode {
    fn settled(&mut self, roll: Roll<'_>) -> Vec<u8> {
        if self.outside.is_some() {
            return Vec::new();
        }
        let mut bytes = vec![0; usize::try_from(self.file.metadata().unwrap().len()).unwrap()];
        self.file.read_exact_at(&mut bytes, 0).unwrap();
        for change in self.changes.iter().rev() {
            match change {
                Change::Resize { old, .. } => bytes.resize(usize::try_from(*old).unwrap(), 0),
                Change::Write { at, old, new } => {
                    let at = usize::try_from(*at).unwrap();
                    let known = old.len();
                    if bytes.len() >= at + new.len() {
                        bytes[at..at + known].copy_from_slice(old);
                        if known < new.len() {
                            bytes.truncate(at + known);
                        }
                    }
                }
            }
        }
        for change in &self.changes {
            let fate = roll(3);
            match change {
                _ if fate == 0 => {}
                Change::Resize { new, .. } => bytes.resize(usize::try_from(*new).unwrap(), 0),
                Change::Write { at, new, .. } => {
                    let at = usize::try_from(*at).unwrap();
                    if bytes.len() < at + new.len() {
                        bytes.resize(at + new.len(), 0);
                    }
                    for (number, sector) in new.chunks(SECTOR).enumerate() {
                        // Torn: any set of its sectors may have arrived.
                        if fate == 1 || roll(2) == 0 {
                            let here = at + number * SECTOR;
                            bytes[here..here + sector.len()].copy_from_slice(sector);
                        }
                    }
                }
            }
        }
        bytes
    }
}

impl DiskFile for PowerFile {
    fn read_at(&self, out: &mut [u8], offset: u64) -> io::Result<()> {
        let state = Power(Arc::clone(&self.disk));
        let state = state.state()?;
        state.inodes[self.inode].file.read_exact_at(out, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let power = Power(Arc::clone(&self.disk));
        let mut state = power.state()?;
        let nth = self.disk.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let fails = nth == self.disk.failing_write.load(Ordering::SeqCst);
        // A write that fails may have left a part of itself.
        let bytes = if fails { &bytes[..bytes.len() / 3] } else { bytes };
        let inode = &mut state.inodes[self.inode];
        let size = inode.file.metadata()?.len();
        let known = size.saturating_sub(offset).min(bytes.len() as u64);
        let mut old = vec![0; usize::try_from(known).unwrap()];
        inode.file.read_exact_at(&mut old, offset)?;
        inode.file.write_all_at(bytes, offset)?;
        inode.changes.push(Change::Write { at: offset, old, new: bytes.to_vec() });
        if fails {
            state.fail(self.inode);
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let power = Power(Arc::clone(&self.disk));
        let mut state = power.state()?;
        let nth = self.disk.syncs.fetch_add(1, Ordering::SeqCst) + 1;
        if nth == self.disk.failing_sync.load(Ordering::SeqCst) {
            state.fail(self.inode);
            return Err(io::Error::other("input/output error, from a test"));
        }
        if self.disk.lying {
            return Ok(());
        }
        match state.inodes[self.inode].outside.clone() {
            Some(path) => state.outside.synced(&path),
            None => state.inodes[self.inode].changes.clear(),
        }
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        let power = Power(Arc::clone(&self.disk));
        Ok(power.state()?.inodes[self.inode].file.metadata()?.len())
    }

    fn resize(&self, size: u64) -> io::Result<()> {
        let power = Power(Arc::clone(&self.disk));
        let mut state = power.state()?;
        let inode = &mut state.inodes[self.inode];
        let old = inode.file.metadata()?.len();
        assert!(size >= old || old == 0 || size == 0, "the journal only grows files");
        if size < old {
            // Remembered as zeros written and the size given up: enough to undo it.
            let mut bytes = vec![0; usize::try_from(old).unwrap()];
            inode.file.read_exact_at(&mut bytes, 0)?;
            let new = vec![0; bytes.len()];
            inode.changes.push(Change::Write { at: 0, old: bytes, new });
        }
        inode.file.set_len(size)?;
        inode.changes.push(Change::Resize { old, new: size });
        Ok(())
    }
}

impl Disk for Power {
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state()?;
        if path.file_name().is_some_and(|name| name == "db") {
            let file = File::open(path)?;
            let outside = Some(path.to_path_buf());
            state.outside.opened(path);
            state.inodes.push(Inode { file, changes: Vec::new(), outside });
            let inode = state.inodes.len() - 1;
            return Ok(Arc::new(PowerFile { disk: Arc::clone(&self.0), inode }));
        }
        let known = state.names.get(path).copied();
        let inode = if let Some(inode) = known {
            inode
        } else {
            let fresh = !path.exists();
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(create)
                .truncate(false)
                .open(path)?;
            state.inodes.push(Inode { file, changes: Vec::new(), outside: None });
            let inode = state.inodes.len() - 1;
            state.names.insert(path.to_path_buf(), inode);
            if fresh {
                state.namings.push(Naming::Made(path.to_path_buf(), inode));
            } else {
                state.synced_names.insert(path.to_path_buf(), inode);
            }
            inode
        };
        Ok(Arc::new(PowerFile { disk: Arc::clone(&self.0), inode }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state()?;
        fs::rename(from, to)?;
        if let Some(inode) = state.names.remove(from) {
            state.names.insert(to.to_path_buf(), inode);
        }
        state.namings.push(Naming::Renamed(from.to_path_buf(), to.to_path_buf()));
        Ok(())
    }

    fn link(&self, target: &Path, path: &Path) -> io::Result<()> {
        let mut state = self.state()?;
        std::os::unix::fs::symlink(target, path)?;
        let inode = state.names[target];
        state.names.insert(path.to_path_buf(), inode);
        state.namings.push(Naming::Made(path.to_path_buf(), inode));
        Ok(())
    }

    fn is_link(&self, path: &Path) -> bool {
        path.is_symlink()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state()?;
        fs::remove_file(path)?;
        state.names.remove(path);
        state.namings.push(Naming::Removed(path.to_path_buf()));
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.state()?;
        if self.0.lying {
            return Ok(());
        }
        // Everything in this directory; the few other files have theirs.
        let here = |path: &Path| path.parent() == Some(dir);
        let names: BTreeMap<PathBuf, usize> = state
            .names
            .iter()
            .filter(|(path, _)| here(path))
            .map(|(path, inode)| (path.clone(), *inode))
            .collect();
        state.synced_names.retain(|path, _| !here(path));
        state.synced_names.extend(names);
        state.namings.retain(|naming| match naming {
            Naming::Made(path, _) | Naming::Removed(path) | Naming::Renamed(_, path) => !here(path),
        });
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let _state = self.state()?;
        fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect()
    }

    fn free(&self, _: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn boot(&self) -> Option<String> {
        // What was written with it is found by a machine that started later.
        Some(format!("before the cut {:p}", Arc::as_ptr(&self.0)))
    }

    fn point(&self, name: &str) {
        let Ok(mut state) = self.state() else {
            return;
        };
        let hits = state.hits.entry(name.to_owned()).or_insert(0);
        *hits += 1;
        if (name, *hits) == self.0.cut {
            state.turn_off();
        }
    }

    fn wants_halves(&self) -> bool {
        self.0.cut.0 == "journal_half"
    }
}
