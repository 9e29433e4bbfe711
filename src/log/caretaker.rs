//! The caretaker thread: what can wait. It reads through the store slowly, so that damage is found
//! while the journal can still mend it, and moves closed segments to the archive.
//!
//! What it reads is checked as for any reader: header, words, dense numbers. It also checks that each
//! entry links to the one before and stands in the index.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use wardroom_protocol::ids::LogName;

use super::archive::move_there;
use super::handle::{Alive, Shared};
use super::options::Options;
use super::reader::Reader;
use super::record::encode_header;
use super::slice::{Budget, ReadError};
use super::wounds::Wounds;
use crate::telemetry::metric;

/// A round through everything begins this long after the last one began, at the earliest.
const ROUND: Duration = Duration::from_hours(1);
/// Bytes read in one turn at most, however many entries there may be.
const TURN_BYTES: usize = 1024 * 1024;

/// Where a round stands.
struct Round {
    begun: Instant,
    /// Logs still to come, last first.
    logs: Vec<LogName>,
    /// The newest entry checked of the last of them: its seq, and what the next one links to.
    after: u64,
    link: Option<[u8; 32]>,
    /// An entry of it that was not in the index when it was looked for: the store may have been taking it in,
    /// which puts entries before their rows.
    doubted: Option<u64>,
}

/// See the module.
pub(super) struct Caretaker {
    shared: Weak<Shared>,
    every: Duration,
    archive: Option<PathBuf>,
    keep: usize,
    /// Entries checked in a turn.
    entries: usize,
    round: Option<Round>,
}

fn found(outcome: &'static str, count: u64) {
    metrics::counter!(metric::SCRUB_FOUND, "outcome" => outcome).increment(count);
}

impl Caretaker {
    /// Starts it. It ends when what is returned is dropped.
    pub(super) fn start(
        shared: &Arc<Shared>,
        options: &Options,
        alive: Alive,
    ) -> io::Result<SyncSender<()>> {
        let archive = options.archive.as_ref().map(std::path::absolute).transpose()?;
        if let Some(archive) = &archive {
            std::fs::create_dir_all(archive)?;
        }
        let share = options.care_every.as_secs_f64();
        let mut this = Self {
            shared: Arc::downgrade(shared),
            every: options.care_every,
            archive,
            keep: options.keep_segments,
            entries: share_of(options.scrub_entries, share),
            round: None,
        };
        let (stop, stopped) = sync_channel(1);
        thread::Builder::new().name("log-care".to_owned()).spawn(move || {
            this.run(&stopped);
            drop(this);
            drop(alive);
        })?;
        Ok(stop)
    }

    fn run(&mut self, stopped: &Receiver<()>) {
        while stopped.recv_timeout(self.every) == Err(RecvTimeoutError::Timeout) {
            let Some(shared) = self.shared.upgrade() else {
                return;
            };
            self.archive(&shared);
            if self.entries > 0 {
                self.scrub(&shared);
            }
        }
    }

    /// Moves the oldest closed segment beyond those to keep.
    fn archive(&mut self, shared: &Shared) {
        let (Some(archive), Some(catalog)) = (&self.archive, &shared.catalog) else {
            return;
        };
        let mut here = catalog.closed();
        here.retain(|number| !shared.disk.is_link(&catalog.path(*number)));
        let excess = here.len().saturating_sub(self.keep);
        let Some(&number) = here[..excess].first() else {
            return;
        };
        match move_there(catalog, archive, number) {
            Ok(()) => tracing::info!(segment = number, "a closed segment was moved to the archive"),
            Err(error) => {
                let archive = archive.display();
                tracing::error!(%error, segment = number, %archive, "no segments are moved to the archive until a restart");
                self.archive = None;
            }
        }
    }

    /// Checks some entries more.
    fn scrub(&mut self, shared: &Shared) {
        let reader = shared.reader();
        let round = match &mut self.round {
            Some(round) if !round.logs.is_empty() => round,
            Some(round) if round.begun.elapsed() < ROUND => return,
            round => {
                // A store that cannot be read is being rebuilt; the round begins when it stands.
                let Ok(mut logs) = reader.logs() else {
                    return;
                };
                logs.reverse();
                round.insert(Round {
                    begun: Instant::now(),
                    logs,
                    after: 0,
                    link: None,
                    doubted: None,
                })
            }
        };
        let before = shared.wounds.found();
        let mut left = self.entries;
        while left > 0 {
            match round.step(&reader, &shared.wounds, left) {
                Ok(Some(checked)) => left -= checked.min(left),
                Ok(None) | Err(_) => break,
            }
        }
        let mended = shared.wounds.found() - before;
        if mended > 0 {
            found("mended", mended);
        }
        shared.gauge.count_scrubbed(self.entries - left, round.logs.is_empty());
    }
}

