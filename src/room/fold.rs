//! Folding a log into what an actor needs of it: from its snapshot on, if it has one. Runs on a read
//! thread.

use wardroom_protocol::ids::LogName;

use super::{Names, snapshot};
use crate::domain::{Event, LogState, Meta, Rows};
use crate::entry::{self, NO_LINK, Record, Unreadable, open_words};
use crate::log::record::encode_header;
use crate::log::{MidIndex, ReadError, Reader};
use crate::seal::{Keyring, OpenError};

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum FoldError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What folding a log yields.
pub(super) struct Folded {
    pub(super) state: LogState,
    pub(super) mids: MidIndex,
    /// BLAKE3 of the newest entry's header.
    pub(super) link: [u8; 32],
    /// Entries are missing.
    pub(super) holes: bool,
    /// The log holds entries that this version cannot fold: it is read-only.
    pub(super) read_only: bool,
    pub(super) names: Names,
    /// The seq of the newest snapshot kept of it; 0: none.
    pub(super) kept: u64,
    /// `~directory`: the registrations with their opened words.
    pub(super) registrations: Vec<(Event, Meta, Option<Vec<u8>>)>,
}

impl Folded {
    pub(super) fn empty(log: &LogName) -> Self {
        Self {
            state: LogState::empty(log),
            mids: MidIndex::new(),
            link: NO_LINK,
            holes: false,
            read_only: false,
            names: Names::default(),
            kept: 0,
            registrations: Vec::new(),
        }
    }

    fn take(&mut self, record: &Record, keys: &Keyring) -> Result<(), FoldError> {
        let header = &record.header;
        let meta = header.meta();
        self.link = encode_header(header).link();
        self.mids.seed(header.mid);
        let event = match entry::event(header) {
            Ok(event) => event,
            Err(Unreadable::UpgradeNeeded { .. }) => {
                self.read_only = true;
                None
            }
            Err(error) => return Err(error.into()),
        };
        let Some(event) = event else {
            self.state.skip(&meta);
            return Ok(());
        };
        self.state.apply(&event, &meta);
        if self.names.lacks(&event)
            && let Some(words) = open_words(record, keys)?
            && let Some(name) = Names::in_words(&event, &words)
        {
            self.names.learn(&event, meta.position.seq, name);
        }
        if matches!(event, Event::RoomRegistered(..)) {
            let words = open_words(record, keys)?;
            self.registrations.push((event, meta, words));
        }
        Ok(())
    }
}

/// Folds a log. Keeps a snapshot of it if that took long.
pub(super) fn fold(log: &LogName, reader: &Reader, keys: &Keyring) -> Result<Folded, FoldError> {
    let mut folded = match snapshot::load(log, reader, keys)? {
        Some(folded) => folded,
        None => Folded::empty(log),
    };
    let mut failed = None;
    let holes = reader.scan_after(log, folded.kept, &mut |record| {
        if failed.is_none()
            && let Err(error) = folded.take(record, keys)
        {
            failed = Some(error);
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let mut rows = Rows::default();
    for mid in folded.state.rests_on() {
        rows.insert(mid, reader.row(log, &mid)?);
    }
    folded.state.settle(&rows);
    folded.holes = !holes.is_empty();
    let head = folded.state.line().head().seq;
    if !folded.holes
        && !folded.read_only
        && head - folded.kept >= snapshot::EVERY
        && let Some(made) = snapshot::of(&folded.state, &folded.names, &folded.mids, folded.link)
        && reader.save_snapshot(log, &made)
    {
        folded.kept = head;
    }
    Ok(folded)
}
