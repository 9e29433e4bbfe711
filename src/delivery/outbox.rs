//! What waits in a gate besides entries: control frames, replies, signals.

use std::collections::VecDeque;

use bytes::Bytes;

/// Replies one connection may be owed. At this many its reader stops reading; the peer's own socket
/// buffer is the queue behind it.
pub const REPLIES: usize = 64;

/// Bytes of replies that may wait. With more, its reader stops reading as well: a page has 256 KiB.
pub const REPLY_BYTES: usize = 512 * 1024;

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
    pub(super) replies: Replies,
    pub(super) signals: VecDeque<(u64, Bytes)>,
    /// The close frame: nothing is written after it.
    pub(super) close: Option<Bytes>,
    /// Whether the close frame has left.
    pub(super) closed: bool,
}

/// Replies and notices, in order. Bounded by [`REPLIES`], [`REPLY_BYTES`] and one reply more, and the few
/// notices there are.
#[derive(Default)]
pub(super) struct Replies {
    line: VecDeque<InLine>,
    bytes: usize,
}

struct InLine {
    frame: Bytes,
    provided: Option<Box<Provided>>,
}

/// What a reply takes for granted until it leaves.
pub(super) struct Provided {
    /// Asked under the gate's lock, each time something is about to leave.
    pub(super) holds: Box<dyn Fn() -> bool + Send>,
    /// What leaves if it does not hold any more.
    pub(super) instead: Bytes,
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

impl Replies {
    pub(super) fn push(&mut self, frame: Bytes, provided: Option<Box<Provided>>) {
        self.bytes += frame.len();
        self.line.push_back(InLine { frame, provided });
    }

    pub(super) fn len(&self) -> usize {
        self.line.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lists them, each as it may leave now.
    fn list(&mut self, out: &mut Vec<(Bytes, Source)>) {
        for InLine { frame, provided } in &mut self.line {
            if let Some(provided) = provided.take_if(|provided| !(provided.holds)()) {
                self.bytes = self.bytes - frame.len() + provided.instead.len();
                *frame = provided.instead;
            }
            out.push((frame.clone(), Source::Reply));
        }
    }

    fn take_first(&mut self) {
        let first = self.line.pop_front();
        self.bytes -= first.map_or(0, |first| first.frame.len());
        let_go(&mut self.line);
    }
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
            && self.replies.line.is_empty()
            && self.signals.is_empty()
            && self.close.is_none()
            && !self.closed
    }

    /// Lists what is to be written before any entry.
    pub(super) fn list(&mut self, out: &mut Vec<(Bytes, Source)>) {
        out.extend(self.begun.iter().map(|frame| (frame.clone(), Source::Begun)));
        out.extend(self.pong.iter().map(|frame| (frame.clone(), Source::Pong)));
        self.replies.list(out);
        out.extend(self.signals.iter().map(|(_, frame)| (frame.clone(), Source::Signal)));
    }

    /// Books a frame that was written or begun.
    pub(super) fn book(&mut self, source: Source) {
        match source {
            Source::Begun => self.begun = None,
            Source::Pong => self.pong = None,
            Source::Reply => self.replies.take_first(),
            Source::Signal => {
                self.signals.pop_front();
                let_go(&mut self.signals);
            }
            Source::Close => {
                self.close = None;
                self.closed = true;
            }
            Source::Entry(_) | Source::Behind(_) => {}
        }
    }
}

/// An empty queue holds no memory: most connections are owed nothing most of the time.
fn let_go<T>(queue: &mut VecDeque<T>) {
    if queue.is_empty() {
        *queue = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn listed(replies: &mut Replies) -> Vec<Bytes> {
        let mut out = Vec::new();
        replies.list(&mut out);
        out.into_iter().map(|(frame, _)| frame).collect()
    }

    #[test]
    fn what_does_not_hold_any_more_makes_place_in_line() {
        let holds = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&holds);
        let mut replies = Replies::default();
        replies.push("one".into(), None);
        let provided = Provided {
            holds: Box::new(move || asked.load(Ordering::SeqCst)),
            instead: "no".into(),
        };
        replies.push("a page".into(), Some(Box::new(provided)));
        replies.push("three".into(), None);
        assert_eq!(listed(&mut replies), ["one", "a page", "three"]);
        assert_eq!((replies.len(), replies.bytes()), (3, 14));
        holds.store(false, Ordering::SeqCst);
        assert_eq!(listed(&mut replies), ["one", "no", "three"]);
        assert_eq!((replies.len(), replies.bytes()), (3, 10));
        holds.store(true, Ordering::SeqCst);
        assert_eq!(listed(&mut replies), ["one", "no", "three"], "what is gone is gone");
        for left in [7, 5, 0] {
            replies.take_first();
            assert_eq!(replies.bytes(), left);
        }
    }
}
