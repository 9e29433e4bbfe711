//! `history`: pages of a log, contiguous or naming their holes.

mod topic;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;
use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::history::{History, ReadHistory, SeqRange};
use wardroom_protocol::ids::{LogKind, LogName, TopicId};
use wardroom_protocol::limits;

use super::answer;
use super::reading::{may_read, oldest, page_size, readable};
use super::services::Services;
use super::work::Source;
use crate::delivery::{BatchError, Channel, Tail, frame, read_after};
use crate::domain::access::Principal;
use crate::domain::topic::Filing;
use crate::domain::{Line, Located, Refusal};
use crate::entry::render_record;
use crate::log::Budget;
use crate::room::{Fault, RoomHandle};

/// How long somebody waits at least for a page of which the store has nothing yet.
const LAGS: Duration = Duration::from_millis(250);

/// What a history page is made of before its entries are read.
struct Page {
    /// Entries with after < seq <= upto.
    after: u64,
    upto: u64,
    limit: usize,
    /// From the end of the range rather than from its beginning.
    newest: bool,
}

impl Page {
    /// What is asked of a log that is safe as far as its line goes.
    fn asked(body: &ReadHistory, line: &Line, limit: usize) -> Result<Self, WireError> {
        for (named, field) in [(body.after, "/d/after"), (body.before, "/d/before")] {
            if let Some(named) = named
                && let Located::Off(common) = line.locate(named)
            {
                let message = "this position is not on the log's line; go on from the common one";
                let mut error = WireError::new(ErrorCode::PositionUnknown, message).at(field);
                error.common = Some(common);
                return Err(error);
            }
        }
        let head = line.head().seq;
        match (body.after, body.before) {
            (Some(_), Some(_)) => {
                let message = "give after or before, not both";
                Err(WireError::new(ErrorCode::BadRequest, message).at("/d/before"))
            }
            (Some(after), None) => Ok(Self { after: after.seq, upto: head, limit, newest: false }),
            (None, before) => {
                let upto = before.map_or(head, |before| before.seq.saturating_sub(1));
                Ok(Self { after: 0, upto, limit, newest: true })
            }
        }
    }

    /// Whether more lies beyond what was read, in the direction read.
    fn leaves(&self, read: Option<SeqRange>) -> bool {
        match read {
            None => self.after < self.upto,
            Some(range) if self.newest => range.from > 1,
            Some(range) => range.to < self.upto,
        }
    }
}

/// Answers a page.
pub(super) async fn page(
    services: &Services,
    principal: &Principal,
    body: ReadHistory,
) -> Result<(History, Source), WireError> {
    let limit = page_size(body.limit, services.limits.history_page)?;
    let room = readable(services, principal, &body.room).await?;
    // As far as it is safe: what waits for its sync holds nobody up.
    let line = room.revealed(&body.room).await.map_err(answer::faulted)?.line;
    let position = line.head();
    let asked = Page::asked(&body, &line, limit)?;
    let channel = room.channel(&body.room).ok_or_else(|| answer::refused(&Refusal::UnknownRoom))?;
    let filing = match body.topic {
        Some(topic) => Some(filing(&room, &body.room, topic).await?),
        None => None,
    };
    if filing.is_some() {
        catch_up(services, channel, &asked).await;
    }
    // Before anything is read: what is erased from here on may be among it.
    let revealed = channel.tail().revealed();
    let source = Source { channel: Arc::clone(channel), revealed, hold: room.hold() };
    let read = match filing {
        Some(filing) => topic::page(services, channel, filing, &asked).await,
        None if asked.newest => before(services, channel, &asked).await,
        None => after(services, channel, &asked).await,
    };
    let read = read.map_err(|error| {
        tracing::error!(log = %body.room, error = %error, "a history page could not be read");
        answer::faulted(match error {
            BatchError::Ask(_) => Fault::Overloaded,
            BatchError::Read(_) | BatchError::Open(_) => Fault::LogUnavailable,
        })
    })?;
    // All this took its time, and somebody may have been taken out meanwhile.
    may_read(&room, principal, &body.room).await?;
    let entries = read.entries.iter().map(|text| {
        let text = String::from_utf8_lossy(text).into_owned();
        RawValue::from_string(text).expect("a rendered entry is JSON")
    });
    let page = History {
        entries: entries.collect(),
        range: read.range,
        holes: read.holes,
        position,
        first: oldest(position, &line),
        more: asked.leaves(read.range),
    };
    Ok((page, source))
}