/// A rate's share of one turn; at least one, unless it is zero.
fn share_of(per_second: usize, seconds: f64) -> usize {
    if per_second == 0 {
        return 0;
    }
    let millis = Duration::from_secs_f64(seconds).as_millis();
    usize::try_from(per_second as u128 * millis / 1000).unwrap_or(usize::MAX).max(1)
}

impl Round {
    /// Checks at most so many entries of the log whose turn it is; returns how many. `None`: all logs
    /// are through, or one entry is to be looked at again at the next turn.
    fn step(
        &mut self,
        reader: &Reader,
        wounds: &Wounds,
        entries: usize,
    ) -> Result<Option<usize>, ReadError> {
        let Some(log) = self.logs.last().cloned() else {
            return Ok(None);
        };
        let budget = Budget { entries, bytes: TURN_BYTES };
        let slice = reader.forward(&log, self.after, u64::MAX, budget)?;
        for &(from, to) in &slice.holes {
            tracing::error!(%log, from, to, "entries are missing in every copy");
            found("missing", to - from + 1);
        }
        for record in &slice.records {
            let header = &record.header;
            let seq = header.position.seq;
            let follows = seq == self.after + 1;
            if follows && self.link.is_some_and(|link| link != header.link) {
                tracing::error!(%log, seq, "an entry does not link to the one before it");
                found("unlinked", 1);
            }
            let row = reader.row(&log, &header.mid)?;
            if row.is_none_or(|row| row.position != header.position) {
                if self.doubted != Some(seq) {
                    // At the next turn it is there, or it is missing.
                    self.doubted = Some(seq);
                    return Ok(None);
                }
                tracing::error!(%log, seq, "an entry is not in the index; the store is rebuilt");
                found("unindexed", 1);
                wounds.store_is_sick();
            }
            self.link = Some(encode_header(header).link());
            self.after = seq;
        }
        let hole = slice.holes.last().map_or(0, |hole| hole.1);
        if hole > self.after {
            (self.after, self.link) = (hole, None);
        }
        if slice.records.is_empty() && slice.holes.is_empty() {
            self.logs.pop();
            (self.after, self.link, self.doubted) = (0, None, None);
        }
        Ok(Some(slice.records.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::put;
    use super::super::store::{Batch, MemoryShelf, entry_key};
    use super::super::synthetic::{log, record};
    use super::*;
    use crate::domain::message::{Event as MessageEvent, Posted};
    use crate::domain::{Event, Kind};

    /// The store puts entries in before their rows: in between it is looked at once more.
    #[test]
    fn an_entry_without_its_row_is_looked_at_twice() {
        let topic = wardroom_protocol::ids::TopicId::from_bytes([1; 16]);
        let event = Event::Message(MessageEvent::Posted(Posted::under(topic, Kind::Message)));
        let entry = record(1, &event);
        let mut bytes = Vec::new();
        put(&mut bytes, &entry, &encode_header(&entry.header));
        for comes in [true, false] {
            let shelf = Arc::new(MemoryShelf::default());
            let mut batch = Batch::new(&*shelf);
            batch.put(entry_key(&log(), 1), bytes.clone());
            batch.commit(None).expect("it is in memory");
            let wounds = Wounds::default();
            let reader = Reader {
                shelf: Arc::clone(&shelf) as _,
                backup: None,
                overlay: Arc::default(),
                wounds: wounds.clone(),
                snapshots: None,
                ahead: None,
            };
            let (begun, logs) = (Instant::now(), vec![log()]);
            let mut round = Round { begun, logs, after: 0, link: None, doubted: None };
            assert!(matches!(round.step(&reader, &wounds, 9), Ok(None)));
            assert!(!wounds.take_sick(), "at the first look");
            if comes {
                let mut batch = Batch::new(&*shelf);
                batch.stage(&entry.header, bytes.clone(), Some(&event)).expect("it is in memory");
                batch.commit(None).expect("it is in memory");
            }
            assert!(matches!(round.step(&reader, &wounds, 9), Ok(Some(1))));
            assert_eq!(wounds.take_sick(), !comes);
        }
    }
}
