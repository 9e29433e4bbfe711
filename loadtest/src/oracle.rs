//! The oracle: whether what members saw is what was said, whatever the speed.
//!
//! Owns the canon of every room (the first copy seen of each entry) and what became of each post. It
//! is told of every post, answer and delivered frame, and counts what must never happen. It does no
//! IO and reads no clock; the traffic calls it for every frame, so later copies cost one hash.
//!
//! Its rules, each broken by hand in `tests`:
//! - every acknowledged mid stands exactly once, at its acknowledged position, and a retry is answered
//!   with that position;
//! - seqs are dense, and epochs never fall;
//! - every reader sees the contiguous slice in order, each entry once and the same bytes as everybody;
//! - a post of unknown outcome stands at most once, a refused one never, and every post is answered;
//! - one author's posts keep their order;
//! - nothing stands there that nobody said;
//! - words that were erased do not come again, and no others go.
//!
//! What no reader sees it does not judge: the chain of the records (`wardroom log verify`), and whether
//! somebody may read (all its readers may). Nothing is lost in a healthy run, so a gap is a finding also
//! where the server admits it.

mod erasure;
mod faults;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use wardroom_protocol::envelope::Entry;
use wardroom_protocol::ids::{Mid, Position};

pub use faults::{Fault, Faults};
pub use reader::Reader;

use crate::frame;
use crate::words;

/// One entry as first seen.
struct Canon {
    hash: blake3::Hash,
    position: Position,
    /// `None` for the room's founding.
    mid: Option<Mid>,
}

#[derive(Default)]
struct Room {
    /// By seq. Sparse, because readers may begin late and a hole is a finding.
    entries: BTreeMap<u64, Canon>,
    /// The greatest seq anybody saw or was answered.
    head: u64,
    /// The author's place in the order of posts of the entry with the greatest seq seen so far.
    last_post: Option<(u64, u64)>,
}

/// What the author of a post was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Acknowledged(Position),
    Refused,
    /// The server said that it does not know.
    Unknown,
}

struct Post {
    room: RoomIndex,
    /// Its place among the posts of its room's author; `None` for an act about a post.
    order: Option<u64>,
    bytes: usize,
    told: Told,
    stands_at: Option<Position>,
    erasure: Erasure,
}

/// Whether the words of a post may still be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Erasure {
    None,
    /// Somebody asked for it: from now on both forms are right.
    Asked,
    /// It was acknowledged: whoever reads from now on gets no words.
    Done,
}

/// A room the oracle knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoomIndex(usize);

/// The judge of one run.
#[derive(Default)]
pub struct Oracle {
    names: HashMap<String, RoomIndex>,
    rooms: Vec<Room>,
    /// Mids rise with time, so they are added at the end; a table that moves when it grows would hold up
    /// the generator for as long, and what it measures with it.
    posts: BTreeMap<Mid, Post>,
    orders: Vec<u64>,
    /// No frame is on its way that was written before an erasure was acknowledged.
    settled: bool,
    faults: Faults,
}

impl Oracle {
    /// A room of this run. Nobody else writes in it.
    pub fn room(&mut self, name: &str) -> RoomIndex {
        let next = RoomIndex(self.rooms.len());
        let index = *self.names.entry(name.to_owned()).or_insert(next);
        if index == next {
            self.rooms.push(Room::default());
            self.orders.push(0);
        }
        index
    }

    /// A post is about to be sent; its words are [`words::body`] of its mid, `bytes` long. One author
    /// per room, in this order.
    pub fn said(&mut self, room: RoomIndex, mid: Mid, bytes: usize) {
        let order = self.orders[room.0];
        self.orders[room.0] += 1;
        self.expect(room, mid, Some(order), bytes);
    }

    fn expect(&mut self, room: RoomIndex, mid: Mid, order: Option<u64>, bytes: usize) {
        let (told, erasure) = (Told::Nothing, Erasure::None);
        let post = Post { room, order, bytes, told, stands_at: None, erasure };
        if self.posts.insert(mid, post).is_some() {
            self.faults.add(Fault::Doubled, || format!("the generator used mid {mid} twice"));
        }
    }

    /// A post was acknowledged.
    pub fn acknowledged(&mut self, mid: Mid, position: Position, duplicate: bool) {
        let Some(post) = self.posts.get_mut(&mid) else {
            return self.faults.add(Fault::Foreign, || format!("an answer for unknown mid {mid}"));
        };
        match post.told {
            // Unknown, or an ask that was lost with its connection: the next answer settles it.
            Told::Nothing | Told::Unknown => {}
            Told::Acknowledged(before) if duplicate && before == position => {}
            before => self.faults.add(Fault::Doubled, || {
                format!("mid {mid} was answered twice: {before:?}, then {position}")
            }),
        }
        post.told = Told::Acknowledged(position);
        let room = &mut self.rooms[post.room.0];
        room.head = room.head.max(position.seq);
    }

    /// A post was refused for good.
    pub fn refused(&mut self, mid: Mid) {
        if let Some(post) = self.posts.get_mut(&mid) {
            post.told = Told::Refused;
        }
    }

    /// The server does not know what became of a post: it stands once or not at all.
    pub fn unknown(&mut self, mid: Mid) {
        if let Some(post) = self.posts.get_mut(&mid) {
            post.told = Told::Unknown;
        }
    }

