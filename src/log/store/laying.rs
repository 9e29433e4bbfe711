//! How puts are laid into the engine, which is where most of what it writes can be saved.
//!
//! sled adds to a node by writing what is put in, but a node of 17 keys is written anew, in halves, with
//! all that stands under them. Logs grow at their ends: each block would be written when it is put in, once
//! more in the right half of a node and once more in the left one. What those leave behind makes the engine
//! move the rest. Measured: 3.8 bytes for each byte. So
//!
//! - **keys come first, bare**: where many blocks are to come, their keys are put in with nothing under
//!   them. Nodes are split while they are small; then each block is written once;
//! - **the end of a log is fenced**: the right half of its last node is eight bare keys that nothing
//!   follows. Without them it is what comes after the log, the next one's first blocks, over and over.
//!
//! With both, 1.8 bytes for each byte. A bare key is a block with nothing in it: where a process ended
//! between the two it stays, and is filled when the journal is replayed.

use super::block::{Block, Pair, stem, weave};

/// Of the 17 keys at which the engine splits a node, so many go to the right.
const FENCES: usize = 8;
/// What the fences of a log end with: more than any suffix of ours.
const FENCE: [u8; 32] = [u8::MAX; 32];
/// So many blocks at once have their keys put in first. Each costs the engine one more step.
const MANY: usize = 4;

/// The block that holds a key, if any does: its own key and itself.
pub(super) fn block_of(
    db: &sled::Db,
    key: &[u8],
) -> sled::Result<Option<(sled::IVec, sled::IVec)>> {
    let stem = stem(key);
    db.range(stem..=key).next_back().transpose()
}

/// What to say of a block whose bytes are not those of one.
pub(super) fn damaged() -> sled::Error {
    sled::Error::ReportableBug("a block of keys does not parse".to_owned())
}

/// A block as it stands in the engine; `None` under a bare key.
pub(super) fn read(bytes: &[u8]) -> sled::Result<Option<Block<'_>>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    Block::read(bytes).map(Some).ok_or_else(damaged)
}

/// What a batch of puts comes to, in the order in which it is to be done.
#[derive(Default)]
pub(super) struct Layout {
    /// Keys that are put in bare.
    bare: Vec<Vec<u8>>,
    /// Blocks behind all that their place held.
    grown: Vec<(Vec<u8>, Vec<u8>)>,
    /// Blocks in place of others; all at once.
    changed: sled::Batch,
    /// A pair stands in another block afterwards: whoever reads both, one after the other, must not have
    /// one from before and one from after.
    moved: bool,
}

impl Layout {
    /// Weaves puts of one stem, ascending, into the blocks they belong to.
    pub(super) fn put(
        &mut self,
        db: &sled::Db,
        stem: &[u8],
        puts: &[Pair<'_>],
    ) -> sled::Result<()> {
        let key = |suffix: &[u8]| [stem, suffix].concat();
        let mut rest = puts;
        while let Some(first) = rest.first() {
            let first = key(first.0);
            let old = block_of(db, &first)?;
            // The first put goes there; so do all before the next block's first key.
            let behind = old.as_ref().map_or(&first[..], |(begin, _)| begin);
            let next = db.get_gt(behind)?.filter(|(next, _)| next.starts_with(stem));
            let begins = next.as_ref().map(|(next, _)| &next[stem.len()..]);
            let these = begins.map_or(rest.len(), |next| rest.partition_point(|put| put.0 < next));
            let (here, others) = rest.split_at(these);
            let block = match &old {
                Some((_, bytes)) => read(bytes)?,
                None => None,
            };
            let last = block.and_then(|block| block.pair(block.len() - 1)).map(|pair| pair.0);
            let woven = weave(block, here).ok_or_else(damaged)?;
            self.moved |= woven.moved;
            let many = woven.blocks.len() >= MANY;
            if begins.is_none()
                && (many || db.range(stem..&first[..]).take(FENCES).count() == FENCES)
            {
                let fence = |at| key(&[&FENCE[..], &FENCE[..at]].concat());
                self.bare.extend((0..FENCES).map(fence));
            }
            for (suffix, bytes) in woven.blocks {
                let key = key(&suffix);
                if last.is_some_and(|last| &suffix[..] <= last) {
                    self.changed.insert(key, bytes);
                    continue;
                }
                let stands = old.as_ref().is_some_and(|(begin, _)| *begin == key);
                if many && !stands {
                    self.bare.push(key.clone());
                }
                self.grown.push((key, bytes));
            }
            rest = others;
        }
        Ok(())
    }

    /// Does it. `alone` is called before pairs move, if they do, and what it gives is held until they have.
    pub(super) fn apply<Held>(
        self,
        db: &sled::Db,
        alone: impl FnOnce() -> Held,
    ) -> sled::Result<()> {
        for key in self.bare {
            db.insert(key, &[])?;
        }
        for (key, block) in self.grown {
            db.insert(key, block)?;
        }
        // The engine shows a batch's keys one by one.
        let _alone = self.moved.then(alone);
        db.apply_batch(self.changed)
    }
}

#[cfg(test)]
mod tests;
