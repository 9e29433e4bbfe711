//! Tokens verified before, by hash, until they end.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Claims, LEEWAY};

/// Tokens remembered at once. When full, the one that ends first makes way: it is verified again
/// when it comes again, which costs a few microseconds and nothing else.
pub(super) const ROOM: usize = 4_096;

type Hash = [u8; 32];

#[derive(Default)]
pub(super) struct Seen {
    inner: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    /// Each with the generation of keys that verified it.
    claims: HashMap<Hash, (u64, Arc<Claims>)>,
    /// The same tokens by their end.
    ends: BTreeSet<(u64, Hash)>,
}

impl Seen {
    /// The claims of a token that keys of this generation have verified. Whether it has ended is for
    /// the caller to say.
    pub(super) fn get(&self, hash: &Hash, generation: u64) -> Option<Arc<Claims>> {
        let tables = self.inner.lock();
        let (verified, claims) = tables.claims.get(hash)?;
        (*verified == generation).then(|| Arc::clone(claims))
    }

    /// Remembers a verified token, and forgets those that have ended.
    pub(super) fn put(&self, hash: Hash, generation: u64, claims: &Arc<Claims>, now: u64) {
        let mut tables = self.inner.lock();
        let tables = &mut *tables;
        while let Some(&(exp, ended)) = tables.ends.first()
            && (exp.saturating_add(LEEWAY) < now
                || (tables.claims.len() >= ROOM && !tables.claims.contains_key(&hash)))
        {
            tables.ends.pop_first();
            tables.claims.remove(&ended);
        }
        if tables.claims.insert(hash, (generation, Arc::clone(claims))).is_none() {
            tables.ends.insert((claims.exp, hash));
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        let tables = self.inner.lock();
        (tables.claims.len(), tables.ends.len())
    }
}
