//! The bus: where entries get their order.
//!
//! One node orders by itself ([`Local`]): a counter per log, held by the log's actor, so ordering
//! happens inside the call and there are never proposals in flight.

mod local;

pub use local::{Local, Ordered, Tip};

/// Where order comes from.
#[derive(Clone, Debug)]
pub enum Bus {
    /// This node alone.
    Local(Local),
}

impl Bus {
    /// Wall time, unix milliseconds. The only clock that entries know.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        match self {
            Self::Local(local) => local.now_ms(),
        }
    }

    /// Gives the next entry of a log its place.
    #[must_use]
    pub fn order(&self, tip: &Tip, counts: bool) -> Ordered {
        match self {
            Self::Local(local) => local.order(tip, counts),
        }
    }
}
