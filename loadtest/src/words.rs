//! The words of generated posts: a pure function of the mid, so that any copy can be checked.
//!
//! Synthetic by construction: a prefix and letters made from the mid. No digits and nothing personal.

use wardroom_protocol::envelope::Entry;
use wardroom_protocol::ids::Mid;
use wardroom_protocol::message::PostedWords;

/// The topic of every post.
pub const TOPIC: &str = "Load";

/// The text of the post with this mid, exactly `bytes` long (at least one byte).
#[must_use]
pub fn body(mid: Mid, bytes: usize) -> String {
    let nibbles = mid.as_bytes().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let letters: String = nibbles.map(|nibble| char::from(b'a' + nibble)).collect();
    let mut text = letters.repeat(bytes / letters.len() + 1);
    text.truncate(bytes.max(1));
    text
}

/// Whether an entry carries the words that were said under its mid.
#[must_use]
pub fn are_those_of(entry: &Entry, mid: Mid, bytes: usize) -> bool {
    match entry.words::<PostedWords>() {
        Ok(Some(words)) => words.topic == TOPIC && words.body == body(mid, bytes),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_from_the_mid_and_have_the_size_asked_for() {
        let (one, other) = (Mid::fresh(), Mid::fresh());
        assert_eq!(body(one, 200).len(), 200);
        assert_eq!(body(one, 200), body(one, 200));
        assert_ne!(body(one, 200), body(other, 200));
        assert!(body(one, 40).bytes().all(|byte| byte.is_ascii_lowercase()));
    }
}
