//! A cursor: one reader's place in one log. What it lacks is what lies between it and the head;
//! there is no queue.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::outbox::Source;
use super::{Batch, Channel};

/// Bytes taken from one log before the next log has its turn.
const TURN_BYTES: usize = 256 * 1024;

/// A place in a log, and where the log is.
pub struct Cursor {
    channel: Arc<Channel>,
    /// The last seq written or begun.
    sent: u64,
    /// Frames read from behind the tail, each with the seq it brings the reader to.
    behind: VecDeque<(u64, Bytes)>,
    /// The watermark when they were read.
    behind_revealed: u64,
}

impl Cursor {
    /// A cursor after `sent`.
    #[must_use]
    pub fn new(channel: Arc<Channel>, sent: u64) -> Self {
        Self { channel, sent, behind: VecDeque::new(), behind_revealed: 0 }
    }

    pub(super) fn channel(&self) -> &Arc<Channel> {
        &self.channel
    }

    /// Takes what was read for this cursor after `after`; dropped if it has moved since.
    pub(super) fn fill(&mut self, after: u64, batch: Batch) {
        if self.behind.is_empty() && self.sent == after {
            self.behind = batch.frames.into();
            self.behind_revealed = batch.revealed;
        }
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
        if !self.behind.is_empty() && !tail.still_true(self.behind_revealed) {
            self.behind.clear();
        }
        if !self.behind.is_empty() {
            let ready = self.behind.iter().take(frames);
            out.extend(ready.map(|(_, frame)| (frame.clone(), Source::Entry(index))));
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

    /// Books the next frame as written or begun.
    pub(super) fn book(&mut self) {
        match self.behind.pop_front() {
            Some((upto, _)) => self.sent = upto,
            None => self.sent += 1,
        }
    }

    /// After which seq the log must be read for this reader, if it must.
    pub(super) fn lacks_from_log(&self) -> Option<u64> {
        let tail = self.channel.tail();
        (self.behind.is_empty() && self.sent < tail.revealed() && !tail.reaches(self.sent))
            .then_some(self.sent)
    }
}
