//! Messages under way, and what came of those that are done.

use std::future::Future;
use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use wardroom_client::{Client, Error, Written};

use super::error::ImportError;
use super::row::Row;
use super::summary::Summary;

type Answer = Pin<Box<dyn Future<Output = (u64, Result<Written, Error>)> + Send>>;

/// Bounded by the caller, who posts only while fewer than the outbox's size are under way.
#[derive(Default)]
pub(super) struct Posting {
    answers: FuturesUnordered<Answer>,
    added: u64,
    already: u64,
    untitled: u64,
}

impl Posting {
    pub(super) fn under_way(&self) -> usize {
        self.answers.len()
    }

    /// Queues a row. The client keeps the order per room and has up to 48 in flight.
    pub(super) fn post(&mut self, client: &Client, line: u64, row: Row) {
        self.untitled += u64::from(row.untitled);
        let sending = client.post(row.into_post());
        self.answers.push(Box::pin(async move { (line, sending.await) }));
    }

    /// Takes one answer. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<(), ImportError> {
        match self.answers.next().await {
            None => Ok(()),
            Some((_, Ok(written))) => {
                if written.duplicate {
                    self.already += 1;
                } else {
                    self.added += 1;
                }
                Ok(())
            }
            Some((line, Err(error))) => Err(ImportError::Refused { line, error: Box::new(error) }),
        }
    }

    pub(super) fn summary(&self, rooms: usize) -> Summary {
        Summary {
            rooms,
            added: self.added,
            already: self.already,
            untitled: self.untitled,
            took: std::time::Duration::ZERO,
        }
    }
}
