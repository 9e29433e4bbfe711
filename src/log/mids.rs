//! The mid index of one log, in its actor's hands: a fresh mid costs no disk.
//!
//! Rows that the store lacks are exact in memory. Older mids sit in bloom filters of about ten bits
//! each, and each filter knows the lowest and the highest it holds. Mids of version 7 begin with the time
//! they were minted at, so a fresh one lies above what filters hold and is not looked for there; those of
//! other versions, which lie anywhere, are kept apart so that they stretch none of these. Of mids minted by
//! chance or by a clock that is wrong, a few in a hundred ask the store for nothing. None is ever missed.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};

use fastbloom::BloomFilter;
use wardroom_protocol::ids::Mid;

use super::bytes_in::{Cut, Cutter};
use crate::domain::Row;

const BITS_PER_MID: usize = 10;
/// Mids in the first filter; each further one holds twice as many.
const FIRST_FILTER: usize = 1024;

/// Changes settled at one call: more than one entry makes, so that none pile up.
const SETTLED_AT_ONCE: usize = 4;

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
    /// Random, so that nobody can mint mids that all look known.
    seed: [u8; 16],
    holds: usize,
    full: usize,
    lowest: Mid,
    highest: Mid,
}

impl Filter {
    fn new(bits: Vec<u64>, seed: [u8; 16], full: usize, holds: usize, span: (Mid, Mid)) -> Self {
        let bits =
            BloomFilter::from_vec(bits).seed(&u128::from_le_bytes(seed)).expected_items(full);
        Self { bits, seed, holds, full, lowest: span.0, highest: span.1 }
    }

    fn insert(&mut self, mid: Mid) {
        self.bits.insert(mid.as_bytes());
        self.holds += 1;
        self.lowest = self.lowest.min(mid);
        self.highest = self.highest.max(mid);
    }

    fn may_hold(&self, mid: &Mid) -> bool {
        (self.lowest..=self.highest).contains(mid) && self.bits.contains(mid.as_bytes())
    }

    /// Words of 64 bits in a filter for that many mids.
    fn words(full: usize) -> usize {
        (full * BITS_PER_MID).div_ceil(64)
    }
}

/// Filters of mids of one kind, each twice as large as the one before.
#[derive(Default)]
struct Filters(Vec<Filter>);

impl Filters {
    fn may_hold(&self, mid: &Mid) -> bool {
        self.0.iter().any(|filter| filter.may_hold(mid))
    }

    fn insert(&mut self, mid: Mid) {
        if self.0.last().is_none_or(|filter| filter.holds >= filter.full) {
            let full = FIRST_FILTER << self.0.len();
            let mut seed = [0; 16];
            getrandom::fill(&mut seed).expect("the operating system gives random bytes");
            let bits = vec![0; Filter::words(full)];
            self.0.push(Filter::new(bits, seed, full, 0, (mid, mid)));
        }
        if let Some(filter) = self.0.last_mut() {
            filter.insert(mid);
        }
    }

    fn holds(&self) -> usize {
        self.0.iter().map(|filter| filter.holds).sum()
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&count(self.0.len()).to_le_bytes());
        for filter in &self.0 {
            out.extend_from_slice(&filter.seed);
            out.extend_from_slice(&count(filter.holds).to_le_bytes());
            out.extend_from_slice(filter.lowest.as_bytes());
            out.extend_from_slice(filter.highest.as_bytes());
            for word in filter.bits.as_slice() {
                out.extend_from_slice(&word.to_le_bytes());
            }
        }
    }

    fn parse(cut: &mut Cutter<'_>) -> Result<Option<Self>, Cut> {
        let mut this = Self::default();
        for number in 0..cut.u32()? {
            // The first one holds a thousand: the twentieth more mids than any log has.
            if number >= 20 {
                return Ok(None);
            }
            let full = FIRST_FILTER << number;
            let seed = cut.array()?;
            let holds = usize::try_from(cut.u32()?).map_err(|_| Cut)?;
            let lowest = Mid::from_bytes(cut.array()?);
            let (Ok(lowest), Ok(highest)) = (lowest, Mid::from_bytes(cut.array()?)) else {
                return Ok(None);
            };
            let bits = cut.take(Filter::words(full) * 8)?;
            let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
            let bits = bits.chunks(8).map(word).collect();
            this.0.push(Filter::new(bits, seed, full, holds, (lowest, highest)));
        }
        Ok(Some(this))
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("a log has fewer than 4 G mids")
}

