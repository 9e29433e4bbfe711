//! Ordinals: the second dense number, given only to entries that count as reading matter.

/// Which seqs carry ordinals. Kept as the few that do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ordinals {
    n: u64,
    uncounted: Vec<u64>,
}

impl Ordinals {
    /// The ordinal of the newest entry that counts; 0 before the first.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The seqs of the entries without one, ascending.
    #[must_use]
    pub fn uncounted(&self) -> &[u64] {
        &self.uncounted
    }

    /// Where [`Self::n`] and [`Self::uncounted`] of a log left off.
    #[must_use]
    pub fn resume(n: u64, uncounted: Vec<u64>) -> Self {
        Self { n, uncounted }
    }

    pub(super) fn advance(&mut self, seq: u64, n: Option<u64>) {
        match n {
            Some(n) => self.n = n,
            None => self.uncounted.push(seq),
        }
    }

    /// The newest ordinal up to a seq.
    #[must_use]
    pub fn upto(&self, seq: u64) -> u64 {
        let uncounted = self.uncounted.partition_point(|known| *known <= seq);
        self.n.min(seq - uncounted as u64)
    }

    /// The seq that carries ordinal `n`, from 1 to [`Self::n`].
    #[must_use]
    pub fn seq_of(&self, n: u64) -> Option<u64> {
        if n == 0 || n > self.n {
            return None;
        }
        // uncounted[i] has i uncounted entries before it, so the ordinals below it are seq - 1 - i.
        let below = |index: usize| self.uncounted[index] - 1 - index as u64;
        let (mut low, mut high) = (0, self.uncounted.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if below(middle) < n {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Some(n + low as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_skip_what_does_not_count() {
        let mut ordinals = Ordinals::default();
        let counts = [false, true, true, false, true, false, false, true];
        let mut expected = Vec::new();
        for (seq, counted) in (1..).zip(counts) {
            let n = counted.then(|| ordinals.n() + 1);
            ordinals.advance(seq, n);
            expected.extend(counted.then_some(seq));
        }
        let found: Vec<_> = (1..=ordinals.n()).filter_map(|n| ordinals.seq_of(n)).collect();
        assert_eq!(found, expected);
        let upto: Vec<_> = (0..=9).map(|seq| ordinals.upto(seq)).collect();
        assert_eq!(upto, [0, 0, 1, 2, 2, 3, 3, 3, 4, 4]);
        assert_eq!(ordinals.seq_of(0), None);
        assert_eq!(ordinals.seq_of(5), None);
    }
}
