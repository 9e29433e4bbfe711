//! How long an answer waits for what it rests on. A sync that hangs holds back what rests on it, and
//! whoever asked for that is told so in time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::doors::Doors;
use crate::log::Log;

/// An answer waits this long. Then a join or a refusal is `log_unavailable`, which is definite; a
/// command that was ordered, now or before, is `unknown`, and its mid tells later what became of it.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether somebody has waited long enough.
const LOOK: Duration = Duration::from_millis(250);

/// Answers those who have waited long enough, until the node stops. While syncs come in time, it looks
/// at one number.
pub(super) async fn watch(log: Log, doors: Arc<Doors>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        // Who waits came after the record they wait for.
        if log.unsynced_for() < PATIENCE {
            continue;
        }
        let Some(since) = Instant::now().checked_sub(PATIENCE) else { continue };
        for room in doors.all() {
            room.channels().for_each(|channel| channel.give_up(since));
        }
    }
}
