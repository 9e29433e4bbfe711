//! Keeps up to where all notes are filed, now and then and at the end, so that the next start has only the
//! rest to look through.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wardroom_protocol::ids::{Lane, LogKind, LogName, Position};

use super::doors::Doors;
use super::ledger::Ledger;
use crate::log::Log;

/// How often that is written down, if it has changed, and how much less often for each log in it: the mark
/// is written whole, and an older one only makes the next start look through more.
const EVERY: Duration = Duration::from_secs(10);
/// See [`EVERY`]. Half a minute with 10,000 rooms and their lanes.
const EVERY_PER_LOG: Duration = Duration::from_millis(1);
/// Logs that are asked for at once.
const AT_ONCE: usize = 1024;

/// Until the node stops, and once more then.
pub(super) async fn mark(
    ledger: Arc<Ledger>,
    doors: Arc<Doors>,
    log: Log,
    stop: CancellationToken,
) {
    let mut pause = EVERY;
    loop {
        let last = tokio::select! {
            () = stop.cancelled() => true,
            () = tokio::time::sleep(pause) => false,
        };
        if last && log.failure().is_none() {
            log.catch_up().await;
        }
        if let Some(logs) = keep(&ledger, &doors, &log).await {
            pause = EVERY + EVERY_PER_LOG * u32::try_from(logs).unwrap_or(u32::MAX);
        }
        if last {
            return;
        }
    }
}

/// How many logs the mark names, if there was anything to write down.
async fn keep(ledger: &Ledger, doors: &Doors, log: &Log) -> Option<usize> {
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
        return None;
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
    let noted = ledger.keep(held);
    let logs = noted.len();
    log.keep_noted(noted).await;
    Some(logs)
}

/// Whether notes follow from entries of this log.
fn owes(log: &LogName) -> bool {
    matches!(log.kind(), LogKind::Room | LogKind::Lane(Lane::Moderators))
}
