//! Blocks: neighbouring keys of one log side by side, as one value of the engine.
//!
//! The engine's cost is per key and hardly per byte: it copies the node that a key stands in, and
//! makes an iterator's every step a step through its pages. An entry is three keys; eight entries
//! in blocks are three keys as well.
//!
//! A key's *stem* is what it begins with up to its first zero byte, kind and log; a block holds
//! keys of one stem and stands under the first of them. A key is in the block with the greatest
//! first key that is not above it, or nowhere.
//!
//! ```text
//! 0 1 version 1 · 1 4 count · for each pair: 4 end of its suffix, 4 end of its value, both counted
//! from where suffixes and values begin · all suffixes · all values     (integers little-endian)
//! ```

use std::cmp::Ordering;

/// A block that would be larger is split.
const FULL: usize = 8 * 1024;

const VERSION: u8 = 1;
const HEAD: usize = 5;
const PAIR: usize = 8;

/// What keys of one kind and log begin with; the whole key if it names no log.
pub(super) fn stem(key: &[u8]) -> &[u8] {
    let len = key.iter().position(|byte| *byte == 0).map_or(key.len(), |zero| zero + 1);
    &key[..len]
}

/// A block, read where it lies.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    table: &'a [[u8; PAIR]],
    suffixes: &'a [u8],
    values: &'a [u8],
}

fn number(bytes: &[u8]) -> usize {
    bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
}

impl<'a> Block<'a> {
    /// The block in these bytes; `None` if they are none. Never panics, whatever the bytes.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        if head[0] != VERSION {
            return None;
        }
        let count = number(&head[1..]);
        let (table, rest) = rest.split_at_checked(count.checked_mul(PAIR)?)?;
        let (table, _) = table.as_chunks::<PAIR>();
        let last = table.last()?;
        let (suffixes, values) = rest.split_at_checked(number(last))?;
        (values.len() == number(&last[4..])).then_some(Self { table, suffixes, values })
    }

    /// Pairs in it; at least one.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// A pair, by its place; `None` if the block ends before it or is damaged there.
    pub(super) fn pair(&self, at: usize) -> Option<(&'a [u8], &'a [u8])> {
        let end = self.table.get(at)?;
        let begin = at.checked_sub(1).map_or([0; PAIR], |before| self.table[before]);
        let suffix = self.suffixes.get(number(&begin)..number(end))?;
        let value = self.values.get(number(&begin[4..])..number(&end[4..]))?;
        Some((suffix, value))
    }

    /// The place of a suffix, or the one it would have.
    pub(super) fn find(&self, suffix: &[u8]) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.pair(middle).map_or(&[][..], |pair| pair.0).cmp(suffix) {
                Ordering::Equal => return Ok(middle),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// The value of a suffix.
    pub(super) fn value(&self, suffix: &[u8]) -> Option<&'a [u8]> {
        self.pair(self.find(suffix).ok()?).map(|pair| pair.1)
    }
}

/// A suffix with its value.
pub(super) type Pair<'a> = (&'a [u8], &'a [u8]);

/// What putting pairs into a block made of it.
pub(super) struct Woven {
    /// The blocks, each with the suffix of its first key.
    pub(super) blocks: Vec<(Vec<u8>, Vec<u8>)>,
    /// A pair that stood in the old block now stands in another one: whoever reads both, one after
    /// the other, must not have one from before and one from after.
    pub(super) moved: bool,
}

/// Puts pairs, suffixes ascending, into a block, or into the place where none is. `None` if the old
/// block is damaged.
pub(super) fn weave(old: Option<Block<'_>>, puts: &[Pair<'_>]) -> Option<Woven> {
    let mut pairs = Vec::with_capacity(puts.len() + old.map_or(0, |old| old.len()));
    if let Some(old) = old {
        let (last, _) = old.pair(old.len() - 1)?;
        // What is appended begins a block: what was synced is not written anew for its sake.
        if puts.first().is_none_or(|put| put.0 <= last) {
            for at in 0..old.len() {
                pairs.push(old.pair(at)?);
            }
        }
    }
    let old_last = pairs.last().map(|pair| pair.0);
    merge(&mut pairs, puts);
    let blocks = pack(&pairs);
    let begins = blocks.get(1).map(|(first, _)| &first[..]);
    let moved = begins.is_some_and(|begins| old_last.is_some_and(|last| last >= begins));
    Some(Woven { blocks, moved })
}

fn merge<'a>(pairs: &mut Vec<Pair<'a>>, puts: &[Pair<'a>]) {
    if pairs.last().is_none_or(|last| puts.first().is_none_or(|put| put.0 > last.0)) {
        pairs.extend_from_slice(puts);
        return;
    }
    for put in puts {
        match pairs.binary_search_by(|pair| pair.0.cmp(put.0)) {
            Ok(at) => pairs[at] = *put,
            Err(at) => pairs.insert(at, *put),
        }
    }
}

fn len_of(pair: &Pair<'_>) -> usize {
    PAIR + pair.0.len() + pair.1.len()
}

/// Packs pairs into as few blocks as may be, of about the same size.
fn pack(pairs: &[Pair<'_>]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let total: usize = pairs.iter().map(len_of).sum();
    let target = total / total.div_ceil(FULL).max(1);
    let mut blocks = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (at, pair) in pairs.iter().enumerate() {
        bytes += len_of(pair);
        if bytes >= target || at + 1 == pairs.len() {
            let these = &pairs[begin..=at];
            blocks.push((these[0].0.to_vec(), encode(these, bytes)));
            (begin, bytes) = (at + 1, 0);
        }
    }
    blocks
}

fn encode(pairs: &[Pair<'_>], bytes: usize) -> Vec<u8> {
    let small = |len: usize| u32::try_from(len).expect("a block is far below 4 GiB");
    let mut out = Vec::with_capacity(HEAD + bytes);
    out.push(VERSION);
    out.extend_from_slice(&small(pairs.len()).to_le_bytes());
    let (mut suffix_end, mut value_end) = (0, 0);
    for (suffix, value) in pairs {
        suffix_end += suffix.len();
        value_end += value.len();
        out.extend_from_slice(&small(suffix_end).to_le_bytes());
        out.extend_from_slice(&small(value_end).to_le_bytes());
    }
    for (suffix, _) in pairs {
        out.extend_from_slice(suffix);
    }
    for (_, value) in pairs {
        out.extend_from_slice(value);
    }
    out
}

#[cfg(test)]
mod tests;