/// A row as an entry made it.
struct Change {
    seq: u64,
    mid: Mid,
    row: Row,
}

/// See the module. Not shared: one per log.
#[derive(Default)]
pub struct MidIndex {
    /// The number of each one's last change.
    exact: HashMap<Mid, u64>,
    /// The changes in their order, which is the order in which they leave; a row changed twice stands here
    /// twice. Apart from the map, so that this stays small.
    changes: VecDeque<Change>,
    /// The number of the first of them.
    first: u64,
    /// Of mids that begin with the time.
    by_time: Filters,
    /// Of all others: derived ones, as every founding has, and those minted by chance.
    by_chance: Filters,
}

impl std::fmt::Debug for MidIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let older = self.by_time.holds() + self.by_chance.holds();
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
        self.exact.insert(mid, self.first + self.changes.len() as u64);
        self.changes.push_back(Change { seq: seq_of_change, mid, row });
    }

    /// The store has everything up to this seq: rows last changed there or before leave the exact
    /// part and stay in the filters, a few at each call. The store tells of tens of thousands at once, and
    /// whoever came next would wait for all of them.
    pub fn settle(&mut self, stored: u64) {
        for _ in 0..SETTLED_AT_ONCE {
            let settled = self.changes.pop_front_if(|change| change.seq <= stored);
            let Some(Change { mid, .. }) = settled else {
                return;
            };
            let number = self.first;
            self.first += 1;
            // One that changed again leaves with its last change.
            if let Entry::Occupied(last) = self.exact.entry(mid)
                && *last.get() == number
            {
                last.remove();
                self.seed(mid);
            }
        }
    }

    /// What is known of a mid.
    #[must_use]
    pub fn find(&self, mid: &Mid) -> Found {
        if let Some(number) = self.exact.get(mid) {
            let change =
                usize::try_from(number - self.first).ok().and_then(|at| self.changes.get(at));
            return change.map_or(Found::AskStore, |change| Found::Row(change.row.clone()));
        }
        if self.may_be_older(mid) { Found::AskStore } else { Found::Absent }
    }

    /// Takes in a mid that the store has; used for every entry when a log opens.
    pub fn seed(&mut self, mid: Mid) {
        if self.may_be_older(&mid) {
            // It, or its bits, are there already: it will be asked about either way.
            return;
        }
        let filters = if mid.begins_with_time() { &mut self.by_time } else { &mut self.by_chance };
        filters.insert(mid);
    }

    /// All mids as bytes, for a snapshot: about ten bits each.
    ///
    /// ```text
    /// twice, for mids that begin with the time and for all others:
    ///   4 count of filters, smallest first; each: 16 seed, 4 mids in it, 16 the lowest, 16 the highest, its bits
    /// 4 count of mids that are in none; each: 16
    /// ```
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.by_time.encode(&mut out);
        self.by_chance.encode(&mut out);
        out.extend_from_slice(&count(self.exact.len()).to_le_bytes());
        let mut exact: Vec<&Mid> = self.exact.keys().collect();
        exact.sort_unstable();
        for mid in exact {
            out.extend_from_slice(mid.as_bytes());
        }
        out
    }

    /// An index that knows the mids in these bytes, all of them as older ones: the store has them by
    /// the time a log is opened. `None` if the bytes are no index.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        Self::parse(&mut Cutter::new(bytes)).ok().flatten()
    }

    fn parse(cut: &mut Cutter<'_>) -> Result<Option<Self>, Cut> {
        let (Some(by_time), Some(by_chance)) = (Filters::parse(cut)?, Filters::parse(cut)?) else {
            return Ok(None);
        };
        let mut this = Self { by_time, by_chance, ..Self::default() };
        for _ in 0..cut.u32()? {
            match Mid::from_bytes(cut.array()?) {
                Ok(mid) => this.seed(mid),
                Err(_) => return Ok(None),
            }
        }
        Ok(cut.is_done().then_some(this))
    }

    fn may_be_older(&self, mid: &Mid) -> bool {
        let filters = if mid.begins_with_time() { &self.by_time } else { &self.by_chance };
        filters.may_hold(mid)
    }
}
