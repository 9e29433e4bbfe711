//! The tail: a log's newest entries, rendered once, for everybody who reads near the head.
//!
//! It keeps at least what the store does not have yet, so every entry above the stored watermark is
//! here and every other one is behind it. Readers are clamped to the synced watermark: nothing is
//! shown before it is safe.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use super::frame;
use crate::entry::ERASED_END;
use crate::log::Progress;

/// Entries kept at most once the store has them.
const KEEP_ENTRIES: usize = 1024;
/// Bytes kept at most once the store has them.
const KEEP_BYTES: usize = 1 << 20;
/// Entries let go of when one comes: more than come, so that none pile up, and few enough that it does not wait
/// for the tens of thousands that the store takes in at once.
const TRIMMED_AT_ONCE: usize = 4;

struct Slot {
    frame: Bytes,
    /// Where the payload's words begin: cut there, the entry is bare.
    bare: usize,
    /// The redaction's seq, and the entry as it reads from then on.
    erased: Option<(u64, Bytes)>,
}

struct Ring {
    /// The seq of `slots[0]`.
    first: u64,
    slots: VecDeque<Slot>,
    bytes: usize,
}

impl Ring {
    /// Lets go of what the store has, of at most so many.
    fn trim(&mut self, stored: u64, most: usize) {
        for _ in 0..most {
            let long = self.slots.len() > KEEP_ENTRIES || self.bytes > KEEP_BYTES;
            if self.first > stored || !long {
                return;
            }
            let Some(old) = self.slots.pop_front() else {
                return;
            };
            self.first += 1;
            self.bytes -= old.frame.len();
        }
    }
}

/// The seqs of entries that erase words.
#[derive(Default)]
struct Erasures {
    /// The newest that is revealed; 0: none.
    revealed: u64,
    /// Those that wait for their sync, ascending: as many as the journal's queue holds at most.
    pending: VecDeque<u64>,
}

impl Erasures {
    /// The newest one up to this watermark.
    fn newest(&mut self, revealed: u64) -> u64 {
        while let Some(seq) = self.pending.pop_front_if(|seq| *seq <= revealed) {
            self.revealed = seq;
        }
        self.revealed
    }
}

/// The rendered end of one log.
pub struct Tail {
    ring: Mutex<Ring>,
    progress: Arc<Progress>,
    erasures: Mutex<Erasures>,
}

impl Tail {
    /// An empty tail of a log whose head is `head`.
    #[must_use]
    pub fn new(head: u64, progress: Arc<Progress>) -> Self {
        let ring = Ring { first: head + 1, slots: VecDeque::new(), bytes: 0 };
        Self { ring: Mutex::new(ring), progress, erasures: Mutex::default() }
    }

    /// How far readers may see.
    #[must_use]
    pub fn revealed(&self) -> u64 {
        self.progress.synced()
    }

    /// The log's watermarks.
    #[must_use]
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Takes in the next entry, as the text of its frame; `bare` is where its words begin.
    pub fn push(&self, rendered: &[u8], bare: usize) {
        let frame = frame::text(rendered);
        let stored = self.progress.stored();
        let mut ring = self.ring.lock();
        ring.bytes += frame.len();
        ring.slots.push_back(Slot { frame, bare, erased: None });
        ring.trim(stored, TRIMMED_AT_ONCE);
    }

    /// Lets go of what the store has taken in since the last entry: a log may stay silent after many.
    pub fn trim(&self) {
        let stored = self.progress.stored();
        let mut ring = self.ring.lock();
        ring.trim(stored, usize::MAX);
        ring.slots.shrink_to(KEEP_ENTRIES);
    }

    /// From the reveal of entry `by` on, entry `seq` shows without its words.
    pub fn erase(&self, seq: u64, by: u64) {
        let mut erasures = self.erasures.lock();
        erasures.newest(self.revealed());
        erasures.pending.push_back(by);
        drop(erasures);
        let mut ring = self.ring.lock();
        let Some(index) = seq.checked_sub(ring.first) else {
            return;
        };
        let Some(slot) = usize::try_from(index).ok().and_then(|index| ring.slots.get_mut(index))
        else {
            return;
        };
        let mut bare = frame::payload(&slot.frame)[..slot.bare].to_vec();
        bare.extend_from_slice(ERASED_END);
        slot.erased = Some((by, frame::text(&bare)));
    }

    /// Whether frames fetched when `revealed_then` was the watermark may still be sent: not if an
    /// erasure was revealed since.
    #[must_use]
    pub fn still_true(&self, revealed_then: u64) -> bool {
        self.erasures.lock().newest(self.revealed()) <= revealed_then
    }

    /// Whether everything after `after` is here.
    #[must_use]
    pub fn reaches(&self, after: u64) -> bool {
        after + 1 >= self.ring.lock().first
    }

    /// Gives `take` the revealed frames after `after`, at most `frames` of them and about `bytes`.
    /// `false`: the tail does not reach back that far; read the log.
    #[must_use]
    pub fn read(
        &self,
        after: u64,
        frames: usize,
        bytes: usize,
        mut take: impl FnMut(Bytes),
    ) -> bool {
        let revealed = self.revealed();
        let ring = self.ring.lock();
        let Some(skip) = (after + 1).checked_sub(ring.first) else {
            return false;
        };
        let index = |seqs: u64| usize::try_from(seqs).unwrap_or(usize::MAX);
        let visible = index((revealed + 1).saturating_sub(ring.first));
        let mut size = 0;
        for slot in ring.slots.iter().take(visible).skip(index(skip)).take(frames) {
            let shown = match &slot.erased {
                Some((by, bare)) if *by <= revealed => bare,
                _ => &slot.frame,
            };
            size += shown.len();
            take(shown.clone());
            if size >= bytes {
                break;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erasure_that_waits_hides_none_that_is_revealed() {
        let tail = Tail::new(0, Progress::new(0));
        for _ in 0..5 {
            tail.push(b"an entry", 0);
        }
        tail.progress().raise_synced(3);
        tail.erase(1, 4);
        assert!(tail.still_true(3), "it is not revealed yet");
        tail.progress().raise_synced(4);
        tail.erase(2, 5);
        assert!(!tail.still_true(3), "what was read before the first one holds its words");
        assert!(tail.still_true(4));
        tail.progress().raise_synced(5);
        assert!(!tail.still_true(4) && tail.still_true(5));
        assert!(tail.erasures.lock().pending.is_empty(), "no more is kept than waits");
    }

    #[test]
    fn a_log_that_fell_silent_lets_go_of_what_the_store_took_in_since() {
        let tail = Tail::new(0, Progress::new(0));
        for _ in 0..3_000 {
            tail.push(b"an entry", 0);
        }
        tail.trim();
        assert!(tail.reaches(0), "the store lacks all of it");
        tail.progress().raise_stored(3_000);
        tail.trim();
        let kept = 3_000 - KEEP_ENTRIES as u64;
        assert!(tail.reaches(kept) && !tail.reaches(kept - 1));
    }
}
