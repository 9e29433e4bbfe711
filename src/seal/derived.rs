//! The keys of one log, derived once: a message needs three of them, and to derive each anew was a
//! twelfth of what it cost.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use wardroom_protocol::ids::LogName;
use zeroize::Zeroizing;

use super::keyring::Secret;

/// Logs whose keys are held at most. When they are as many, all are let go and derived again as
/// they are asked for.
const LOGS: usize = 4096;

/// The context under which the key for words is derived.
const WORDS: &str = "wardroom 2026 v1 words";

/// What a hash is for; each has a key of its own, so that no two can be mistaken for each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Topic,
    Origin,
    Submit,
    Derived,
    Following,
    Principal,
    Registration,
}

impl Purpose {
    const CONTEXTS: [&str; 7] = [
        "wardroom 2026 v1 topic",
        "wardroom 2026 v1 origin",
        "wardroom 2026 v1 submit",
        "wardroom 2026 v1 derived",
        "wardroom 2026 v1 following",
        "wardroom 2026 v1 principal",
        "wardroom 2026 v1 registration",
    ];
}

/// All keys of one log: what names and words in it are hashed and sealed with.
pub struct LogKeys {
    hashes: [Secret; Purpose::CONTEXTS.len()],
    /// By the master they derive from.
    words: BTreeMap<u32, Secret>,
}

impl LogKeys {
    fn derive(masters: &BTreeMap<u32, Secret>, log: &LogName) -> Self {
        // The keys of hashes derive from the first master and never rotate, since what they name must
        // stay the same.
        let first = masters.first_key_value().expect("a ring holds at least one master").1;
        let words = masters.iter().map(|(id, master)| (*id, derive(WORDS, master, log)));
        Self {
            hashes: Purpose::CONTEXTS.map(|context| derive(context, first, log)),
            words: words.collect(),
        }
    }

    /// The key for hashes of this kind.
    pub(super) fn of(&self, purpose: Purpose) -> &[u8; 32] {
        &self.hashes[purpose as usize]
    }

    /// The master that seals new words, and the key that it gives this log.
    pub(super) fn newest_for_words(&self) -> (u32, &[u8; 32]) {
        let (master, key) = self.words.last_key_value().expect("a ring holds at least one master");
        (*master, key)
    }

    /// The key for words sealed under this master.
    pub(super) fn words(&self, master: u32) -> Option<&[u8; 32]> {
        self.words.get(&master).map(|key| &**key)
    }
}

fn derive(context: &str, master: &Secret, log: &LogName) -> Secret {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(&**master);
    hasher.update(log.as_str().as_bytes());
    Zeroizing::new(*hasher.finalize().as_bytes())
}

/// The keys at hand, by log.
#[derive(Default)]
pub(super) struct Derived(RwLock<HashMap<LogName, Arc<LogKeys>>>);

impl Derived {
    pub(super) fn of(&self, masters: &BTreeMap<u32, Secret>, log: &LogName) -> Arc<LogKeys> {
        if let Some(keys) = self.0.read().get(log) {
            return Arc::clone(keys);
        }
        let keys = Arc::new(LogKeys::derive(masters, log));
        let mut known = self.0.write();
        if known.len() >= LOGS {
            known.clear();
        }
        known.insert(log.clone(), Arc::clone(&keys));
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_same_whether_they_are_at_hand_or_not() {
        let masters = BTreeMap::from([(1, Zeroizing::new([7; 32])), (2, Zeroizing::new([8; 32]))]);
        let derived = Derived::default();
        let log = |number: usize| -> LogName { format!("room-{number}").parse().expect("a log") };
        let first = derived.of(&masters, &log(0));
        for number in 1..=LOGS {
            derived.of(&masters, &log(number));
        }
        assert!(derived.0.read().len() <= LOGS);
        let again = derived.of(&masters, &log(0));
        assert!(!Arc::ptr_eq(&first, &again), "they were let go meanwhile");
        assert_eq!(first.of(Purpose::Topic), again.of(Purpose::Topic));
        assert_eq!(first.words(2), again.words(2));
        assert_ne!(first.words(1), first.words(2));
        assert_ne!(first.of(Purpose::Topic), first.of(Purpose::Origin));
        assert_eq!(first.words(3), None);
    }
}
