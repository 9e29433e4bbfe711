//! One member's place in its room: what must come next, and what is still owed.

use std::collections::BTreeSet;

use wardroom_protocol::ids::Position;

use super::{Fault, Faults, RoomIndex};

/// Seqs remembered one by one as owed; beyond that a gap is only counted.
const OWED: u64 = 10_000;

/// A reader that began after some position. It lives through reconnects: its place goes on.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) room: RoomIndex,
    /// The last place taken in.
    last: Position,
    /// Seqs jumped over. They may still come, which is an order break; if not, they are gaps.
    owed: BTreeSet<u64>,
}

impl Reader {
    /// A reader of a room who has everything up to `after`.
    #[must_use]
    pub fn new(room: RoomIndex, after: Position) -> Self {
        Self { room, last: after, owed: BTreeSet::new() }
    }

    /// The room it reads.
    #[must_use]
    pub fn room(&self) -> RoomIndex {
        self.room
    }

    /// The position to resume from.
    #[must_use]
    pub fn position(&self) -> Position {
        self.last
    }

    /// Takes in an entry's place. Whether this reader did not have it before.
    pub(super) fn take(&mut self, at: Position, faults: &mut Faults) -> bool {
        let next = self.last.seq + 1;
        if at.seq >= next {
            let jumped = at.seq - next;
            if jumped > OWED {
                faults.add_many(Fault::Gap, jumped, || format!("{jumped} entries before {at}"));
            } else {
                self.owed.extend(next..at.seq);
            }
            if at.epoch < self.last.epoch {
                faults.add(Fault::Order, || format!("the epoch fell at {at}"));
            }
            self.last = at;
            return true;
        }
        if self.owed.remove(&at.seq) {
            let last = self.last;
            faults.add(Fault::Order, || format!("{at} came after {last}"));
            return true;
        }
        faults.add(Fault::Duplicate, || format!("{at} came again"));
        false
    }

    /// The end: everything up to `upto` must be here.
    pub(super) fn finish(mut self, upto: u64, faults: &mut Faults) {
        let behind = upto.saturating_sub(self.last.seq);
        if behind > 0 {
            let last = self.last;
            faults.add_many(Fault::Gap, behind, || {
                format!("the last {behind} entries never came to a reader that stopped at {last}")
            });
        }
        while let Some(seq) = self.owed.pop_first() {
            faults.add(Fault::Gap, || format!("seq {seq} never came to a reader"));
        }
    }
}
