//! Keyed hashes: identities that reveal nothing without the key.

use unicode_normalization::UnicodeNormalization as _;
use wardroom_protocol::ids::{LogName, Mid, PrincipalId, TopicId};

use super::Keyring;
use super::derived::{LogKeys, Purpose};

/// A topic's name with what does not matter taken away: compatibility forms, case, outer and
/// repeated white space.
#[must_use]
pub fn fold_name(name: &str) -> String {
    let lower = if name.is_ascii() {
        // Has no compatibility forms; most names are.
        name.to_ascii_lowercase()
    } else {
        name.nfkc().collect::<String>().to_lowercase()
    };
    let mut folded = String::with_capacity(lower.len());
    for word in lower.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

fn sixteen(hash: &blake3::Hash) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&hash.as_bytes()[..16]);
    out
}

impl LogKeys {
    /// A topic's id in this room.
    #[must_use]
    pub fn topic_id(&self, name: &str) -> TopicId {
        let name = fold_name(name);
        TopicId::from_bytes(sixteen(&blake3::keyed_hash(self.of(Purpose::Topic), name.as_bytes())))
    }

    /// An imported author's hash in this room: the same author, the same hash.
    #[must_use]
    pub fn origin(&self, author: &str) -> [u8; 16] {
        sixteen(&blake3::keyed_hash(self.of(Purpose::Origin), author.as_bytes()))
    }

    /// What a submission is compared by when its mid returns: op, facts and words as submitted,
    /// without card and command id. `typed` is JSON; `text` may be taken out of it and stand behind
    /// it, and is hashed as it is. Keyed, so that a short clinical text cannot be guessed from it.
    #[must_use]
    pub fn submit_hash(&self, op: &str, typed: &[u8], text: Option<&str>) -> [u8; 32] {
        let text_length = text.map_or(0, |text| 1 + text.len());
        // In one piece: to hash parts costs a fifth more than to put them together.
        let mut whole = Vec::with_capacity(op.len() + 1 + typed.len() + text_length);
        whole.extend_from_slice(op.as_bytes());
        whole.push(0);
        whole.extend_from_slice(typed);
        if let Some(text) = text {
            // JSON holds no such byte, so nothing else hashes the same.
            whole.push(0);
            whole.extend_from_slice(text.as_bytes());
        }
        *blake3::keyed_hash(self.of(Purpose::Submit), &whole).as_bytes()
    }
}

impl Keyring {
    /// What an entry that the server itself writes into a log is compared by.
    #[must_use]
    pub fn submit_hash(&self, log: &LogName, op: &str, typed: &[u8]) -> [u8; 32] {
        self.of_log(log).submit_hash(op, typed, None)
    }

    /// The opaque id of the principal that a token's issuer and subject name.
    #[must_use]
    pub fn principal_id(&self, issuer: &str, sub: &str) -> PrincipalId {
        PrincipalId::from_hash(self.of_token(Purpose::Principal, issuer, sub))
    }

    /// The mid of that principal's registration: the same however often it is proposed.
    #[must_use]
    pub fn registration_mid(&self, issuer: &str, sub: &str) -> Mid {
        Mid::derived(self.of_token(Purpose::Registration, issuer, sub))
    }

    /// The mid of an entry that follows from another one: from the owner's log and mid, and the log
    /// it goes to.
    #[must_use]
    pub fn derived_mid(&self, owner: &LogName, mid: &Mid, target: &LogName) -> Mid {
        let keys = self.of_log(owner);
        let mut hasher = blake3::Hasher::new_keyed(keys.of(Purpose::Derived));
        hasher.update(mid.as_bytes());
        hasher.update(target.as_str().as_bytes());
        Mid::derived(sixteen(&hasher.finalize()))
    }

    /// The mid of an entry that follows from another one of the same log, for each entry `of` that it
    /// concerns.
    #[must_use]
    pub fn following_mid(&self, log: &LogName, mid: &Mid, of: &Mid) -> Mid {
        let keys = self.of_log(log);
        let mut hasher = blake3::Hasher::new_keyed(keys.of(Purpose::Following));
        hasher.update(mid.as_bytes());
        hasher.update(of.as_bytes());
        Mid::derived(sixteen(&hasher.finalize()))
    }

    fn of_token(&self, purpose: Purpose, issuer: &str, sub: &str) -> [u8; 16] {
        let keys = self.of_log(&LogName::identity());
        let mut hasher = blake3::Hasher::new_keyed(keys.of(purpose));
        hasher.update(&(issuer.len() as u64).to_be_bytes());
        hasher.update(issuer.as_bytes());
        hasher.update(sub.as_bytes());
        sixteen(&hasher.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_takes_away_what_does_not_matter() {
        assert_eq!(fold_name("  ST-Elevation \u{a0} MI "), "st-elevation mi");
        assert_eq!(fold_name("ﬁbrosis"), "fibrosis");
        assert_ne!(fold_name("HFrEF"), fold_name("HFpEF"));
    }

    #[test]
    fn hashes_differ_by_room_and_agree_within_one() {
        let ring = Keyring::ephemeral();
        let of = |ring: &Keyring, log: &str| ring.of_log(&log.parse().expect("log"));
        let (a, b) = (of(&ring, "cardiology"), of(&ring, "oncology"));
        assert_eq!(a.topic_id("Sepsis"), a.topic_id(" sepsis"));
        assert_ne!(a.topic_id("Sepsis"), b.topic_id("Sepsis"));
        let elsewhere = of(&Keyring::ephemeral(), "cardiology");
        assert_ne!(a.submit_hash("x", b"y", None), elsewhere.submit_hash("x", b"y", None));
    }

    #[test]
    fn a_submission_is_compared_by_every_part_of_it() {
        let keys = Keyring::ephemeral().of_log(&LogName::directory());
        let hashes = [
            keys.submit_hash("op", b"{}", None),
            keys.submit_hash("o", b"p{}", None),
            keys.submit_hash("op", b"{}", Some("")),
            keys.submit_hash("op", b"{}", Some("text")),
            keys.submit_hash("op", b"{}", Some("texts")),
            keys.submit_hash("op", b"{}text", None),
            keys.submit_hash("op", br#"{"a":1}"#, Some("text")),
        ];
        let different: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
    }
}
