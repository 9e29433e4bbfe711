//! Replies and notices on their way into the line.

use bytes::Bytes;

use super::super::frame;
use super::super::outbox::Provided;
use super::Gate;

impl Gate {
    /// Puts a reply or notice in line. The caller keeps to [`REPLIES`](crate::delivery::REPLIES) and
    /// [`REPLY_BYTES`](crate::delivery::REPLY_BYTES).
    pub fn reply(&self, text: &[u8]) {
        self.line_up(frame::text(text));
    }

    /// The same for a frame that is ready.
    pub fn line_up(&self, frame: Bytes) {
        self.inner.lock().outbox.replies.push(frame, None);
    }

    /// A reply that may leave as long as something `holds`: what is begun then is finished, and
    /// of what is not begun by then `instead` leaves.
    pub fn reply_while(
        &self,
        text: &[u8],
        instead: &[u8],
        holds: impl Fn() -> bool + Send + 'static,
    ) {
        let provided = Provided { holds: Box::new(holds), instead: frame::text(instead) };
        self.inner.lock().outbox.replies.push(frame::text(text), Some(Box::new(provided)));
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
