//! The open model: when each message is meant to leave, whatever the server does.
//!
//! Pure arithmetic over offsets from the start. Message `i` of `rate` per second is due at `i / rate`;
//! room `r` of `R` sends the messages `r, r + R, r + 2R, …`, so the rooms' sends are spread evenly.
//! Latency counts from these times: a stall of the server costs every message that was due meanwhile.

use std::time::Duration;

/// One room's share of the schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Messages per second, all rooms together.
    rate: f64,
    rooms: u64,
    next: u64,
}

impl Schedule {
    /// Room `room` of `rooms`, at `rate` messages per second over all of them. `rate` is above zero.
    #[must_use]
    pub fn new(rate: f64, room: u64, rooms: u64) -> Self {
        Self { rate, rooms: rooms.max(1), next: room }
    }

    /// When the next message is meant to leave, counted from the start.
    #[must_use]
    pub fn due(&self) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "2^52 messages are never sent")]
        let index = self.next as f64;
        Duration::from_secs_f64(index / self.rate)
    }

    /// Takes the next message if it is due by now; gives the time it was meant for.
    pub fn take(&mut self, now: Duration) -> Option<Duration> {
        let due = self.due();
        (due <= now).then(|| {
            self.next += self.rooms;
            due
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut schedule: Schedule, until: Duration) -> Vec<Duration> {
        std::iter::from_fn(|| schedule.take(until)).collect()
    }

    #[test]
    fn a_second_holds_as_many_as_the_rate_says_over_all_rooms() {
        let almost = Duration::from_micros(999_999);
        let sent: usize = (0..7).map(|room| all(Schedule::new(200.0, room, 7), almost).len()).sum();
        assert_eq!(sent, 200);
    }

    #[test]
    fn rooms_take_turns() {
        let first = all(Schedule::new(100.0, 0, 2), Duration::from_millis(45));
        let second = all(Schedule::new(100.0, 1, 2), Duration::from_millis(45));
        let ms = |list: Vec<Duration>| list.iter().map(Duration::as_millis).collect::<Vec<_>>();
        assert_eq!((ms(first), ms(second)), (vec![0, 20, 40], vec![10, 30]));
    }

    #[test]
    fn a_stall_does_not_move_what_was_due_meanwhile() {
        let mut schedule = Schedule::new(10.0, 0, 1);
        assert_eq!(schedule.take(Duration::ZERO), Some(Duration::ZERO));
        assert_eq!(schedule.take(Duration::from_millis(99)), None);
        // Nobody looked for a second: ten are due, each at its own time.
        let late: Vec<_> = std::iter::from_fn(|| schedule.take(Duration::from_secs(1))).collect();
        assert_eq!(late.first(), Some(&Duration::from_millis(100)));
        assert_eq!(late.len(), 10);
    }
}
