//! Derives notes once more from the entries that they follow from: of every log from where all was filed
//! when the node last said so, and of those of which a note was left. In the background and at a bounded
//! pace; nobody need open a room for it. Notes that were filed are found by their mids.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wardroom_protocol::ids::{LogKind, LogName, Mid, Position, PrincipalId};

use super::doors::Doors;
use super::ledger::Errand;
use super::mail::{Mail, declined, declines, of_event};
use crate::domain::{Event, Meta, member, message};
use crate::entry;
use crate::log::{Budget, Log, Reader};

/// What is read at once.
const PIECE: Budget = Budget { entries: 256, bytes: 1 << 20 };
/// What reading costs in any case, in entries.
const ASKING: usize = 16;
/// After so much, a pause: at most 25,600 entries a second are read.
const STRETCH: usize = 256;
/// See [`STRETCH`].
const PAUSE: Duration = Duration::from_millis(10);

/// An entry that notes may follow from.
struct Found {
    meta: Meta,
    event: Event,
    /// The held message that it declines, and whose that is.
    declines: Option<(Mid, PrincipalId)>,
}

struct Piece {
    found: Vec<Found>,
    read: usize,
    /// The last entry or hole; `None` at the end of the log.
    last: Option<u64>,
}

/// Looks through logs as they are due, until the node stops or its notes are to come to an end.
pub(super) async fn derive(mail: Mail, doors: Arc<Doors>, log: Log, stop: CancellationToken) {
    let mut deriving = Deriving { mail, doors, log, spent: 0 };
    let ending = deriving.mail.ending.clone();
    let all = async {
        loop {
            let errand = deriving.mail.ledger.next().await;
            deriving.look_through(errand).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = ending.cancelled() => {}
        () = all => {}
    }
}

struct Deriving {
    mail: Mail,
    doors: Arc<Doors>,
    log: Log,
    spent: usize,
}

impl Deriving {
    async fn look_through(&mut self, errand: Errand) {
        let mut after = errand.first - 1;
        if let Some(kept) = errand.kept.filter(|kept| kept.seq > after) {
            match self.holds(&errand.log, kept).await {
                Some(true) => after = kept.seq,
                // Numbers were given anew since.
                Some(false) => self.mail.ledger.disown(&errand.log),
                None => return,
            }
        }
        loop {
            let log = errand.log.clone();
            let piece = self.log.ask(move |reader| piece(reader, &log, after)).await;
            // Otherwise another time: the read threads are busy, or the log cannot be read.
            let Ok(Some(piece)) = piece else { return };
            if self.send(&errand.log, piece.found).await.is_none() {
                return;
            }
            self.rest(piece.read).await;
            match piece.last {
                Some(last) => after = last,
                None => break,
            }
        }
        errand.done(after);
    }

    /// Whether the log holds an entry at this position; `None` if that cannot be known now.
    async fn holds(&mut self, log: &LogName, position: Position) -> Option<bool> {
        let log = log.clone();
        let asked = self.log.ask(move |reader| reader.get(&log, &[position.seq]));
        let slice = asked.await.ok()?.ok()?;
        self.rest(1).await;
        Some(slice.records.first().is_some_and(|record| record.header.position == position))
    }

    /// `None` if the room cannot be opened, or the node ends.
    async fn send(&self, log: &LogName, found: Vec<Found>) -> Option<()> {
        if found.is_empty() {
            return Some(());
        }
        let room = log.room()?.log();
        let access = self.doors.look(&room).await.ok()?.rights.newest();
        for Found { meta, event, declines } in found {
            let notes = match declines {
                Some((of, author)) => declined(&room, &event, of, (meta.mid, &meta.by), author),
                None => of_event(&access, &room, &event, meta.mid, &meta.by),
            };
            let seq = meta.position.seq;
            for letter in self.mail.address(notes, log, seq) {
                self.mail.again.send(letter.at(seq)).await.ok()?;
            }
        }
        Some(())
    }

    async fn rest(&mut self, read: usize) {
        self.spent += ASKING + read;
        if self.spent >= STRETCH {
            self.spent = 0;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether somebody may have to be told of it: only then is its room opened.
fn may_tell(event: &Event, by: &PrincipalId) -> bool {
    match event {
        Event::Message(message::Event::Posted(posted)) => posted.tells(by).next().is_some(),
        Event::RoomCreated(founding) => !founding.with.is_empty(),
        Event::Member(member::Event::Left(_) | member::Event::Knocked(_)) => false,
        Event::Member(_) => true,
        _ => false,
    }
}

/// `None` if it cannot be read, or not by this version.
fn piece(reader: &Reader, log: &LogName, after: u64) -> Option<Piece> {
    let slice = reader.forward(log, after, u64::MAX, PIECE).ok()?;
    let record = slice.records.last().map(|record| record.header.position.seq);
    let last = record.max(slice.holes.last().map(|hole| hole.1));
    let (in_lane, room) = (matches!(log.kind(), LogKind::Lane(_)), log.room()?.log());
    let (read, mut found) = (slice.records.len(), Vec::new());
    for record in slice.records {
        let Some(event) = entry::event(&record.header).ok()? else { continue };
        let declines = match &event {
            Event::Moderation(_) if in_lane => {
                let readable = Cell::new(true);
                let row = |log: &LogName, of: &Mid| {
                    let row = reader.row(log, of);
                    readable.set(readable.get() && row.is_ok());
                    row.ok().flatten()
                };
                let declines = declines(&event, |of| row(log, of), |of| row(&room, of));
                if !readable.get() {
                    return None;
                }
                if declines.is_none() {
                    continue;
                }
                declines
            }
            event if !in_lane && may_tell(event, &record.header.by) => None,
            _ => continue,
        };
        found.push(Found { meta: record.header.meta(), event, declines });
    }
    Some(Piece { found, read, last })
}