/// Where a topic's entries are filed in a log, once that is safe.
async fn filing(room: &RoomHandle, log: &LogName, topic: TopicId) -> Result<Filing, WireError> {
    let mut filing = room.filing(topic).await.map_err(answer::faulted)?;
    if log.kind() != LogKind::Room {
        // Messages are moved in the room: these are seqs of its log.
        filing.also.clear();
        filing.except.clear();
    }
    Ok(filing)
}

/// Has the store take in what a page by topic is to be made of, for a second at most.
async fn catch_up(services: &Services, channel: &Channel, page: &Page) {
    let stored = || channel.tail().progress().stored();
    if page.upto <= stored().max(page.after) {
        return;
    }
    services.log.catch_up().await;
    if stored() <= page.after {
        // It has nothing of it yet, and who asks again at once is not to go round in circles.
        tokio::time::sleep(LAGS).await;
    }
}

#[derive(Default)]
struct Pages {
    entries: Vec<Bytes>,
    range: Option<SeqRange>,
    holes: Vec<SeqRange>,
}

/// Entries above a position: the same loop that serves live readers.
async fn after(
    services: &Services,
    channel: &Arc<Channel>,
    page: &Page,
) -> Result<Pages, BatchError> {
    let budget = Budget { entries: page.limit, bytes: limits::HISTORY_BYTES };
    let batch = read_after(channel, &services.log, &services.keys, page.after, budget).await?;
    let mut pages = Pages { entries: Vec::new(), range: None, holes: Vec::new() };
    let (mut size, mut last) = (0, page.after);
    for (upto, sent) in batch.frames() {
        let text = frame::payload(&sent);
        if upto > page.upto || pages.entries.len() == page.limit {
            break;
        }
        size += text.len();
        if size > limits::HISTORY_BYTES && !pages.entries.is_empty() {
            break;
        }
        if is_entry(&text) {
            pages.entries.push(text);
        } else {
            pages.holes.push(SeqRange { from: last + 1, to: upto });
        }
        last = upto;
    }
    pages.range = (last > page.after).then_some(SeqRange { from: page.after + 1, to: last });
    Ok(pages)
}

