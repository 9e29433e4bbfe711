//! Keeps up to where all notes are filed, now and then and at the end, so that the next start has only the
//! rest to look through.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wardroom_protocol::ids::{Lane, LogKind, LogName, Position};

use super::doors::Doors;
use super::ledger::Ledger;
use crate::log::Log;

/// How often that is written down, if it has changed.
const EVERY: Duration = Duration::from_secs(10);
/// Logs that are asked for at once.
const AT_ONCE: usize = 1024;

/// Until the node stops, and once more then.
pub(super) async fn mark(
    ledger: Arc<Ledger>,
    doors: Arc<Doors>,
    log: Log,
    stop: CancellationToken,
) {
    loop {
        let last = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        if last && log.failure().is_none() {
            log.catch_up().await;
        }
        keep(&ledger, &doors, &log).await;
        if last {
            return;
        }
    }
}

async fn keep(ledger: &Ledger, doors: &Doors, log: &Log) {
    // First how far each log is, then what is owed: an entry is in the store after its notes are in
    // the ledger.
    let mut stored: Vec<(LogName, u64)> = Vec::new();
    for room in doors.all() {
        let channels = room.channels().filter(|channel| owes(channel.log()));
        stored.extend(
            channels.map(|channel| (channel.log().clone(), channel.tail().progress().stored())),
        );
    }
    let risen = ledger.risen(&stored);
    if risen.is_empty() {
        return;
    }
    let mut held = Vec::new();
    for some in risen.chunks(AT_ONCE) {
        let some = some.to_vec();
        let found = log.ask(move |reader| {
            let position = |(log, seq): (LogName, u64)| -> Option<(LogName, Position)> {
                let slice = reader.get(&log, &[seq]).ok()?;
                Some((log, slice.records.first()?.header.position))
            };
            some.into_iter().filter_map(position).collect::<Vec<_>>()
        });
        // Another time, if the read threads are busy.
        held.extend(found.await.unwrap_or_default());
    }
    log.keep_noted(ledger.keep(held)).await;
}

/// Whether notes follow from entries of this log.
fn owes(log: &LogName) -> bool {
    matches!(log.kind(), LogKind::Room | LogKind::Lane(Lane::Moderators))
}
