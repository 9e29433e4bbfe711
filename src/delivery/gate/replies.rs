//! Replies and notices on their way into the line.

use bytes::Bytes;

use super::super::frame;
use super::Gate;

impl Gate {
    /// Puts a reply or notice in line. The caller keeps to [`REPLIES`](crate::delivery::REPLIES) and
    /// [`REPLY_BYTES`](crate::delivery::REPLY_BYTES).
    pub fn reply(&self, text: &[u8]) {
        self.line_up(frame::text(text));
    }

    /// The same for a frame that is ready.
    pub fn line_up(&self, frame: Bytes) {
        self.inner.lock().outbox.replies.push(frame);
    }

    /// Replies and notices in line.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.inner.lock().outbox.replies.len()
    }

    /// And the bytes of them.
    #[must_use]
    pub fn unsent_bytes(&self) -> usize {
        self.inner.lock().outbox.replies.bytes()
    }
}
