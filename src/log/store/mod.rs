//! The store behind the journal: indexed, read from, and always made anew from the journal if need be.
//!
//! Behind one narrow interface, [`Shelf`], stand sled and the in-memory twin. Only the store thread
//! writes; read threads read. It never acknowledges anything: the journal does.
//!
//! One tree, whose neighbouring keys lie side by side in [blocks](block), [laid](laying) so that the engine
//! writes them once. Keys: `e` log 0 seq → record; `m` log 0 mid → row; `t` log 0 topic seq → nothing; the
//! single letters `a` (newest group applied), `r` (unix second of the first erasure since this generation
//! was built). Numbers in keys are big-endian, so that they sort.
//!
//! A [seal] says whether what lies there is what was left there.

mod block;
mod generation;
mod index;
mod keys;
mod laying;
mod mark;
mod memory;
mod puts;
mod row;
mod seal;
mod shelf;
mod sled;

pub(super) use self::sled::SledShelf;
pub(super) use generation::{Generations, Opened};
pub(super) use index::{Batch, Staged, newest_of, number};
pub(super) use keys::{
    APPLIED, ERASED_SINCE, end_of, entry_key, log_of, log_prefix, row_key, seq_of, topic_prefix,
};
pub(super) use mark::{Mark, MarkFile};
pub(super) use memory::MemoryShelf;
#[cfg(test)]
pub(super) use puts::Puts;
pub(super) use row::decode as decode_row;
pub(super) use seal::Left;
pub use shelf::ShelfError;
pub(super) use shelf::{Shelf, chunk, piece};
