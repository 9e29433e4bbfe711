//! What goes into the store together, already as it will lie there: by stem, ascending.

use std::collections::BTreeMap;

use super::block::stem;

/// The whole keys of one stem with their values.
type OfStem = Vec<(Vec<u8>, Vec<u8>)>;

/// Keys with their values, one value for each key. Most keys of a stem come in their order, since logs
/// grow at their ends: such a key costs a look at the one before it.
#[derive(Clone, Debug, Default)]
pub(in crate::log) struct Puts(BTreeMap<Vec<u8>, OfStem>);

impl Puts {
    /// Puts a value in place of what the key had.
    pub(in crate::log) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        let stem = stem(&key);
        let Some(pairs) = self.0.get_mut(stem) else {
            self.0.insert(stem.to_vec(), vec![(key, value)]);
            return;
        };
        if pairs.last().is_none_or(|(last, _)| *last < key) {
            pairs.push((key, value));
            return;
        }
        match find(pairs, &key) {
            Ok(at) => pairs[at].1 = value,
            Err(at) => pairs.insert(at, (key, value)),
        }
    }

    /// The value of a key.
    pub(in crate::log) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let pairs = self.0.get(stem(key))?;
        find(pairs, key).ok().map(|at| &pairs[at].1[..])
    }

    /// How many keys there are.
    pub(in crate::log) fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Keeps those of which `keep` says so, or what went wrong.
    pub(in crate::log) fn retain<E>(
        &mut self,
        mut keep: impl FnMut(&[u8], &[u8]) -> Result<bool, E>,
    ) -> Result<(), E> {
        let mut outcome = Ok(());
        for pairs in self.0.values_mut() {
            pairs.retain(|(key, value)| {
                outcome.is_err()
                    || keep(key, value).unwrap_or_else(|error| {
                        outcome = Err(error);
                        true
                    })
            });
        }
        self.0.retain(|_, pairs| !pairs.is_empty());
        outcome
    }

    /// What there is of each stem.
    pub(super) fn stems(&self) -> impl Iterator<Item = (&[u8], &OfStem)> {
        self.0.iter().map(|(stem, pairs)| (&stem[..], pairs))
    }

    /// The same, to take away.
    pub(super) fn into_stems(self) -> impl Iterator<Item = (Vec<u8>, OfStem)> {
        self.0.into_iter()
    }
}

impl FromIterator<(Vec<u8>, Vec<u8>)> for Puts {
    fn from_iter<I: IntoIterator<Item = (Vec<u8>, Vec<u8>)>>(pairs: I) -> Self {
        let mut puts = Self::default();
        pairs.into_iter().for_each(|(key, value)| puts.put(key, value));
        puts
    }
}

fn find(pairs: &[(Vec<u8>, Vec<u8>)], key: &[u8]) -> Result<usize, usize> {
    pairs.binary_search_by(|(at, _)| at[..].cmp(key))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_map(
            puts in prop::collection::vec(
                (prop::collection::vec(0_u8..3, 1..5), prop::collection::vec(any::<u8>(), 0..3)),
                0..60,
            ),
            kept: u8,
        ) {
            let mut ours: Puts = puts.clone().into_iter().collect();
            let mut theirs: BTreeMap<_, _> = puts.into_iter().collect();
            let keep = |value: &[u8]| value.first().is_none_or(|first| *first >= kept);
            let outcome = ours.retain(|_, value| Ok::<_, ()>(keep(value)));
            prop_assert_eq!(outcome, Ok(()));
            theirs.retain(|_, value| keep(value));
            prop_assert_eq!(ours.len(), theirs.len());
            for (key, value) in &theirs {
                prop_assert_eq!(ours.get(key), Some(&value[..]));
            }
            prop_assert_eq!(ours.get(&[9]), None);
            for (of, pairs) in ours.stems() {
                prop_assert!(!pairs.is_empty() && pairs.iter().all(|(key, _)| stem(key) == of));
            }
            let flat: Vec<_> = ours.into_stems().flat_map(|(_, pairs)| pairs).collect();
            prop_assert_eq!(flat, theirs.into_iter().collect::<Vec<_>>());
        }
    }
}
