//! The narrow interface behind which the store keeps its keys.

use std::ops::ControlFlow;

use bytes::Bytes;

use super::puts::Puts;

/// Why the store did not answer. It says nothing of what is kept there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store failed to {action}: {why}")]
pub struct ShelfError {
    /// What was tried.
    pub action: &'static str,
    /// What the engine said.
    pub why: String,
}

/// Looks at a key and its value and says whether to go on.
pub(in crate::log) type Visitor<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// A sorted map of bytes that outlives the process, or not.
pub(in crate::log) trait Shelf: Send + Sync {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, ShelfError>;
    /// Visits keys from `from` up to and without `to`, or the other way round, until told to stop.
    /// The visitor must not panic: a panic below it is taken for the engine's.
    fn visit(
        &self,
        from: &[u8],
        to: &[u8],
        backward: bool,
        visitor: Visitor<'_>,
    ) -> Result<(), ShelfError>;
    /// Puts all of it, or fails, and then it is made anew. Where the process ended meanwhile, keys that are
    /// new may stand already; what stood there before is changed all at once or not at all, and after them.
    fn apply(&self, puts: Puts) -> Result<(), ShelfError>;
    /// Brings everything applied to the platter.
    fn sync(&self) -> Result<(), ShelfError>;
    /// Gives back what it keeps in memory beyond what it was told to. To be called now and then.
    fn tidy(&self) -> Result<(), ShelfError>;
}

/// Keys with their values.
pub(in crate::log) type Pairs = Vec<(Vec<u8>, Bytes)>;

/// Keys and values of one range, a bounded piece at a time, so that whoever looks at them does it
/// outside the engine.
pub(in crate::log) fn chunk(
    shelf: &dyn Shelf,
    from: &[u8],
    to: &[u8],
    backward: bool,
    entries: usize,
    bytes: usize,
) -> Result<Pairs, ShelfError> {
    Ok(piece(shelf, from, to, backward, entries, bytes)?.0)
}

/// The same, and whether the budget ended it: then what lies beyond was not looked at, and nothing
/// may be said of it.
pub(in crate::log) fn piece(
    shelf: &dyn Shelf,
    from: &[u8],
    to: &[u8],
    backward: bool,
    entries: usize,
    bytes: usize,
) -> Result<(Pairs, bool), ShelfError> {
    let mut found = Vec::new();
    let (mut taken, mut cut) = (0, entries == 0);
    if cut {
        return Ok((found, cut));
    }
    shelf.visit(from, to, backward, &mut |key, value| {
        taken += value.len();
        cut = !found.is_empty() && taken > bytes;
        if cut {
            return ControlFlow::Break(());
        }
        found.push((key.to_vec(), Bytes::copy_from_slice(value)));
        cut = found.len() >= entries;
        if cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok((found, cut))
}
