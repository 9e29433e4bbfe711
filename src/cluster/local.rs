//! Ordering on one node.

use std::time::{SystemTime, UNIX_EPOCH};

use wardroom_protocol::ids::Position;

/// Where a log stands before its next entry.
#[derive(Clone, Copy, Debug)]
pub struct Tip {
    /// Its head; zero while it is empty.
    pub head: Position,
    /// The ordinal of its newest entry that counts.
    pub n: u64,
    /// Server time of its newest entry, unix milliseconds.
    pub at: u64,
    /// Whether the numbering authority was lost since: the next entry opens an epoch.
    pub reopen: bool,
    /// No epoch is opened below this one.
    pub floor: u64,
}

/// An entry's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// Where it stands.
    pub position: Position,
    /// Its ordinal, if it counts.
    pub n: Option<u64>,
    /// Server time, unix milliseconds; never below the entry before.
    pub at: u64,
}

/// A bus of one node.
#[derive(Clone, Copy, Debug)]
pub struct Local;

impl Local {
    #[expect(clippy::unused_self, reason = "the other bus asks its server for the time")]
    pub(super) fn now_ms(self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn order(self, tip: &Tip, counts: bool) -> Ordered {
        place(tip, counts, self.now_ms())
    }
}

/// The rule itself. An epoch is never used twice: max(last + 1, unix seconds); a new log starts at
/// the second of its creation; a clean restart keeps the epoch.
fn place(tip: &Tip, counts: bool, now_ms: u64) -> Ordered {
    let at = now_ms.max(tip.at);
    let epoch = if tip.head == Position::ZERO || tip.reopen {
        (at / 1000).max(tip.head.epoch + 1).max(tip.floor)
    } else {
        tip.head.epoch
    };
    Ordered { position: Position::new(epoch, tip.head.seq + 1), n: counts.then_some(tip.n + 1), at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_never_used_twice_and_time_never_runs_back() {
        let empty = Tip { head: Position::ZERO, n: 0, at: 0, reopen: false, floor: 0 };
        let first = place(&empty, false, 7_500);
        assert_eq!(first, Ordered { position: Position::new(7, 1), n: None, at: 7_500 });
        let tip = Tip { head: first.position, at: 7_500, ..empty };
        let second = place(&tip, true, 6_000);
        assert_eq!(second, Ordered { position: Position::new(7, 2), n: Some(1), at: 7_500 });
        let lost = Tip { head: second.position, n: 1, at: 7_500, reopen: true, floor: 0 };
        assert_eq!(place(&lost, false, 7_900).position, Position::new(8, 3), "same second");
        assert_eq!(place(&lost, false, 99_000).position, Position::new(99, 3));
        let floor = Tip { floor: 50, ..lost };
        assert_eq!(place(&floor, false, 9_000).position, Position::new(50, 3), "a clock set back");
        let known = Tip { reopen: false, ..floor };
        assert_eq!(place(&known, false, 9_000).position, Position::new(7, 3), "no epoch is due");
    }
}
