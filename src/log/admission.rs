//! A record's way into the journal's queue: admitted when there is room, handed over with what else
//! came meanwhile.

use std::sync::Arc;
use std::sync::mpsc::TrySendError;
use std::time::Instant;

use super::handle::Log;
use super::journal::Item;
use super::journal_thread::Order;
use super::progress::Progress;
use super::record::{self, EncodedHeader};
use crate::domain::Event;
use crate::entry::Record;

/// A record that has room in the journal's queue.
#[derive(Debug)]
pub struct Admitted(Item);

/// Why a record was not taken. Nothing of it was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// The queue is full; try again in a moment.
    #[error("the journal's queue is full; try again in a moment")]
    Overloaded,
    /// The journal failed; this process takes no more records.
    #[error("the journal failed and takes nothing more until the server is restarted")]
    Failed,
    /// The log is closed.
    #[error("the log is closed")]
    Closed,
    /// The record is larger than the log keeps.
    #[error("the record has {0} bytes; the log keeps at most {limit}", limit = record::LARGEST)]
    TooLarge(usize),
    /// The words are not as long as the header says.
    #[error("the record's words are not as long as its header says")]
    Malformed,
}

impl Log {
    /// Takes one record that has its place, and room for it in the journal's queue. Never waits;
    /// after an error nothing was taken. What is admitted is to be handed over soon, each log's
    /// records in order. `event` is what its facts say, if that is at hand.
    pub fn admit(
        &self,
        record: Arc<Record>,
        header: EncodedHeader,
        event: Option<Event>,
        progress: &Arc<Progress>,
    ) -> Result<Admitted, Unavailable> {
        let gauge = &self.shared.gauge;
        if gauge.is_closed() {
            return Err(Unavailable::Closed);
        }
        if gauge.journal_failed() {
            progress.fail();
            return Err(Unavailable::Failed);
        }
        if !record::fits(&record) {
            return Err(Unavailable::Malformed);
        }
        let progress = Arc::clone(progress);
        let item = Item { record, header, progress, event, queued: Instant::now() };
        let len = item.len();
        if len > record::LARGEST {
            return Err(Unavailable::TooLarge(len));
        }
        if !gauge.enter_queue(len as u64) {
            return Err(Unavailable::Overloaded);
        }
        Ok(Admitted(item))
    }

    /// Hands over what was admitted: it goes into one group if it can, so readers get it together.
    pub fn hand_over(&self, admitted: &mut Vec<Admitted>) {
        if admitted.is_empty() {
            return;
        }
        let items: Vec<Item> = admitted.drain(..).map(|Admitted(item)| item).collect();
        if self.shared.catalog.is_none() {
            return self.shared.keep_in_memory(items);
        }
        // There is room: the gauge admits no more records than the queue holds orders. The thread
        // may have ended since; then nobody knows what became of them.
        let sent = self.orders.try_send(Order::Append(items));
        if let Err(
            TrySendError::Full(Order::Append(items))
            | TrySendError::Disconnected(Order::Append(items)),
        ) = sent
        {
            for item in items {
                self.shared.gauge.leave_queue(1, item.len() as u64);
                item.progress.fail();
            }
        }
    }

    /// Gives back the room of what was admitted and is not to be handed over.
    pub fn give_back(&self, Admitted(item): Admitted) {
        self.shared.gauge.leave_queue(1, item.len() as u64);
    }

    /// Takes one record and hands it over at once.
    pub fn append(
        &self,
        record: Arc<Record>,
        header: EncodedHeader,
        progress: &Arc<Progress>,
    ) -> Result<(), Unavailable> {
        let admitted = self.admit(record, header, None, progress)?;
        self.hand_over(&mut vec![admitted]);
        Ok(())
    }
}
