//! What waits in a gate besides entries: control frames, replies, signals.

use std::collections::VecDeque;

use bytes::Bytes;

/// Replies one connection may be owed. At this many its reader stops reading; the peer's own socket
/// buffer is the queue behind it.
pub const REPLIES: usize = 64;

/// Signals that wait at most. A newer one of the same kind and author replaces the older; beyond
/// this many, new ones are dropped: signals are ephemeral.
const SIGNALS: usize = 16;

/// Everything that is not read by cursor.
#[derive(Default)]
pub(super) struct Outbox {
    /// The rest of a frame that was begun: always finished first.
    pub(super) begun: Option<Bytes>,
    /// The latest answer to a WebSocket ping; an older unsent one is replaced, as RFC 6455 allows.
    pub(super) pong: Option<Bytes>,
    /// Replies and notices, in order. Bounded by [`REPLIES`] and the few notices there are.
    pub(super) replies: VecDeque<Bytes>,
    pub(super) signals: VecDeque<(u64, Bytes)>,
    /// The close frame: nothing is written after it.
    pub(super) close: Option<Bytes>,
    /// Whether the close frame has left.
    pub(super) closed: bool,
}

/// Where a frame in flight came from, so that writing it can be booked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Begun,
    Pong,
    Reply,
    Signal,
    Close,
    /// The next entry of the cursor with this index.
    Entry(usize),
    /// Many frames of the cursor with this index, read from behind the tail.
    Behind(usize),
}

impl Outbox {
    pub(super) fn signal(&mut self, key: u64, frame: Bytes) {
        if let Some(slot) = self.signals.iter_mut().find(|(known, _)| *known == key) {
            slot.1 = frame;
        } else if self.signals.len() < SIGNALS {
            self.signals.push_back((key, frame));
        }
    }

    /// Whether nothing waits and nothing was begun.
    pub(super) fn is_empty(&self) -> bool {
        self.begun.is_none()
            && self.pong.is_none()
            && self.replies.is_empty()
            && self.signals.is_empty()
            && self.close.is_none()
            && !self.closed
    }

    /// Lists what is to be written before any entry.
    pub(super) fn list(&self, out: &mut Vec<(Bytes, Source)>) {
        out.extend(self.begun.iter().map(|frame| (frame.clone(), Source::Begun)));
        out.extend(self.pong.iter().map(|frame| (frame.clone(), Source::Pong)));
        out.extend(self.replies.iter().map(|frame| (frame.clone(), Source::Reply)));
        out.extend(self.signals.iter().map(|(_, frame)| (frame.clone(), Source::Signal)));
    }

    /// Books a frame that was written or begun.
    pub(super) fn book(&mut self, source: Source) {
        match source {
            Source::Begun => self.begun = None,
            Source::Pong => self.pong = None,
            Source::Reply => take_first(&mut self.replies),
            Source::Signal => take_first(&mut self.signals),
            Source::Close => {
                self.close = None;
                self.closed = true;
            }
            Source::Entry(_) | Source::Behind(_) => {}
        }
    }
}

/// Takes the first out. An empty queue holds no memory: most connections are owed nothing most of the
/// time.
fn take_first<T>(queue: &mut VecDeque<T>) {
    queue.pop_front();
    if queue.is_empty() {
        *queue = VecDeque::new();
    }
}
