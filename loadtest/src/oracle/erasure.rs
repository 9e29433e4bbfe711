//! What the oracle makes of redactions: an erased entry is the same entry without its words, and once
//! an erasure was acknowledged nobody who reads afterwards sees them.

use wardroom_protocol::envelope::Entry;
use wardroom_protocol::ids::{Mid, Position};

use super::{Erasure, Oracle, RoomIndex, Told};
use crate::random::Random;
use crate::words;

/// Random places looked at before giving up: most entries are posts.
const TRIES: u32 = 16;

impl Oracle {
    /// A post's words are about to be erased, by an act with a mid of its own.
    pub fn erases(&mut self, room: RoomIndex, act: Mid, of: Mid) {
        self.expect(room, act, None, 0);
        if let Some(post) = self.posts.get_mut(&of) {
            post.erasure = Erasure::Asked;
        }
    }

    /// The erasure was acknowledged.
    pub fn erased(&mut self, of: Mid) {
        if let Some(post) = self.posts.get_mut(&of) {
            post.erasure = Erasure::Done;
        }
    }

    /// Everybody has everything. What comes from now on was read after every acknowledgement.
    pub fn settle(&mut self) {
        self.settled = true;
    }

    /// A random acknowledged post of a room with its words.
    #[must_use]
    pub fn some_post(&self, room: RoomIndex, random: &mut Random) -> Option<Mid> {
        let entries = &self.rooms[room.0].entries;
        let head = self.rooms[room.0].head;
        (0..TRIES).find_map(|_| {
            let mid = entries.get(&(1 + random.below(head)))?.mid?;
            let post = self.posts.get(&mid)?;
            let whole = post.order.is_some() && post.erasure == Erasure::None;
            (whole && matches!(post.told, Told::Acknowledged(_))).then_some(mid)
        })
    }

    /// Whether a later copy of an entry is the same as the first, or the same without erased words;
    /// and, once settled, without those whose erasure was acknowledged.
    pub(super) fn form_is_right(
        &self,
        same: bool,
        at: Position,
        mid: Option<Mid>,
        text: &str,
    ) -> bool {
        let Some((mid, post)) = mid.and_then(|mid| Some((mid, self.posts.get(&mid)?))) else {
            return same;
        };
        if post.erasure == Erasure::None {
            return same;
        }
        let Ok(entry) = serde_json::from_str::<Entry>(text) else {
            return false;
        };
        if entry.position() != at || entry.mid != mid {
            return false;
        }
        if entry.erased {
            return entry.w.is_none();
        }
        let must_be_gone = self.settled && post.erasure == Erasure::Done;
        !must_be_gone && words::are_those_of(&entry, mid, post.bytes)
    }
}
