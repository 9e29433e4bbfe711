//! Order is a line of epochs (K7). A position (e, s) is on the line iff s is at or below the base of
//! the next epoch. Otherwise the last common position is named, and the client drops what is above.
//! The rule is Kafka's leader-epoch rule (KIP-101).

use wardroom_protocol::ids::Position;

/// The epochs of one log, each with the last seq before it, and the head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// `(epoch, base)`, ascending in both.
    steps: Vec<(u64, u64)>,
    head: u64,
}

/// Where a position lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Located {
    /// On the line.
    On,
    /// Off it; this is the last position both sides share.
    Off(Position),
}

impl Line {
    /// The newest position; zero while the log is empty.
    #[must_use]
    pub fn head(&self) -> Position {
        self.steps.last().map_or(Position::ZERO, |&(epoch, _)| Position::new(epoch, self.head))
    }

    /// The epochs with their bases.
    #[must_use]
    pub fn steps(&self) -> &[(u64, u64)] {
        &self.steps
    }

    /// The line as it was when this seq was its head; the whole, if that is below.
    #[must_use]
    pub fn upto(&self, seq: u64) -> Self {
        let steps = self.steps.iter().filter(|(_, base)| *base < seq);
        Self { steps: steps.copied().collect(), head: self.head.min(seq) }
    }

    /// Takes in the position of the next entry.
    pub fn advance(&mut self, position: Position) {
        if self.steps.last().is_none_or(|&(epoch, _)| epoch < position.epoch) {
            self.steps.push((position.epoch, position.seq.saturating_sub(1)));
        }
        self.head = position.seq;
    }

    /// The epoch that numbered this seq; zero before the first.
    #[must_use]
    pub fn epoch_of(&self, seq: u64) -> u64 {
        let after = self.steps.partition_point(|&(_, base)| base < seq);
        after.checked_sub(1).map_or(0, |step| self.steps[step].0)
    }

    /// The position with this seq.
    #[must_use]
    pub fn position(&self, seq: u64) -> Position {
        Position::new(self.epoch_of(seq), seq)
    }

    /// Whether a position is on the line, and if not, the last common one.
    #[must_use]
    pub fn locate(&self, position: Position) -> Located {
        if position == Position::ZERO {
            return Located::On;
        }
        // The last epoch at or below the one asked for: what the two histories can share ends there.
        let after = self.steps.partition_point(|&(epoch, _)| epoch <= position.epoch);
        let Some(step) = after.checked_sub(1) else {
            return Located::Off(Position::ZERO);
        };
        let end = self.steps.get(after).map_or(self.head, |&(_, base)| base);
        let known = self.steps[step].0 == position.epoch;
        if known && position.seq <= end && position.seq > 0 {
            return Located::On;
        }
        // Under an epoch that is not ours even the entry named differs: what is shared ends before it.
        let shared = if known { end } else { end.min(position.seq.saturating_sub(1)) };
        Located::Off(self.position(shared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let mut line = Line::default();
        for (epoch, seq) in [(10, 1), (10, 2), (10, 3), (20, 4), (20, 5)] {
            line.advance(Position::new(epoch, seq));
        }
        line
    }

    #[test]
    fn order_is_a_line_of_epochs() {
        let at = |epoch, seq| line().locate(Position::new(epoch, seq));
        assert_eq!(at(0, 0), Located::On);
        assert_eq!(at(10, 1), Located::On);
        assert_eq!(at(10, 3), Located::On);
        assert_eq!(at(10, 4), Located::Off(Position::new(10, 3)), "a lost suffix");
        assert_eq!(at(20, 5), Located::On);
        assert_eq!(at(20, 6), Located::Off(Position::new(20, 5)), "ahead of the log");
        assert_eq!(at(15, 9), Located::Off(Position::new(10, 3)), "an epoch nobody knows");
        assert_eq!(at(30, 9), Located::Off(Position::new(20, 5)), "a later epoch");
        assert_eq!(at(30, 3), Located::Off(Position::new(10, 2)), "a later epoch, further back");
        assert_eq!(at(30, 1), Located::Off(Position::ZERO), "nothing shared");
        assert_eq!(at(5, 2), Located::Off(Position::ZERO), "another log's past");
        assert_eq!(line().epoch_of(3), 10);
        assert_eq!(line().epoch_of(4), 20);
        assert_eq!(Line::default().locate(Position::new(1, 1)), Located::Off(Position::ZERO));
    }

    #[test]
    fn a_line_ends_where_it_is_cut() {
        for (seq, head) in [(0, (0, 0)), (1, (10, 1)), (3, (10, 3)), (4, (20, 4)), (9, (20, 5))] {
            let cut = line().upto(seq);
            assert_eq!(cut.head(), Position::new(head.0, head.1), "at {seq}");
            assert_eq!(cut.steps().len(), line().steps().iter().filter(|it| it.1 < seq).count());
        }
        assert_eq!(line().upto(5), line());
        let beyond = line().upto(4).locate(Position::new(20, 5));
        assert_eq!(beyond, Located::Off(Position::new(20, 4)));
    }
}