    /// A member got a frame that is an entry. Gives the mid of the post it brings, if the reader did
    /// not have it before.
    pub fn delivered(&mut self, reader: &mut Reader, text: &str) -> Option<Mid> {
        let Some(head) = frame::head(text) else {
            self.faults.add(Fault::Foreign, || "a frame that is no entry of v1".to_owned());
            return None;
        };
        if self.names.get(head.room) != Some(&reader.room) {
            let room = head.room.to_owned();
            self.faults.add(Fault::Foreign, || format!("an entry of {room}, which is not joined"));
            return None;
        }
        let fresh = reader.take(head.position, &mut self.faults);
        let hash = blake3::hash(text.as_bytes());
        let index = reader.room;
        if let Some(known) = self.rooms[index.0].entries.get(&head.position.seq) {
            let (at, mid) = (head.position, known.mid);
            let same = known.hash == hash;
            if (self.settled || !same) && !self.form_is_right(same, at, mid, text) {
                self.faults
                    .add(Fault::Bytes, || format!("two members hold different bytes at {at}"));
            }
            return mid.filter(|_| fresh);
        }
        let mid = self.first_copy(index, head.position, text);
        let room = &mut self.rooms[index.0];
        room.head = room.head.max(head.position.seq);
        room.entries.insert(head.position.seq, Canon { hash, position: head.position, mid });
        mid.filter(|_| fresh)
    }

    /// Looks into an entry that nobody had before.
    fn first_copy(&mut self, index: RoomIndex, at: Position, text: &str) -> Option<Mid> {
        let Ok(entry) = serde_json::from_str::<Entry>(text) else {
            self.faults.add(Fault::Foreign, || format!("the entry at {at} is not one of v1"));
            return None;
        };
        if entry.op == "room.created" && at.seq == 1 {
            return None;
        }
        let mid = entry.mid;
        let Some(post) = self.posts.get_mut(&mid).filter(|post| post.room == index) else {
            let op = entry.op;
            self.faults.add(Fault::Foreign, || format!("nobody said what stands at {at} ({op})"));
            return None;
        };
        if let Some(before) = post.stands_at.replace(at) {
            self.faults.add(Fault::Doubled, || format!("mid {mid} stands at {before} and at {at}"));
        }
        let gone = entry.erased && post.erasure != Erasure::None;
        let Some(order) = post.order else {
            return Some(mid);
        };
        if !gone && !words::are_those_of(&entry, mid, post.bytes) {
            self.faults.add(Fault::Bytes, || format!("other words than were said stand at {at}"));
        }
        let last = &mut self.rooms[index.0].last_post;
        match *last {
            Some((seq, before)) if (seq < at.seq) != (before < order) => {
                self.faults.add(Fault::Order, || format!("the author's order is broken at {at}"));
            }
            Some((seq, _)) if seq > at.seq => {}
            _ => *last = Some((at.seq, order)),
        }
        Some(mid)
    }

    /// Something the protocol promises not to happen in a healthy run: a `gap` notice, a resume that
    /// did not recover.
    pub fn admitted_gap(&mut self, about: impl FnOnce() -> String) {
        self.faults.add(Fault::Gap, about);
    }

    /// How much was found so far. What is lost shows at the end only.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.faults.total()
    }

    /// The greatest seq of a room that a reader must reach.
    #[must_use]
    pub fn head(&self, room: RoomIndex) -> u64 {
        self.rooms[room.0].head
    }

    /// The place of the newest entry that anybody saw.
    #[must_use]
    pub fn head_position(&self, room: RoomIndex) -> Option<Position> {
        let room = &self.rooms[room.0];
        // An acknowledged head may not have been seen yet; the one before it was, as a rule.
        (1..=room.head).rev().find_map(|seq| room.entries.get(&seq)).map(|canon| canon.position)
    }

    /// The posts that were never answered.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.posts.values().filter(|post| post.told == Told::Nothing).count()
    }

    /// A reader is done: everything up to `upto` must have come.
    pub fn done(&mut self, reader: Reader, upto: u64) {
        reader.finish(upto, &mut self.faults);
    }

    /// The run is over and everybody had time to catch up. `rooms_read` says whether every room had
    /// at least one reader from before its first post, so that what nobody saw is lost.
    #[must_use]
    pub fn verdict(mut self, rooms_read: bool) -> Faults {
        for (mid, post) in &self.posts {
            match (post.told, post.stands_at) {
                (Told::Nothing, _) => {
                    self.faults.add(Fault::Unanswered, || format!("no answer came for mid {mid}"));
                }
                (Told::Acknowledged(at), Some(stands)) if at != stands => {
                    self.faults.add(Fault::LostAck, || {
                        format!("mid {mid} was acknowledged at {at} and stands at {stands}")
                    });
                }
                (Told::Acknowledged(at), None) if rooms_read => self
                    .faults
                    .add(Fault::LostAck, || format!("mid {mid}, acknowledged at {at}, is lost")),
                (Told::Refused, Some(stands)) => self.faults.add(Fault::Foreign, || {
                    format!("mid {mid} was refused and stands at {stands}")
                }),
                _ => {}
            }
        }
        if rooms_read {
            for room in &self.rooms {
                let missing = (1..=room.head).filter(|seq| !room.entries.contains_key(seq));
                for seq in missing {
                    self.faults.add(Fault::Hole, || format!("nobody ever saw seq {seq}"));
                }
            }
        }
        let epochs_fall = self.rooms.iter().any(|room| {
            let epochs = || room.entries.values().map(|entry| entry.position.epoch);
            epochs().zip(epochs().skip(1)).any(|(before, after)| after < before)
        });
        if epochs_fall {
            self.faults.add(Fault::Order, || "an epoch fell".to_owned());
        }
        self.faults
    }
}
