//! What a busy day is taken to be, and how much faster it goes here.
//!
//! Two of the project's inputs have times. The corpus of nine specialty rooms (`rooms.jsonl.gz`) brings,
//! by the times in its mids, 3,000 messages an hour; one chaired meeting beside it
//! (`chaired-meeting-0.jsonl`) has 18 lines in its busiest minute, 1,080 an hour if it never rests.
//! Together 4,080 messages an hour: what a working day of eight hours holds if all of it is the peak.
//! What the inputs do not say is assumed, on the high side: one message in a hundred is erased; each of
//! 400 devices loses its connection 20 times a day; 29 rooms a day are founded, talked in and left (a
//! room for a sitting, a direct room), each with some 300 messages.

use std::time::Duration;

/// How much faster.
const TIMES: f64 = 50.0;
/// Messages per second of a busy day.
const MESSAGES: f64 = (3_000.0 + 18.0 * 60.0) / 3_600.0;
/// Nine specialty rooms and a meeting, the members of each, and messages per second over all of them.
/// The rest is said in rooms that come and go.
pub(in crate::scenario) const STANDING: (usize, usize, f64) =
    (10, 40, MESSAGES * TIMES - VISIT_RATE);
/// Messages per second in the room that was founded last.
pub(super) const VISIT_RATE: f64 = 17.0;
/// How long people talk in it: some 300 messages, so that its folded state is kept when it closes.
pub(super) const VISIT: Duration = Duration::from_secs(18);
/// The members of such a room.
pub(super) const VISITORS: usize = 10;
/// Messages erased in it before it is left: one in a hundred.
pub(super) const VISIT_ERASURES: u32 = 3;
/// Devices of the standing rooms that lose their connections, beside those that keep them; and how
/// long one lasts. 400 devices, 20 times in eight hours, 50 times as fast: 14 a second.
pub(super) const GUESTS: usize = 28;
pub(super) const STAY: Duration = Duration::from_secs(2);
/// Between two erasures in the standing rooms: one message in a hundred.
pub(super) const BETWEEN_ERASURES: Duration = Duration::from_millis(2_520);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_make_fifty_busy_days() {
        let all = STANDING.2 + VISIT_RATE;
        assert!((all - 4_080.0 / 3_600.0 * 50.0).abs() < 1e-9);
        let erased = STANDING.2 * BETWEEN_ERASURES.as_secs_f64();
        assert!((95.0..105.0).contains(&erased), "one in {erased}");
        let talk = VISIT_RATE * VISIT.as_secs_f64();
        assert!(talk > 256.0, "{talk} messages: kept when it closes");
        let devices = 400.0 * 20.0 / (8.0 * 3_600.0) * 50.0;
        let cuts = 28.0 / STAY.as_secs_f64();
        assert!((cuts - devices).abs() < 0.5, "{cuts} cuts a second for {devices}");
    }
}
