//! What was read behind the tail: many frames in one piece of memory, written as they lie.
//!
//! One buffer and not one per frame: listing, counting references and letting go were a third of
//! what a replay cost.

use std::collections::VecDeque;

use bytes::Bytes;

use super::frame;

/// Pieces one cursor holds at most: the one that leaves, and the next, read meanwhile.
const PIECES: usize = 2;

/// A contiguous piece of a log, as frames.
#[derive(Default)]
pub struct Batch {
    bytes: Bytes,
    /// Each frame's end in `bytes`, with the seq it brings the reader to: an entry's own, or a gap's
    /// last.
    ends: VecDeque<(u64, usize)>,
    /// Where the next frame begins.
    begin: usize,
    /// The watermark when it was read.
    revealed: u64,
}

impl Batch {
    /// The frames, each with the seq it brings the reader to.
    pub fn frames(&self) -> impl Iterator<Item = (u64, Bytes)> + '_ {
        let mut begin = self.begin;
        self.ends.iter().map(move |&(upto, end)| {
            let frame = self.bytes.slice(begin..end);
            begin = end;
            (upto, frame)
        })
    }
}

/// Frames on their way into a [`Batch`].
#[derive(Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    ends: VecDeque<(u64, usize)>,
}

impl Frames {
    /// Room for about this many bytes.
    pub(super) fn with_room(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a frame that `write` writes the text of. An error takes it back.
    pub(super) fn add<E>(
        &mut self,
        upto: u64,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let before = self.bytes.len();
        let payload = frame::begin(&mut self.bytes);
        let written = write(&mut self.bytes);
        if written.is_ok() {
            frame::end(&mut self.bytes, payload);
            self.ends.push_back((upto, self.bytes.len()));
        } else {
            self.bytes.truncate(before);
        }
        written
    }

    /// Adds a frame of this text.
    pub(super) fn add_text(&mut self, upto: u64, text: &[u8]) {
        self.add_frame(upto, &frame::text(text));
    }

    /// Adds a frame that is ready.
    pub(super) fn add_frame(&mut self, upto: u64, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
        self.ends.push_back((upto, self.bytes.len()));
    }

    /// Done; `revealed` was the watermark before the reading.
    pub(super) fn batch(self, revealed: u64) -> Batch {
        Batch { bytes: self.bytes.into(), ends: self.ends, begin: 0, revealed }
    }
}

/// What a cursor holds of the log behind the tail.
#[derive(Default)]
pub(super) struct Behind(VecDeque<Batch>);

/// What became of bytes that were written from [`Behind`].
pub(super) struct Booked {
    /// The last seq written or begun, if any was.
    pub(super) upto: Option<u64>,
    /// How many frames left whole.
    pub(super) whole: u64,
    /// The rest of the frame that was begun.
    pub(super) rest: Option<Bytes>,
}

impl Behind {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= PIECES
    }

    /// The last seq held.
    pub(super) fn upto(&self) -> Option<u64> {
        self.0.back()?.ends.back().map(|(seq, _)| *seq)
    }

    pub(super) fn put(&mut self, batch: Batch) {
        if !batch.ends.is_empty() {
            self.0.push_back(batch);
        }
    }

    /// Drops all of it unless every piece `is_true` at the watermark it was read at.
    pub(super) fn keep_if(&mut self, is_true: impl Fn(u64) -> bool) {
        if !self.0.iter().all(|batch| is_true(batch.revealed)) {
            self.0.clear();
        }
    }

    /// What leaves next: whole frames.
    pub(super) fn next(&self) -> Option<Bytes> {
        self.0.front().map(|batch| batch.bytes.slice(batch.begin..))
    }

    /// Books so many bytes of [`Self::next`] as written.
    pub(super) fn book(&mut self, mut written: usize) -> Booked {
        let mut booked = Booked { upto: None, whole: 0, rest: None };
        let Some(batch) = self.0.front_mut() else {
            return booked;
        };
        while written > 0
            && let Some((seq, end)) = batch.ends.pop_front()
        {
            booked.upto = Some(seq);
            let length = end - batch.begin;
            if written < length {
                booked.rest = Some(batch.bytes.slice(batch.begin + written..end));
            } else {
                booked.whole += 1;
            }
            written = written.saturating_sub(length);
            batch.begin = end;
        }
        if batch.ends.is_empty() {
            self.0.pop_front();
        }
        booked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(frames: &[(u64, &str)]) -> Batch {
        let mut out = Frames::default();
        for (upto, text) in frames {
            out.add_text(*upto, text.as_bytes());
        }
        out.batch(9)
    }

    #[test]
    fn a_partial_write_is_booked_to_the_byte() {
        let mut behind = Behind::default();
        behind.put(batch(&[(1, "one"), (4, "gap"), (5, "five")]));
        behind.put(Batch::default());
        behind.put(batch(&[(6, "six")]));
        assert_eq!((behind.upto(), behind.is_full()), (Some(6), true));
        // One whole frame of five bytes, and two bytes of the next.
        let booked = behind.book(7);
        assert_eq!((booked.upto, booked.whole), (Some(4), 1));
        assert_eq!(booked.rest.as_deref(), Some(&b"gap"[..]));
        assert_eq!(behind.next().as_deref(), Some(&b"\x81\x04five"[..]));
        let booked = behind.book(6);
        assert_eq!((booked.upto, booked.whole, booked.rest), (Some(5), 1, None));
        assert_eq!(behind.next().as_deref(), Some(&b"\x81\x03six"[..]));
        assert!(!behind.is_full());
        behind.keep_if(|revealed| revealed == 9);
        assert!(!behind.is_empty());
        behind.keep_if(|revealed| revealed > 9);
        assert!(behind.is_empty());
    }

    #[test]
    fn a_frame_that_fails_leaves_nothing_behind() {
        let mut frames = Frames::default();
        frames.add_text(1, b"one");
        let failed = frames.add(2, |out| {
            out.extend_from_slice(b"half of");
            Err(())
        });
        assert_eq!(failed, Err(()));
        assert_eq!(frames.batch(0).bytes, frame::text(b"one"));
    }
}
