//! What nearly every member of a pass lacks: the same few entries, put side by side once for all of them.

use super::sending::{FRAMES, SIDE_BY_SIDE};
use super::{Channel, Cursor};

/// The frames behind one seq of one log, as one piece of memory.
#[derive(Default)]
pub(super) struct Near {
    /// The seq they follow.
    after: Option<u64>,
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// The watermark before they were looked at.
    revealed: u64,
    /// They were all that was revealed then.
    whole: bool,
}

impl Near {
    /// Looks at what a reader lacks that has everything up to `after`, unless that was looked at last.
    /// `false`: that is too much to be put side by side, or lies behind the tail.
    pub(super) fn look(&mut self, channel: &Channel, after: u64) -> bool {
        let tail = channel.tail();
        // Words that were erased since are not shown to those who come later in the pass.
        if self.after != Some(after) || !tail.still_true(self.revealed) {
            self.after = Some(after);
            self.bytes.clear();
            self.ends.clear();
            self.revealed = tail.revealed();
            let there = tail.read(after, FRAMES, SIDE_BY_SIDE, |frame| {
                self.bytes.extend_from_slice(&frame);
                self.ends.push(self.bytes.len());
            });
            self.whole = there
                && self.bytes.len() <= SIDE_BY_SIDE
                && after + self.ends.len() as u64 >= self.revealed;
        }
        self.whole
    }

    /// The frames.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Books so many bytes of them for a reader. Returns how many frames left whole, and the rest of the
    /// one that was begun.
    pub(super) fn book(&self, cursor: &mut Cursor, written: usize) -> (u64, Option<&[u8]>) {
        let whole = self.ends.partition_point(|end| *end <= written);
        let begun = whole.checked_sub(1).map_or(0, |last| self.ends[last]) < written;
        for _ in 0..whole + usize::from(begun) {
            cursor.book();
        }
        (whole as u64, begun.then(|| &self.bytes[written..self.ends[whole]]))
    }
}

#[cfg(test)]
mod tests {
    use wardroom_protocol::ids::LogName;

    use super::super::Tail;
    use super::*;
    use crate::log::Progress;

    /// A channel with five entries of which so many are revealed.
    fn channel(revealed: u64) -> std::sync::Arc<Channel> {
        let log: LogName = "cardiology".parse().expect("a log");
        // All that is revealed was there when the log was opened, so the tail begins behind it.
        let tail = Tail::new(0, Progress::new(revealed));
        for number in 1..=5 {
            tail.push(format!("entry {number}").as_bytes(), 5);
        }
        std::sync::Arc::new(Channel::new(log, tail))
    }

    #[test]
    fn it_is_looked_at_once_for_all_who_lack_the_same() {
        let channel = channel(3);
        let mut near = Near::default();
        assert!(near.look(&channel, 1));
        assert_eq!(
            near.bytes(),
            b"\x81\x07entry 2\x81\x07entry 3",
            "and nothing above the watermark"
        );
        assert!(near.look(&channel, 3));
        assert!(near.bytes().is_empty());
    }

    #[test]
    fn a_part_is_booked_to_the_byte() {
        let channel = channel(3);
        let mut near = Near::default();
        assert!(near.look(&channel, 1));
        let mut cursor = Cursor::new(channel, 1);
        assert_eq!(near.book(&mut cursor, 4), (0, Some(&b"try 2"[..])));
        assert_eq!(cursor.near(), Some(2), "what was begun counts as sent");
        let mut cursor = Cursor::new(std::sync::Arc::clone(cursor.channel()), 1);
        assert_eq!(near.book(&mut cursor, 9), (1, None));
        assert_eq!(cursor.near(), Some(2));
        assert_eq!(near.book(&mut cursor, 18), (2, None));
    }

    #[test]
    fn what_was_erased_meanwhile_is_not_shown_to_the_rest() {
        let channel = channel(5);
        let mut near = Near::default();
        assert!(near.look(&channel, 0));
        let before = near.bytes().to_vec();
        channel.tail().erase(2, 5);
        assert!(near.look(&channel, 0));
        assert_ne!(near.bytes(), before);
        assert!(!near.bytes().windows(9).any(|part| part == b"\x81\x07entry 2"));
    }
}
