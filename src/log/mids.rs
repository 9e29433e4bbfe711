//! The mid index of one log, in its actor's hands: a fresh mid costs no disk.
//!
//! Rows that the store lacks are exact in memory. Older mids sit in bloom filters of about ten bits
//! each, so a few fresh mids in a hundred ask the store for nothing; none is ever missed.

use std::collections::{HashMap, VecDeque};

use fastbloom::BloomFilter;
use wardroom_protocol::ids::Mid;

use crate::domain::Row;

const BITS_PER_MID: usize = 10;
/// Mids in the first filter; each further one holds twice as many.
const FIRST_FILTER: usize = 1024;

/// What memory knows of a mid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Its row, exact.
    Row(Row),
    /// This log does not hold it.
    Absent,
    /// Perhaps: [`super::Reader::row`] knows.
    AskStore,
}

struct Filter {
    bits: BloomFilter,
    holds: usize,
    full: usize,
}

/// See the module. Not shared: one per log.
#[derive(Default)]
pub struct MidIndex {
    /// Each with the seq of its last change.
    exact: HashMap<Mid, (Row, u64)>,
    /// The same in order of change; a row changed twice stands here twice.
    changes: VecDeque<(u64, Mid)>,
    filters: Vec<Filter>,
}

impl std::fmt::Debug for MidIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let older: usize = self.filters.iter().map(|filter| filter.holds).sum();
        write!(f, "MidIndex({} exact, {older} older)", self.exact.len())
    }
}

impl MidIndex {
    /// The index of an empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a row that the entry with this seq made or changed. Seqs come in order.
    pub fn note(&mut self, mid: Mid, row: Row, seq_of_change: u64) {
        self.exact.insert(mid, (row, seq_of_change));
        self.changes.push_back((seq_of_change, mid));
    }

    /// The store has everything up to this seq: rows last changed there or before leave the exact
    /// part and stay in the filters.
    pub fn settle(&mut self, stored: u64) {
        while let Some(&(seq, mid)) = self.changes.front() {
            if seq > stored {
                break;
            }
            self.changes.pop_front();
            if self.exact.get(&mid).is_some_and(|(_, last)| *last <= stored) {
                self.exact.remove(&mid);
                self.seed(mid);
            }
        }
    }

    /// What is known of a mid.
    #[must_use]
    pub fn find(&self, mid: &Mid) -> Found {
        if let Some((row, _)) = self.exact.get(mid) {
            return Found::Row(row.clone());
        }
        if self.may_be_older(mid) { Found::AskStore } else { Found::Absent }
    }

    /// Takes in a mid that the store has; used for every entry when a log opens.
    pub fn seed(&mut self, mid: Mid) {
        if self.may_be_older(&mid) {
            // It, or its bits, are there already: it will be asked about either way.
            return;
        }
        if self.filters.last().is_none_or(|filter| filter.holds >= filter.full) {
            let full = FIRST_FILTER << self.filters.len();
            let mut seed = [0; 16];
            getrandom::fill(&mut seed).expect("the operating system gives random bytes");
            self.filters.push(Filter {
                // Seeded, so that nobody can mint mids that all look known.
                bits: BloomFilter::with_num_bits(full * BITS_PER_MID)
                    .seed(&u128::from_le_bytes(seed))
                    .expected_items(full),
                holds: 0,
                full,
            });
        }
        if let Some(filter) = self.filters.last_mut() {
            filter.bits.insert(mid.as_bytes());
            filter.holds += 1;
        }
    }

    fn may_be_older(&self, mid: &Mid) -> bool {
        self.filters.iter().any(|filter| filter.bits.contains(mid.as_bytes()))
    }
}
