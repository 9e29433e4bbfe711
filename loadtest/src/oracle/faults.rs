//! What must never happen, counted by kind, with the first few told in words.

use std::collections::BTreeMap;

use serde::Serialize;

/// Examples kept; more would drown the reader. The counts go on.
const EXAMPLES: usize = 20;

/// A kind of broken promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A reader did not get an entry, or was told of a gap.
    Gap,
    /// A reader got an entry twice.
    Duplicate,
    /// An entry came late or an author's order was not kept.
    Order,
    /// An entry of another log, or one that nobody said.
    Foreign,
    /// An acknowledged post is not where it was acknowledged.
    LostAck,
    /// A post has no answer after the run has settled.
    Unanswered,
    /// Two members hold different bytes, or other words than were said.
    Bytes,
    /// One mid stands twice.
    Doubled,
    /// A seq below the head that no reader ever got.
    Hole,
    /// A connection ended that nobody asked to. In a healthy run none does.
    Ended,
}

impl Fault {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::Gap,
        Self::Duplicate,
        Self::Order,
        Self::Foreign,
        Self::LostAck,
        Self::Unanswered,
        Self::Bytes,
        Self::Doubled,
        Self::Hole,
        Self::Ended,
    ];

    /// The kind in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gaps",
            Self::Duplicate => "duplicates",
            Self::Order => "order breaks",
            Self::Foreign => "foreign entries",
            Self::LostAck => "lost acks",
            Self::Unanswered => "unanswered",
            Self::Bytes => "byte mismatches",
            Self::Doubled => "doubled posts",
            Self::Hole => "holes",
            Self::Ended => "unasked ends",
        }
    }
}

/// What was found. Empty is what a run must be.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Faults {
    counts: BTreeMap<Fault, u64>,
    examples: Vec<String>,
}

impl Faults {
    pub(super) fn add(&mut self, kind: Fault, about: impl FnOnce() -> String) {
        self.add_many(kind, 1, about);
    }

    pub(super) fn add_many(&mut self, kind: Fault, count: u64, about: impl FnOnce() -> String) {
        *self.counts.entry(kind).or_default() += count;
        if self.examples.len() < EXAMPLES {
            self.examples.push(about());
        }
    }

    /// Connections ended that nobody asked to; how the first of them did.
    pub fn ended(&mut self, count: u64, first: &str) {
        self.add_many(Fault::Ended, count, || {
            format!("{count} connections ended unasked; the first: {first}")
        });
    }

    /// How often.
    #[must_use]
    pub fn count(&self, kind: Fault) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The first few, in words. They hold positions and mids, never what anybody wrote.
    #[must_use]
    pub fn examples(&self) -> &[String] {
        &self.examples
    }

    /// Takes in another run's findings.
    pub fn merge(&mut self, other: Self) {
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        let space = EXAMPLES - self.examples.len().min(EXAMPLES);
        self.examples.extend(other.examples.into_iter().take(space));
    }
}
