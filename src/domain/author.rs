//! Authors: the people who have written in a room.

/// What the room remembers of one author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Author {
    /// The seq of their first message.
    pub first: u64,
    /// The seq of their newest message.
    pub last: u64,
    /// How many messages they wrote.
    pub messages: u64,
}

impl Author {
    /// An author of one message.
    #[must_use]
    pub fn new(seq: u64) -> Self {
        Self { first: seq, last: seq, messages: 1 }
    }

    /// Takes in one more message.
    pub fn wrote(&mut self, seq: u64) {
        self.last = seq;
        self.messages += 1;
    }
}
