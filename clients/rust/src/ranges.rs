//! Sets of numbers as ranges: what somebody has read of a room, by ordinal.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A set of ordinals. Held as disjoint ranges that do not touch, so its size is that of its holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet {
    /// From each range's first number to its last.
    ranges: BTreeMap<u64, u64>,
}

impl RangeSet {
    /// The empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the numbers of a range, both ends included; a reversed range holds none.
    pub fn insert(&mut self, range: RangeInclusive<u64>) {
        if range.is_empty() {
            return;
        }
        let (mut from, mut to) = range.into_inner();
        // Everything that overlaps or touches becomes one with it.
        while let Some((&first, &last)) = self.ranges.range(..=to.saturating_add(1)).next_back()
            && last.saturating_add(1) >= from
        {
            self.ranges.remove(&first);
            from = from.min(first);
            to = to.max(last);
        }
        self.ranges.insert(from, to);
    }

    /// Takes the numbers of a range out.
    pub fn remove(&mut self, range: RangeInclusive<u64>) {
        if range.is_empty() {
            return;
        }
        let (from, to) = range.into_inner();
        while let Some((&first, &last)) = self.ranges.range(..=to).next_back()
            && last >= from
        {
            self.ranges.remove(&first);
            if last > to {
                self.ranges.insert(to + 1, last);
            }
            if first < from {
                self.ranges.insert(first, from - 1);
            }
        }
    }

    /// Whether a number is in the set.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        self.ranges.range(..=number).next_back().is_some_and(|(_, &last)| last >= number)
    }

    /// How many numbers the set holds.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count_in(0..=u64::MAX)
    }

    /// How many of a range's numbers the set holds.
    #[must_use]
    pub fn count_in(&self, range: RangeInclusive<u64>) -> u64 {
        self.parts_in(range)
            .fold(0, |sum: u64, [from, to]| sum.saturating_add((to - from).saturating_add(1)))
    }

    /// The first number of a range that the set does not hold.
    #[must_use]
    pub fn first_missing_in(&self, range: RangeInclusive<u64>) -> Option<u64> {
        if range.is_empty() {
            return None;
        }
        let (from, to) = range.into_inner();
        match self.ranges.range(..=from).next_back() {
            Some((_, &last)) if last >= from => (last < to).then(|| last + 1),
            _ => Some(from),
        }
    }

    /// The ranges, ascending: first and last number of each, as read markers carry them.
    pub fn ranges(&self) -> impl Iterator<Item = [u64; 2]> + '_ {
        self.ranges.iter().map(|(&from, &to)| [from, to])
    }

    /// Whether the set holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// What the set has of a range, as ranges.
    fn parts_in(&self, range: RangeInclusive<u64>) -> impl Iterator<Item = [u64; 2]> + '_ {
        let empty = range.is_empty();
        let (from, to) = range.into_inner();
        // The one range that begins before may reach in; ranges do not overlap, so no other can.
        let before = self.ranges.range(..from).next_back().filter(|(_, last)| **last >= from);
        let within = (!empty).then(|| self.ranges.range(from..=to)).into_iter().flatten();
        let parts = before.into_iter().filter(move |_| !empty).chain(within);
        parts.map(move |(&first, &last)| [first.max(from), last.min(to)])
    }
}

impl Extend<[u64; 2]> for RangeSet {
    /// Adds ranges in any order, overlapping or not.
    fn extend<T: IntoIterator<Item = [u64; 2]>>(&mut self, ranges: T) {
        for [from, to] in ranges {
            self.insert(from..=to);
        }
    }
}

impl FromIterator<[u64; 2]> for RangeSet {
    fn from_iter<T: IntoIterator<Item = [u64; 2]>>(ranges: T) -> Self {
        let mut set = Self::new();
        set.extend(ranges);
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn of(ranges: &[[u64; 2]]) -> RangeSet {
        ranges.iter().copied().collect()
    }

    #[test]
    fn what_touches_becomes_one_and_a_hole_splits() {
        let mut set = of(&[[5, 6], [1, 2], [9, 9]]);
        assert_eq!(set.ranges().collect::<Vec<_>>(), [[1, 2], [5, 6], [9, 9]]);
        set.insert(3..=4);
        assert_eq!(set.ranges().collect::<Vec<_>>(), [[1, 6], [9, 9]]);
        set.remove(3..=3);
        assert_eq!(set.ranges().collect::<Vec<_>>(), [[1, 2], [4, 6], [9, 9]]);
        assert_eq!((set.count(), set.count_in(2..=9)), (6, 5));
    }

    #[test]
    fn the_borders_of_the_numbers_hold() {
        let mut set = of(&[[0, 0], [u64::MAX, u64::MAX]]);
        assert!(set.contains(0) && set.contains(u64::MAX) && !set.contains(1));
        set.insert(1..=u64::MAX - 1);
        assert_eq!(set.ranges().collect::<Vec<_>>(), [[0, u64::MAX]]);
        assert_eq!(set.count(), u64::MAX, "one less than it is: there is no larger number");
        assert_eq!(set.first_missing_in(0..=u64::MAX), None);
        set.remove(0..=u64::MAX);
        assert!(set.is_empty());
        #[expect(clippy::reversed_empty_ranges, reason = "what a peer may send")]
        set.insert(5..=4);
        assert!(set.is_empty());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64, u64),
        Remove(u64, u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        let range = || (0..200_u64, 0..30_u64);
        prop_oneof![
            3 => range().prop_map(|(from, length)| Step::Insert(from, from + length)),
            1 => range().prop_map(|(from, length)| Step::Remove(from, from + length)),
            // Reversed: holds nothing.
            1 => (1..200_u64).prop_map(|from| Step::Insert(from, from - 1)),
        ]
    }

    proptest! {
        #[test]
        fn a_range_set_is_the_set_of_its_numbers(
            steps in proptest::collection::vec(step(), 0..40),
            from in 0..240_u64,
            to in 0..240_u64,
        ) {
            let (mut set, mut model) = (RangeSet::new(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Insert(from, to) => {
                        set.insert(from..=to);
                        model.extend(from..=to);
                    }
                    Step::Remove(from, to) => {
                        set.remove(from..=to);
                        model.retain(|number| !(from..=to).contains(number));
                    }
                }
                let held: Vec<_> = set.ranges().collect();
                prop_assert!(held.iter().all(|[from, to]| from <= to));
                prop_assert!(held.windows(2).all(|two| two[0][1] + 1 < two[1][0]), "{:?}", held);
            }
            prop_assert_eq!(set.count(), model.len() as u64);
            prop_assert!((0..260).all(|number| set.contains(number) == model.contains(&number)));
            let within = (from..=to).filter(|number| model.contains(number)).count();
            prop_assert_eq!(set.count_in(from..=to), within as u64);
            let missing = (from..=to).find(|number| !model.contains(number));
            prop_assert_eq!(set.first_missing_in(from..=to), missing);
            prop_assert_eq!(set.ranges().collect::<RangeSet>(), set);
        }
    }
}
