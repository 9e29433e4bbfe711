//! What somebody has not read of a room, in all and by topic: computed from ordinals and read markers,
//! by the client alone.
//!
//! An entry that counts as reading matter has an ordinal `n`; a room's head has the newest one. Read
//! markers are ranges of ordinals. So the number for a room needs no entries at all; the number for a
//! topic counts those entries that were seen here, and [`Unread::unplaced`] tells how many were not.
//! Markers are kept in the mailbox: [`Unread::hear`] takes them from there.

use std::collections::BTreeMap;

use wardroom_protocol::ids::{LogName, TopicId};

use crate::event::Event;
use crate::ranges::RangeSet;
use crate::timeline::{Changed, Timeline};

/// What is unread in one room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// The head's ordinal.
    head: u64,
    read: RangeSet,
    /// Which entries seen here are of which topic.
    topics: BTreeMap<TopicId, RangeSet>,
}

impl Unread {
    /// Nothing is known, so nothing is unread.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The room's head stands at this ordinal: `n` of a join's answer or of a list of rooms. It never
    /// goes back.
    pub fn head(&mut self, n: u64) {
        self.head = self.head.max(n);
    }

    /// Counts what a timeline changed under the topics where it belongs now: what was moved where it
    /// is, and what was posted under a topic that ended under the one that goes on, also if it is read
    /// later than the entries which say so.
    pub fn place(&mut self, timeline: &Timeline, changed: &Changed) {
        if changed.dropped {
            self.topics.clear();
        }
        let mut place = |message: crate::Message<'_>| {
            if let Some(n) = message.n() {
                self.entry(n, message.topic());
            }
        };
        if changed.topics {
            timeline.messages().for_each(place);
        } else {
            changed.messages.iter().filter_map(|seq| timeline.at(*seq)).for_each(&mut place);
        }
    }

    /// An entry of this topic has this ordinal. An entry that moved is told again and counts there only.
    /// [`Unread::place`] tells it from a timeline.
    pub fn entry(&mut self, n: u64, topic: TopicId) {
        self.head(n);
        // Ordinals begin at 1; what says otherwise is no entry of a room.
        if n == 0 || self.topics.get(&topic).is_some_and(|known| known.contains(n)) {
            return;
        }
        for known in self.topics.values_mut() {
            known.remove(n..=n);
        }
        self.topics.entry(topic).or_default().insert(n..=n);
        self.topics.retain(|_, known| !known.is_empty());
    }

    /// All of one topic that was told so far is of another one now.
    pub fn merge(&mut self, from: &TopicId, into: TopicId) {
        if *from == into {
            return;
        }
        if let Some(moved) = self.topics.remove(from) {
            self.topics.entry(into).or_default().extend(moved.ranges());
        }
    }

    /// Takes what your [mailbox](crate::Client::mailbox) says of this room: what was marked as read, here or
    /// on another device. Follow the mailbox from its start, and every device counts the same. The same
    /// entry may come twice. Gives whether it was about what is read of this room.
    pub fn hear(&mut self, room: &LogName, event: &Event) -> bool {
        let Event::ReadMarked(marked) = event else { return false };
        let about = marked.facts.room == *room;
        if about {
            self.mark(marked.facts.ranges.iter().map(|&(from, to)| [from, to]));
        }
        about
    }

    /// These ordinals were read too: what a marker adds.
    pub fn mark(&mut self, ranges: impl IntoIterator<Item = [u64; 2]>) {
        self.read.extend(ranges);
    }

    /// These ordinals are read, and no others: what a marker says that stands for all.
    pub fn set_read(&mut self, ranges: impl IntoIterator<Item = [u64; 2]>) {
        self.read = ranges.into_iter().collect();
    }

    /// These ordinals are unread again.
    pub fn unmark(&mut self, from: u64, to: u64) {
        self.read.remove(from..=to);
    }

    /// What is read, as a marker carries it.
    #[must_use]
    pub fn read(&self) -> &RangeSet {
        &self.read
    }

    /// Whether an ordinal is read.
    #[must_use]
    pub fn is_read(&self, n: u64) -> bool {
        self.read.contains(n)
    }

    /// How much is unread in the room. A marker above the head counts once the head is there.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.head - self.read.count_in(1..=self.head)
    }

    /// How much is unread in a topic, of what was seen here.
    #[must_use]
    pub fn count_in(&self, topic: &TopicId) -> u64 {
        self.topics.get(topic).map_or(0, |known| self.unread_of(known))
    }

    /// The topics with something unread, of what was seen here.
    pub fn topics(&self) -> impl Iterator<Item = (&TopicId, u64)> {
        let counted = self.topics.iter().map(|(topic, known)| (topic, self.unread_of(known)));
        counted.filter(|(_, unread)| *unread > 0)
    }

    /// How much is unread whose topic is not known here: entries that were not seen.
    #[must_use]
    pub fn unplaced(&self) -> u64 {
        self.count() - self.topics.values().map(|known| self.unread_of(known)).sum::<u64>()
    }

    /// The first unread ordinal of the room: where to go on reading.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        self.read.first_missing_in(1..=self.head)
    }

    fn unread_of(&self, known: &RangeSet) -> u64 {
        let unread = |[from, to]: [u64; 2]| to - from + 1 - self.read.count_in(from..=to);
        known.ranges().map(unread).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn topic(number: u8) -> TopicId {
        let letter = char::from(b'a' + number);
        format!("{letter}{}", "a".repeat(25)).parse().expect("a topic id")
    }

    #[test]
    fn unread_is_what_the_markers_leave() {
        let mut room = Unread::new();
        assert_eq!((room.count(), room.first()), (0, None));
        room.head(10);
        room.mark([[1, 4], [6, 6]]);
        assert_eq!((room.count(), room.first(), room.unplaced()), (5, Some(5), 5));
        room.entry(5, topic(0));
        room.entry(6, topic(0));
        room.entry(11, topic(1));
        assert_eq!((room.count_in(&topic(0)), room.count_in(&topic(1))), (1, 1));
        assert_eq!((room.count(), room.unplaced()), (6, 4));
        // Another device was further than this one's head.
        room.mark([[5, 20]]);
        assert_eq!((room.count(), room.topics().count()), (0, 0));
        room.unmark(9, 9);
        assert_eq!((room.count(), room.first()), (1, Some(9)));
    }

    #[test]
    fn what_moves_counts_where_it_is() {
        let mut room = Unread::new();
        for n in 1..=4 {
            room.entry(n, topic(0));
        }
        room.entry(2, topic(1));
        assert_eq!((room.count_in(&topic(0)), room.count_in(&topic(1))), (3, 1));
        room.merge(&topic(0), topic(1));
        room.merge(&topic(1), topic(1));
        assert_eq!((room.count_in(&topic(0)), room.count_in(&topic(1))), (0, 4));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Head(u64),
        Entry(u64, u8),
        Merge(u8, u8),
        Mark(Vec<[u64; 2]>),
        SetRead(Vec<[u64; 2]>),
        Unmark(u64, u64),
    }

    fn ranges() -> impl Strategy<Value = Vec<[u64; 2]>> {
        let range = (0..120_u64, 0..20_u64).prop_map(|(from, length)| [from, from + length]);
        proptest::collection::vec(range, 0..4)
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            1 => (0..100_u64).prop_map(Step::Head),
            4 => (1..100_u64, 0..4_u8).prop_map(|(n, topic)| Step::Entry(n, topic)),
            1 => (0..4_u8, 0..4_u8).prop_map(|(from, into)| Step::Merge(from, into)),
            2 => ranges().prop_map(Step::Mark),
            1 => ranges().prop_map(Step::SetRead),
            1 => (0..100_u64, 0..100_u64).prop_map(|(from, to)| Step::Unmark(from, to)),
        ]
    }

    proptest! {
        #[test]
        fn unread_counts_what_a_list_of_everything_would(
            steps in proptest::collection::vec(step(), 0..60),
        ) {
            let mut room = Unread::new();
            let (mut head, mut read) = (0, BTreeSet::new());
            let mut topics = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Head(n) => {
                        room.head(n);
                        head = head.max(n);
                    }
                    Step::Entry(n, of) => {
                        room.entry(n, topic(of));
                        head = head.max(n);
                        topics.insert(n, of);
                    }
                    Step::Merge(from, into) => {
                        room.merge(&topic(from), topic(into));
                        topics.values_mut().filter(|of| **of == from).for_each(|of| *of = into);
                    }
                    Step::Mark(ranges) => {
                        room.mark(ranges.iter().copied());
                        read.extend(ranges.iter().flat_map(|[from, to]| *from..=*to));
                    }
                    Step::SetRead(ranges) => {
                        room.set_read(ranges.iter().copied());
                        read = ranges.iter().flat_map(|[from, to]| *from..=*to).collect();
                    }
                    Step::Unmark(from, to) => {
                        room.unmark(from, to);
                        read.retain(|n| !(from..=to).contains(n));
                    }
                }
                let unread: Vec<u64> = (1..=head).filter(|n| !read.contains(n)).collect();
                prop_assert_eq!(room.count(), unread.len() as u64);
                prop_assert_eq!(room.first(), unread.first().copied());
                let mut placed = 0;
                for of in 0..4 {
                    let of_topic = unread.iter().filter(|n| topics.get(n) == Some(&of)).count();
                    prop_assert_eq!(room.count_in(&topic(of)), of_topic as u64);
                    placed += of_topic as u64;
                }
                prop_assert_eq!(room.unplaced(), room.count() - placed);
                prop_assert_eq!(room.topics().map(|(_, unread)| unread).sum::<u64>(), placed);
                prop_assert!((0..140).all(|n| room.is_read(n) == read.contains(&n)));
            }
        }
    }
}
