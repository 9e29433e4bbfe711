//! `epoch.floor`: from which epoch on a log goes on that has lost entries. A log whose head lies below its
//! floor opens an epoch at or above it with its next entry, however often the node is started until then; one
//! whose head does not is past its loss.
//!
//! A mend takes away what shows that something was lost. So before one begins the file says, synced, *mending*;
//! when it is known whose entries are lost, their floors take the place of that. A start that finds a mend
//! begun and not ended, or the file damaged, cannot know any more and takes it for the ends of all logs.
//! Written to a file beside and renamed, so that a torn write leaves the old one.
//!
//! ```text
//! 0 8 "WRDRFLOR" · 8 4 version 1 · 12 4 mending (0 or 1) · 16 8 floor of every log · 24 4 count of logs ·
//! each: 2 length + name, 8 floor · 8 sum of all before
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use wardroom_protocol::ids::LogName;

use super::bytes_in::{Cut, Cutter};
use super::disk::Disk;
use super::finding::{Done, Finding, Recovery, Where};
use super::journal::{Catalog, read_all};
use super::record::{View, short};

const NAME: &str = "epoch.floor";
const MAGIC: &[u8; 8] = b"WRDRFLOR";
const VERSION: u32 = 1;
/// So many logs have a floor of their own. With more, every log has it.
const NAMED: usize = 4096;
/// More bytes than that many names take; a file that has more is damaged.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The lowest epoch in which each log may go on. See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floors {
    every: u64,
    named: BTreeMap<LogName, u64>,
}

impl Floors {
    /// A log whose head lies in an epoch below this opens one at or above it; 0 if it has lost nothing.
    #[must_use]
    pub fn of(&self, log: &LogName) -> u64 {
        let named = self.named.get(log).copied().unwrap_or(0);
        self.every.max(named)
    }

    fn highest(&self) -> u64 {
        self.named.values().fold(self.every, |highest, floor| highest.max(*floor))
    }

    fn encode(&self, mending: bool) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&u32::from(mending).to_le_bytes());
        out.extend_from_slice(&self.every.to_le_bytes());
        let count = u32::try_from(self.named.len()).expect("they are few");
        out.extend_from_slice(&count.to_le_bytes());
        for (log, floor) in &self.named {
            let name = log.as_str().as_bytes();
            let len = u16::try_from(name.len()).expect("a log's name is short");
            out.extend_from_slice(&len.to_le_bytes());
            out.extend_from_slice(name);
            out.extend_from_slice(&floor.to_le_bytes());
        }
        let sum = short(blake3::hash(&out).as_bytes());
        out.extend_from_slice(&sum);
        out
    }

    /// With whether a mend was under way. `None`: damaged, or of a version that this program does not know.
    fn decode(bytes: &[u8]) -> Result<Option<(bool, Self)>, Cut> {
        let Some((body, sum)) = bytes.split_last_chunk::<8>() else {
            return Err(Cut);
        };
        let mut cut = Cutter::new(body);
        let magic: [u8; 8] = cut.array()?;
        let version = cut.u32()?;
        if magic != *MAGIC || version != VERSION || *sum != short(blake3::hash(body).as_bytes()) {
            return Ok(None);
        }
        let mending = cut.u32()? != 0;
        let mut floors = Self { every: cut.u64()?, named: BTreeMap::new() };
        for _ in 0..cut.u32()? {
            let Some(Ok(log)) = cut.text()?.map(str::parse) else {
                return Ok(None);
            };
            floors.named.insert(log, cut.u64()?);
        }
        Ok(cut.is_done().then_some((mending, floors)))
    }
}

/// How the file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// Whole, or not there: nothing was ever lost.
    Settled,
    /// A mend was begun and did not end.
    Mending,
    /// It cannot be read.
    Damaged,
}

/// The file, while a log is opened.
pub(super) struct FloorFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    floors: Floors,
    /// How the start found it.
    left: Left,
    /// It says on disk that a mend is under way, or is damaged, which says the same.
    open: bool,
}

fn read(disk: &dyn Disk, path: &Path) -> (Left, Floors) {
    let damaged = (Left::Damaged, Floors::default());
    let file = match disk.open(path, false) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return (Left::Settled, Floors::default());
        }
        Err(_) => return damaged,
    };
    if file.size().is_ok_and(|size| size > LARGEST) {
        return damaged;
    }
    match read_all(&*file).map(|bytes| Floors::decode(&bytes)) {
        Ok(Ok(Some((mending, floors)))) => {
            (if mending { Left::Mending } else { Left::Settled }, floors)
        }
        _ => damaged,
    }
}

