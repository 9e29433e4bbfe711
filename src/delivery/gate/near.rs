//! What nearly every member of a pass lacks: the same few entries, put side by side once for all of them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::super::sending::{FRAMES, SIDE_BY_SIDE};
use super::{Channel, Cursor, Gate, Inner};

/// The frames behind one seq of one log, as one piece of memory.
#[derive(Default)]
pub(in crate::delivery) struct Near {
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
    fn look(&mut self, channel: &Channel, after: u64) -> bool {
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
    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Books so many bytes of them for a reader. Returns how many frames left whole, and the rest of the
    /// one that was begun.
    fn book(&self, cursor: &mut Cursor, written: usize) -> (u64, Option<&[u8]>) {
        let whole = self.ends.partition_point(|end| *end <= written);
        let begun = whole.checked_sub(1).map_or(0, |last| self.ends[last]) < written;
        for _ in 0..whole + usize::from(begun) {
            cursor.book();
        }
        (whole as u64, begun.then(|| &self.bytes[written..self.ends[whole]]))
    }
}

impl Gate {
    /// Like [`Self::push`], called by a pass for each member in turn. Nearly all of them lack the same entries of
    /// this log and nothing else: to those goes what lies ready in `near`.
    pub(in crate::delivery) fn push_near(&self, channel: &Arc<Channel>, near: &mut Near) {
        let Some(mut inner) = self.inner.try_lock() else {
            return self.nudge();
        };
        if self.socket.is_tls() || inner.blocked || inner.over || !inner.outbox.is_empty() {
            drop(inner);
            return self.push();
        }
        let Inner { outbox, cursors, .. } = &mut *inner;
        let cursor = cursors.iter_mut().find(|cursor| Arc::ptr_eq(cursor.channel(), channel));
        let Some((cursor, after)) = cursor.and_then(|it| it.near().map(|after| (it, after))) else {
            drop(inner);
            return self.push();
        };
        if !near.look(channel, after) {
            drop(inner);
            return self.push();
        }
        if near.bytes().is_empty() {
            return;
        }
        match self.socket.try_write(near.bytes()) {
            Ok(written) if written > 0 => {
                self.written.fetch_add(written as u64, Ordering::Relaxed);
                let (whole, rest) = near.book(cursor, written);
                self.frames.fetch_add(whole, Ordering::Relaxed);
                outbox.begun = rest.map(Bytes::copy_from_slice);
                if written == near.bytes().len() {
                    return;
                }
                // The socket takes no more; its connection's task finishes what was begun.
                inner.block();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                inner.block();
            }
            Ok(_) | Err(_) => inner.over = true,
        }
        drop(inner);
        self.nudge();
    }
}

#[cfg(test)]
mod tests {
    use wardroom_protocol::ids::LogName;

    use super::super::super::Tail;
    use super::*;
    use crate::log::Progress;

    /// A channel with five entries of which so many are revealed.
    fn channel(revealed: u64) -> Arc<Channel> {
        let log: LogName = "cardiology".parse().expect("a log");
        // All that is revealed was there when the log was opened, so the tail begins behind it.
        let tail = Tail::new(0, Progress::new(revealed));
        for number in 1..=5 {
            tail.push(format!("entry {number}").as_bytes(), 5);
        }
        Arc::new(Channel::new(log, tail))
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
        let mut cursor = Cursor::new(Arc::clone(cursor.channel()), 1);
        assert_eq!(near.book(&mut cursor, 9), (1, None));
        assert_eq!(cursor.near(), Some(2));
        assert_eq!(near.book(&mut cursor, 18), (2, None));
    }

    #[test]
    fn what_was_erased_meanwhile_is_not_shown_to_the_rest() {
        let channel = channel(4);
        let mut near = Near::default();
        assert!(near.look(&channel, 0));
        let holds = |near: &Near| near.bytes().windows(9).any(|part| part == b"\x81\x07entry 2");
        assert!(holds(&near));
        // The fifth entry erases the second, and is revealed while the pass goes on.
        channel.tail().erase(2, 5);
        assert!(near.look(&channel, 0) && holds(&near), "it is not revealed yet");
        channel.tail().progress().raise_synced(5);
        assert!(near.look(&channel, 0));
        assert!(!holds(&near));
    }
}
