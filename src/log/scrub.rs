//! `wardroom log scrub` and `wardroom log stats`.
//!
//! Scrub looks at everything, mends each copy from the other, and builds the store anew from the
//! journal, so that no old page keeps erased words.

use std::fmt;
use std::fs;
use std::path::Path;

use super::disk::RealDisk;
use super::finding::{Finding, Hole, OpenError, io};
use super::options::Options;
use super::recovery::{self, Care, lock};
use super::store::{Generations, MarkFile};
use super::survey::survey;

/// What scrub found and did.
#[derive(Clone, Debug, Default)]
pub struct ScrubReport {
    /// Damage, each with what was done about it.
    pub findings: Vec<Finding>,
    /// Entries that no copy holds.
    pub holes: Vec<Hole>,
    /// Entries in the store that was built.
    pub entries: u64,
    /// Old stores removed.
    pub removed: u64,
}

impl ScrubReport {
    /// Nothing is lost: all damage found is mended.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.holes.is_empty()
    }
}

impl fmt::Display for ScrubReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))?;
        self.holes.iter().try_for_each(|hole| writeln!(f, "  lost: {hole}"))?;
        write!(
            f,
            "The store was built anew with {} entries; {} old ones removed. {}",
            self.entries,
            self.removed,
            if self.ok() {
                "Nothing is missing."
            } else {
                "Some entries are lost; the rooms concerned open a new epoch."
            }
        )
    }
}

/// Mends the log in a directory and builds its store anew. The server must be stopped.
pub fn scrub(dir: &Path, options: &Options) -> Result<ScrubReport, OpenError> {
    if !dir.join("journal").is_dir() {
        return Err(OpenError::NoLog(dir.to_path_buf()));
    }
    let opened = recovery::open(dir, options, Care::Thorough)?;
    // Held until the old stores are gone.
    let _lock = opened.lock;
    let generations = Generations::new(dir.join("store"), options.cache_bytes, &options.disk);
    let mut removed = 0;
    for old in generations.others().map_err(io("list", generations.dir()))? {
        fs::remove_dir_all(&old).map_err(io("remove", &old))?;
        removed += 1;
    }
    Ok(ScrubReport {
        findings: opened.recovery.findings,
        holes: opened.recovery.holes,
        entries: opened.recovery.replayed,
        removed,
    })
}

/// Sizes and counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Journal segments in use.
    pub segments: u64,
    /// Segments made ahead.
    pub spares: u64,
    /// Bytes of the journal's files.
    pub journal_bytes: u64,
    /// Bytes of the store's files.
    pub store_bytes: u64,
    /// The newest group in the journal.
    pub last_group: u64,
    /// The newest group that is surely in the store.
    pub marked_group: u64,
    /// Each log with its newest seq.
    pub logs: Vec<(String, u64)>,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (log, head) in &self.logs {
            writeln!(f, "  {head:>10}  {log}")?;
        }
        write!(
            f,
            "{} logs; {} groups in {} segments and {} made ahead, {} bytes; store {} bytes, synced up to group {}",
            self.logs.len(),
            self.last_group,
            self.segments,
            self.spares,
            self.journal_bytes,
            self.store_bytes,
            self.marked_group
        )
    }
}

fn bytes_below(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        bytes += if meta.is_dir() { bytes_below(&entry.path())? } else { meta.len() };
    }
    Ok(bytes)
}

/// Measures the log in a directory. The server must be stopped. Reads the whole journal.
pub fn stats(dir: &Path) -> Result<Stats, OpenError> {
    let journal = dir.join("journal");
    if !journal.is_dir() {
        return Err(OpenError::NoLog(dir.to_path_buf()));
    }
    let _lock = lock(dir)?;
    let found = survey(&RealDisk, &journal, 0).map_err(io("read", &journal))?;
    let catalog = recovery::catalog_of(&found, &journal);
    let mark_path = dir.join("store.mark");
    let mark = if mark_path.exists() {
        let opened = MarkFile::open(&RealDisk, &mark_path);
        opened.map_err(io("read", &mark_path))?.1
    } else {
        None
    };
    let store = dir.join("store");
    Ok(Stats {
        segments: found.segments.len() as u64,
        spares: found.spares.len() as u64,
        journal_bytes: bytes_below(&journal).map_err(io("measure", &journal))?,
        store_bytes: if store.is_dir() {
            bytes_below(&store).map_err(io("measure", &store))?
        } else {
            0
        },
        last_group: found.last_group(),
        marked_group: mark.unwrap_or_default().group,
        logs: catalog.heads().into_iter().map(|(log, head)| (log.to_string(), head)).collect(),
    })
}