fn finding(left: Left, path: &Path, done: Done) -> Option<Finding> {
    let what = match left {
        Left::Settled => return None,
        Left::Mending => "a mend of the journal was interrupted: every log opens an epoch",
        Left::Damaged => "it does not tell any more who lost entries: every log opens an epoch",
    };
    Some(Finding::new(Where::File(path.to_path_buf(), 0), what, done))
}

/// What is wrong with the file in a directory; changes nothing.
pub(super) fn look(disk: &dyn Disk, dir: &Path) -> Option<Finding> {
    let path = dir.join(NAME);
    finding(read(disk, &path).0, &path, Done::Named)
}

impl FloorFile {
    /// Reads the file, if there is one.
    pub(super) fn open(disk: &Arc<dyn Disk>, dir: &Path, recovery: &mut Recovery) -> Self {
        let path = dir.join(NAME);
        let (left, floors) = read(&**disk, &path);
        recovery.findings.extend(finding(left, &path, Done::Rebuilt));
        Self { disk: Arc::clone(disk), path, floors, left, open: left != Left::Settled }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What an earlier start found lost, nobody knows.
    pub(super) fn in_doubt(&self) -> bool {
        self.left != Left::Settled
    }

    /// Takes note that a mend begins, before anything that shows a loss is taken away.
    pub(super) fn begin_mend(&mut self) -> io::Result<()> {
        if !self.open {
            self.write(true)?;
            self.open = true;
        }
        Ok(())
    }

    /// The mend has ended: raises the floors of those who lost entries, and keeps them before anybody goes on.
    pub(super) fn settle(&mut self, recovery: &mut Recovery, catalog: &Catalog) -> io::Result<()> {
        let mut lost: BTreeSet<LogName> =
            recovery.holes.iter().map(|hole| hole.log.clone()).collect();
        let every = recovery.tail_lost || self.in_doubt();
        if every || !lost.is_empty() {
            let floor = self.above(catalog, (!every).then_some(&lost))?;
            lost.extend(self.floors.named.keys().cloned());
            if every || lost.len() > NAMED {
                self.floors = Floors { every: floor, named: BTreeMap::new() };
            } else {
                let named = recovery.holes.iter().map(|hole| (hole.log.clone(), floor));
                self.floors.named.extend(named);
            }
        } else if !self.open {
            recovery.floors = self.floors.clone();
            return Ok(());
        }
        self.write(false)?;
        self.open = false;
        recovery.floors = self.floors.clone();
        Ok(())
    }

    /// Above every epoch that may have been used: those of the logs concerned as far as they are there, those
    /// that earlier losses opened, and those that the clock gave up to now.
    fn above(&self, catalog: &Catalog, only: Option<&BTreeSet<LogName>>) -> io::Result<u64> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut used = self.floors.highest().max(now.map_or(0, |since| since.as_secs()));
        for (log, place) in catalog.ends()? {
            if only.is_none_or(|only| only.contains(&log))
                && let Some(bytes) = catalog.read(place)?
                && let Ok(view) = View::read(&bytes)
            {
                used = used.max(view.header.position.epoch);
            }
        }
        Ok(used + 1)
    }

    fn write(&self, mending: bool) -> io::Result<()> {
        let bytes = self.floors.encode(mending);
        let made = self.path.with_extension("floor.new");
        let file = self.disk.open(&made, true)?;
        file.resize(0)?;
        file.write_at(&bytes, 0)?;
        file.sync()?;
        self.disk.rename(&made, &self.path)?;
        self.path.parent().map_or(Ok(()), |dir| self.disk.sync_dir(dir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_anything_else_is_damaged() {
        let log = |name: &str| name.parse::<LogName>().expect("a log's name");
        let named = [(log("cardiology"), 7), (log("~directory"), 9), (log("@ana"), 3)].into();
        let floors = Floors { every: 5, named };
        assert_eq!(
            [log("cardiology"), log("@ana"), log("x")].map(|log| floors.of(&log)),
            [7, 5, 5]
        );
        let bytes = floors.encode(true);
        assert_eq!(Floors::decode(&bytes), Ok(Some((true, floors))));
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 1;
            assert!(!matches!(Floors::decode(&broken), Ok(Some(_))), "byte {at}");
            assert!(!matches!(Floors::decode(&bytes[..at]), Ok(Some(_))), "{at} bytes");
        }
    }
}
