//! Keyed hashes: identities that reveal nothing without the key.

use unicode_normalization::UnicodeNormalization as _;
use wardroom_protocol::ids::{LogName, Mid, PrincipalId, TopicId};

use super::Keyring;
use super::derived::Purpose;

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

impl Keyring {
    /// A topic's id in its room.
    #[must_use]
    pub fn topic_id(&self, room: &LogName, name: &str) -> TopicId {
        let keys = self.of_log(room);
        TopicId::from_bytes(sixteen(&blake3::keyed_hash(
            keys.of(Purpose::Topic),
            fold_name(name).as_bytes(),
        )))
    }

    /// An imported author's hash in a room: the same author, the same hash.
    #[must_use]
    pub fn origin(&self, room: &LogName, author: &str) -> [u8; 16] {
        let keys = self.of_log(room);
        sixteen(&blake3::keyed_hash(keys.of(Purpose::Origin), author.as_bytes()))
    }

    /// What a submission is compared by when its mid returns: op, facts and words as submitted,
    /// without card and command id. Keyed, so that a short clinical text cannot be guessed from it.
    #[must_use]
    pub fn submit_hash(&self, log: &LogName, op: &str, typed: &[u8]) -> [u8; 32] {
        let keys = self.of_log(log);
        let mut hasher = blake3::Hasher::new_keyed(keys.of(Purpose::Submit));
        hasher.update(op.as_bytes());
        hasher.update(&[0]);
        hasher.update(typed);
        *hasher.finalize().as_bytes()
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
        let (a, b) = ("cardiology".parse().expect("log"), "oncology".parse().expect("log"));
        assert_eq!(ring.topic_id(&a, "Sepsis"), ring.topic_id(&a, " sepsis"));
        assert_ne!(ring.topic_id(&a, "Sepsis"), ring.topic_id(&b, "Sepsis"));
        assert_ne!(
            ring.submit_hash(&a, "x", b"y"),
            Keyring::ephemeral().submit_hash(&a, "x", b"y")
        );
    }
}
