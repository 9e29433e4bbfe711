//! Reading what nothing has happened to, as fast as it goes: a replay reads whole logs.
//!
//! Nearly every entry lies in the store whole and dense. Such entries are shown as they lie, with
//! nothing copied out of them. At the first that is not so this ends, and [`Reader::forward`], which
//! knows the journal, redactions and holes, has its turn.

use std::ops::ControlFlow;
use std::sync::Arc;

use wardroom_protocol::ids::{LogName, PrincipalId};

use super::read_ahead::Ahead;
use super::reader::{Reader, bounds};
use super::record::{Fields, Proven};
use super::slice::Budget;
use super::store::seq_of;
use crate::entry::Outline;
use crate::seal::SealedWords;

/// A record as it lies in the store. Its header is proven; its words are proven by opening them.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// What readers see of the header.
    pub outline: Outline<'a>,
    /// The words; empty if it has none.
    pub words: SealedWords<'a>,
}

impl<'a> Plain<'a> {
    /// The record in these bytes, if it is the one asked for.
    fn read(log: &LogName, seq: u64, bytes: &'a [u8]) -> Option<Self> {
        let proven = Proven::cut(bytes).ok()?;
        let fields = Fields::cut(proven.header).ok()?;
        let outline = fields.outline;
        let asked = outline.log == log.as_str() && outline.position.seq == seq;
        let bytes = proven.rest.get(..fields.words_len as usize)?;
        let words = SealedWords { key: fields.key, nonce: fields.nonce, bytes };
        (asked && PrincipalId::allows(outline.by)).then_some(Self { outline, words })
    }
}

impl Reader {
    /// Shows the entries with `after` < seq ≤ `upto` one after another for as long as they are dense,
    /// their headers are whole, they are not being erased, and `show` says that it could use them.
    /// Returns whether all was shown that the budget allows; what was not is for [`Self::forward`] to
    /// judge.
    pub fn plain(
        &self,
        log: &LogName,
        after: u64,
        upto: u64,
        budget: Budget,
        show: &mut dyn FnMut(&Plain<'_>) -> bool,
    ) -> bool {
        // Copied out first, into one buffer: the engine is not to be held up, and a panic under it
        // would be taken for its own.
        let mut bytes = Vec::with_capacity(budget.bytes + budget.bytes / 8);
        let mut ends = Vec::new();
        let mut cut = false;
        let (from, to) = bounds(log, after.saturating_add(1), upto);
        let watch = self.overlay.watch(log);
        let visited = self.shelf.visit(&from, &to, false, &mut |key, value| {
            cut = !bytes.is_empty() && bytes.len() + value.len() > budget.bytes;
            if cut {
                return ControlFlow::Break(());
            }
            bytes.extend_from_slice(value);
            ends.push((seq_of(key), bytes.len()));
            cut = ends.len() >= budget.entries;
            if cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if visited.is_err() {
            return false;
        }
        if cut
            && let Some(ahead) = &self.ahead
            && let Some(&(last, _)) = ends.last()
        {
            // Whoever reads so much reads on, and what is read now is yet to be opened and rendered.
            let (from, to) = bounds(log, last + 1, upto);
            let _ = ahead.try_send(Ahead { shelf: Arc::clone(&self.shelf), from, to, budget });
        }
        let mut begin = 0;
        let mut expected = after;
        for (seq, end) in ends {
            expected += 1;
            let shown = seq == expected
                && !watch.erases(seq)
                && Plain::read(log, seq, &bytes[begin..end]).is_some_and(|plain| show(&plain));
            if !shown {
                return false;
            }
            begin = end;
        }
        cut || expected >= upto
    }
}
