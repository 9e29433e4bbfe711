//! What was found damaged and what was done about it: for operators, in words.

use std::fmt;
use std::path::PathBuf;

use wardroom_protocol::ids::LogName;

use super::floors::Floors;

/// Where damage lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// In a file, at an offset in bytes.
    File(PathBuf, u64),
    /// In entries of a log: first and last seq.
    Log(LogName, u64, u64),
    /// In the store as a whole.
    Store(PathBuf),
}

/// What was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing: it was only looked at.
    Named,
    /// The journal was mended from the store.
    MendedFromStore,
    /// The store was mended from the journal.
    MendedFromJournal,
    /// It was derived, and is made again.
    Rebuilt,
    /// The unfinished end of a write that nobody was told of; it is gone.
    TornEndDropped,
    /// Words that a redaction erases were overwritten again.
    Erased,
    /// It was taken out of the way and kept.
    SetAside,
    /// No copy holds it.
    Lost,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub place: Where,
    /// What is wrong, in words.
    pub what: String,
    /// What was done.
    pub done: Done,
}

/// Entries that no copy holds. The room that finds one opens the next epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hole {
    /// The log.
    pub log: LogName,
    /// The first seq.
    pub from: u64,
    /// The last seq.
    pub to: u64,
}

/// What opening a log found.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// Damage, and what was done about it. Empty after a clean stop.
    pub findings: Vec<Finding>,
    /// Entries known to be lost.
    pub holes: Vec<Hole>,
    /// The newest entries of some logs may be lost, and which cannot be told: every log opens the
    /// next epoch.
    pub tail_lost: bool,
    /// From which epoch on each log goes on, after this start's losses and those of earlier ones.
    pub floors: Floors,
    /// Records brought from the journal into the store.
    pub replayed: u64,
    /// The store was built anew from the journal.
    pub rebuilt: bool,
}

impl Finding {
    pub(super) fn new(place: Where, what: impl Into<String>, done: Done) -> Self {
        Self { place, what: what.into(), done }
    }
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, offset) => write!(f, "{} at byte {offset}", path.display()),
            Self::Log(log, from, to) if from == to => write!(f, "{log}, entry {from}"),
            Self::Log(log, from, to) => write!(f, "{log}, entries {from} to {to}"),
            Self::Store(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Named => "nothing was changed",
            Self::MendedFromStore => "mended from the store",
            Self::MendedFromJournal => "mended from the journal",
            Self::Rebuilt => "made again",
            Self::TornEndDropped => "dropped, nobody was told of it",
            Self::Erased => "overwritten again",
            Self::SetAside => "set aside",
            Self::Lost => "LOST: no copy holds it",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.done)
    }
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, entries {} to {}", self.log, self.from, self.to)
    }
}

/// Why a log does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{} is in use by another process, which holds {}/LOCK; stop that one first, or give this one another data directory", .0.display(), .0.display())]
    Locked(PathBuf),
    /// There is no log in this directory.
    #[error("there is no log in {}; check --data", .0.display())]
    NoLog(PathBuf),
    /// The file system said no.
    #[error("failed to {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What came of it.
        source: std::io::Error,
    },
    /// The store cannot be made, not even anew.
    #[error("the store in {} cannot be built: {source}", path.display())]
    Store {
        /// Its folder.
        path: PathBuf,
        /// What came of it.
        source: super::store::ShelfError,
    },
}

/// An `Io` error's maker.
pub(super) fn io<'a>(
    action: &'static str,
    path: &'a std::path::Path,
) -> impl FnOnce(std::io::Error) -> OpenError + 'a {
    move |source| OpenError::Io { action, path: path.to_path_buf(), source }
}
