//! The durable log: records, the journal that makes them safe, the store they are read from, and
//! the recovery of each from the other (K8).
//!
//! It owns everything below the data directory except `keys/`. It never decides, orders or folds:
//! rooms do, and hand over records that already have their place. It never opens words.
//!
//! An entry's way: [`Log::append`] puts it into a bounded queue; the journal thread writes all that
//! waits as one group, syncs once, overwrites the words that the group erases, and raises
//! [`Progress::synced`]; the store thread puts the group into the store and raises
//! [`Progress::stored`]; two read threads serve [`Log::ask`]. A caretaker checks old entries slowly and
//! moves closed segments to the archive.
//!
//! ```text
//! DIR/LOCK              held by the process that has the log open
//! DIR/journal/*.seg     segments: the first copy, and what the store is rebuilt from
//! ARCHIVE/*.seg         closed segments moved there, if so configured; links in journal/ point to them
//! DIR/store/CURRENT     names the generation in use; gen-NNNNNNNN/ is a sled directory
//! DIR/store.mark        up to which group the store is known to be on the platter
//! DIR/epoch.floor       where entries were lost: the epoch that the logs concerned open next, or above it
//! DIR/snapshots/        folded states, one for a log: a cache, never truth
//! DIR/noted.mark        up to where what follows from a log's entries elsewhere is surely written
//! ```

#![allow(
    clippy::similar_names,
    reason = "a shelf beside self, first beside last: these words say what they mean"
)]

mod archive;
mod admission;
mod backup;
mod build;
mod bytes_in;
mod caretaker;
pub mod disk;
mod finding;
mod floors;
mod gauge;
mod handle;
mod in_memory;
mod journal;
mod journal_thread;
mod mend;
mod mids;
mod noted;
mod options;
mod ordinals;
mod overlay;
mod plain;
mod pour;
mod progress;
mod read_ahead;
mod read_threads;
mod reader;
pub mod record;
mod recovery;
mod scrub;
mod slice;
mod snapshot;
mod snapshots;
mod store;
mod store_thread;
mod survey;
#[cfg(test)]
mod synthetic;
mod verify;
mod wounds;

pub(crate) use bytes_in::{Cut, Cutter};

pub use admission::{Admitted, Unavailable};
pub use finding::{Done, Finding, Hole, OpenError, Recovery, Where};
pub use floors::Floors;
pub use gauge::{Failure, Health};
pub use handle::{AskError, Log};
pub use mids::{Found, MidIndex};
pub use noted::Noted;
pub use options::Options;
pub use plain::Plain;
pub use progress::Progress;
pub use reader::Reader;
pub use record::EncodedHeader;
pub use scrub::{ScrubReport, Stats, scrub, stats};
pub use slice::{Budget, Head, ReadError, Slice};
pub use snapshot::Snapshot;
pub use store::ShelfError;
pub use verify::{VerifyReport, verify};
