//! What a reader behind the tail lacks: read from the log by its own connection's task, piece by piece.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use wardroom_protocol::code::CloseCode;

use super::connection::Connection;
use crate::delivery::{Batch, BatchError, Need, PIECE, read_after};

/// How long it waits when the read threads have too much to do.
const BUSY: Duration = Duration::from_millis(20);

/// A piece on its way, and what asked for it.
pub(super) type Fetch = Pin<Box<dyn Future<Output = (Need, Result<Batch, BatchError>)> + Send>>;

impl Connection {
    pub(super) fn read_log(&self, need: Need) -> Fetch {
        let services = Arc::clone(&self.services);
        Box::pin(async move {
            let (log, keys) = (&services.log, &services.keys);
            let batch = read_after(&need.channel, log, keys, need.after, PIECE).await;
            if matches!(batch, Err(BatchError::Ask(_))) {
                // The read threads are busy: this reader waits its turn, then asks again.
                tokio::time::sleep(BUSY).await;
            }
            (need, batch)
        })
    }

    pub(super) fn fetched(&mut self, need: &Need, batch: Result<Batch, BatchError>) {
        match batch {
            Ok(batch) => self.gate.fill(need, batch),
            Err(BatchError::Ask(_)) => {}
            Err(error) => {
                tracing::error!(
                    connection = self.id, log = %need.channel.log(), error = %error,
                    "a log could not be read for a connection",
                );
                self.close(CloseCode::ServerError);
            }
        }
    }
}
