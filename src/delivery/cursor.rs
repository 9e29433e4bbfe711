//! A cursor: one reader's place in one log. What it lacks is what lies between it and the head;
//! there is no queue.

use std::sync::Arc;

use bytes::Bytes;

use super::Channel;
use super::batch::{Batch, Behind, Booked};
use super::outbox::Source;

/// Bytes taken from one log before the next log has its turn.
const TURN_BYTES: usize = 256 * 1024;

/// A place in a log, and where the log is.
pub struct Cursor {
    channel: Arc<Channel>,
    /// The last seq written or begun.
    sent: u64,
    /// What was read from behind the tail.
    behind: Behind,
}

impl Cursor {
    /// A cursor after `sent`.
    #[must_use]
    pub fn new(channel: Arc<Channel>, sent: u64) -> Self {
        Self { channel, sent, behind: Behind::default() }
    }

    pub(super) fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    /// Takes what was read for this cursor after `after`; dropped if it has moved since.
    pub(super) fn fill(&mut self, after: u64, batch: Batch) {
        if !self.behind.is_full() && self.held() == after {
            self.behind.put(batch);
        }
    }

    /// The last seq that left, if the reader reads from the tail.
    pub(super) fn near(&self) -> Option<u64> {
        self.behind.is_empty().then_some(self.sent)
    }

    /// Up to where the reader has or is about to have everything.
    fn held(&self) -> u64 {
        self.behind.upto().unwrap_or(self.sent)
    }

    /// Lists what this reader lacks: from what was read behind the tail, else from the tail. Returns
    /// whether more lies behind that. What must be read from the log first is not listed.
    pub(super) fn list(
        &mut self,
        index: usize,
        frames: usize,
        out: &mut Vec<(Bytes, Source)>,
    ) -> bool {
        let tail = self.channel.tail();
        self.behind.keep_if(|revealed| tail.still_true(revealed));
        if let Some(piece) = self.behind.next() {
            out.push((piece, Source::Behind(index)));
            return true;
        }
        let revealed = tail.revealed();
        if self.sent >= revealed {
            return false;
        }
        let before = out.len();
        let near = tail.read(self.sent, frames, TURN_BYTES, |frame| {
            out.push((frame, Source::Entry(index)));
        });
        near && self.sent + ((out.len() - before) as u64) < revealed
    }

    /// Books the next entry of the tail as written or begun.
    pub(super) fn book(&mut self) {
        self.sent += 1;
    }

    /// Books so many bytes of what was read behind the tail.
    pub(super) fn book_behind(&mut self, written: usize) -> Booked {
        let booked = self.behind.book(written);
        self.sent = booked.upto.unwrap_or(self.sent);
        booked
    }

    /// After which seq the log must be read for this reader, if it must: also ahead of what is held
    /// already, so that reading and writing go on side by side.
    pub(super) fn lacks_from_log(&self) -> Option<u64> {
        let tail = self.channel.tail();
        let held = self.held();
        (!self.behind.is_full() && held < tail.revealed() && !tail.reaches(held)).then_some(held)
    }

    /// Whether nothing can leave before the log is read.
    pub(super) fn waits_for_log(&self) -> bool {
        self.behind.is_empty() && self.lacks_from_log().is_some()
    }
}