/// Entries begin with their room; the only other frame of a batch is the notice of a gap.
fn is_entry(text: &[u8]) -> bool {
    text.starts_with(br#"{"room":"#)
}

/// The last entries of a range: the newest from the tail, older ones from the store.
async fn before(
    services: &Services,
    channel: &Arc<Channel>,
    page: &Page,
) -> Result<Pages, BatchError> {
    let tail = channel.tail();
    loop {
        let stored = tail.progress().stored();
        if page.upto <= stored {
            break;
        }
        if let Some(pages) = newest_of_tail(tail, page, stored) {
            return Ok(pages);
        }
        // The store has taken in more by now.
    }
    let (log, keys) = (channel.log().clone(), Arc::clone(&services.keys));
    let budget = Budget { entries: page.limit, bytes: limits::HISTORY_BYTES };
    let upto = page.upto;
    services
        .log
        .ask(move |reader| -> Result<Pages, BatchError> {
            let slice = reader.backward(&log, upto + 1, budget)?;
            let mut entries = Vec::with_capacity(slice.records.len());
            for record in &slice.records {
                entries.push(render_record(record, &keys)?.into());
            }
            let holes: Vec<_> =
                slice.holes.iter().map(|&(from, to)| SeqRange { from, to }).collect();
            let first = slice.records.first().map(|record| record.header.position.seq);
            let (range, holes) = reached(first, holes, upto);
            Ok(Pages { entries, range, holes })
        })
        .await?
}

/// What a page up to some entry speaks for, given the first entry found and holes. Where nothing was found, all
/// down to the log's beginning is lost.
fn reached(
    first: Option<u64>,
    mut holes: Vec<SeqRange>,
    upto: u64,
) -> (Option<SeqRange>, Vec<SeqRange>) {
    if first.is_none() && holes.is_empty() && upto > 0 {
        holes.push(SeqRange { from: 1, to: upto });
    }
    let first = first.into_iter().chain(holes.iter().map(|hole| hole.from)).min();
    (first.map(|from| SeqRange { from, to: upto }), holes)
}

/// The end of a range that the store did not have whole when it had this much: it is in the tail, unless the
/// store has taken in more since and the tail let go of that.
fn newest_of_tail(tail: &Tail, page: &Page, stored: u64) -> Option<Pages> {
    let from = page.upto.saturating_sub(page.limit as u64).max(page.after);
    let from = if tail.reaches(from) { from } else { stored };
    let mut entries = Vec::new();
    // Shared frames, so taking all and keeping the newest that fit copies nothing.
    let reached = tail.read(from, page.limit, usize::MAX, |sent| {
        entries.push(frame::payload(&sent));
    });
    if !reached {
        return None;
    }
    entries.truncate(usize::try_from(page.upto - from).unwrap_or(usize::MAX));
    let last = from + entries.len() as u64;
    let mut size = 0;
    let fit = entries.iter().rev().enumerate().take_while(|(index, text)| {
        size += text.len();
        *index == 0 || size <= limits::HISTORY_BYTES
    });
    let fit = fit.count();
    entries.drain(..entries.len() - fit);
    let range = (fit > 0).then_some(SeqRange { from: last + 1 - fit as u64, to: last });
    Some(Pages { entries, range, holes: Vec::new() })
}

/// Ascending seqs as ranges.
fn holes(lost: &[u64]) -> Vec<SeqRange> {
    let dense = lost.chunk_by(|a, b| a + 1 == *b);
    dense.filter_map(|part| Some(SeqRange { from: *part.first()?, to: *part.last()? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Progress;

    #[test]
    fn a_page_of_what_the_tail_let_go_of_meanwhile_is_not_empty() {
        let tail = Tail::new(0, Progress::new(0));
        for _ in 0..3_000 {
            tail.push(b"an entry", 0);
        }
        tail.progress().raise_synced(3_000);
        let page = Page { after: 0, upto: 100, limit: 50, newest: true };
        let whole = newest_of_tail(&tail, &page, 0).expect("it is all there");
        assert_eq!((whole.entries.len(), whole.range), (50, Some(SeqRange { from: 51, to: 100 })));
        // The store had nothing when it was asked; then it took in all, and the tail let go of most.
        tail.progress().raise_stored(3_000);
        tail.trim();
        assert!(newest_of_tail(&tail, &page, 0).is_none(), "the store has it");
    }

    #[test]
    fn a_page_that_speaks_for_nothing_leaves_all_that_was_asked_for() {
        let page = |after, upto, newest| Page { after, upto, limit: 50, newest };
        let range = |from, to| Some(SeqRange { from, to });
        assert!(page(7, 9, false).leaves(None), "the store lags");
        assert!(!page(9, 9, false).leaves(None));
        assert!(page(7, 9, false).leaves(range(8, 8)) && !page(7, 9, false).leaves(range(8, 9)));
        assert!(page(0, 9, true).leaves(None) && !page(0, 0, true).leaves(None));
        assert!(page(0, 9, true).leaves(range(2, 9)) && !page(0, 9, true).leaves(range(1, 9)));
    }

    #[test]
    fn a_lost_beginning_is_a_hole_and_the_end_of_paging() {
        let range = |from, to| SeqRange { from, to };
        assert_eq!(reached(Some(4), vec![range(2, 3)], 9), (Some(range(2, 9)), vec![range(2, 3)]));
        assert_eq!(reached(None, vec![], 9), (Some(range(1, 9)), vec![range(1, 9)]));
        assert_eq!(reached(None, vec![], 0), (None, vec![]));
        let page = Page { after: 0, upto: 9, limit: 50, newest: true };
        assert!(!page.leaves(reached(None, vec![], 9).0));
    }

    #[test]
    fn holes_are_as_long_as_they_can_be() {
        let range = |from, to| SeqRange { from, to };
        assert_eq!(holes(&[3, 4, 5, 7, 9, 10]), [range(3, 5), range(7, 7), range(9, 10)]);
        assert_eq!(holes(&[]), []);
    }
}
