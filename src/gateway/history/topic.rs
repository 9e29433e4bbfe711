//! A topic's pages, from the index: complete for the part of the log that the store has.
//!
//! A message that was moved here is filed elsewhere, and so is what was done about it before. That lies
//! between the message and its move, among what concerns other messages of its old topic. The index does
//! not tell them apart, so those entries are looked at, a bounded number for each page: a page may hold few
//! entries, or none, and speak for a shorter range.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use wardroom_protocol::history::SeqRange;
use wardroom_protocol::ids::{LogName, TopicId};
use wardroom_protocol::limits;

use super::super::services::Services;
use super::{Page, Pages, holes};
use crate::delivery::{BatchError, Channel};
use crate::domain::message::About;
use crate::domain::topic::{self, Filing};
use crate::domain::{Event, moderation};
use crate::entry::{self, Record, render_record};
use crate::log::{ReadError, Reader};
use crate::seal::Keyring;

/// Entries of old topics looked at for one page, and entries looked at to learn where its messages were moved.
const LOOKED_AT: usize = 512;

/// Of the latter, how many at once.
const STEP: usize = 16;

/// Reads a page of what is filed so.
pub(super) async fn page(
    services: &Services,
    channel: &Channel,
    filing: Filing,
    page: &Page,
) -> Result<Pages, BatchError> {
    let (log, keys) = (channel.log().clone(), Arc::clone(&services.keys));
    let stored = channel.tail().progress().stored();
    let asked = SeqRange { from: page.after + 1, to: page.upto.min(stored) };
    if asked.from > asked.to {
        return Ok(Pages::default());
    }
    let (newest, limit) = (page.newest, page.limit);
    services
        .log
        .ask(move |reader| {
            let topic = Topic { reader, log: &log, filing: &filing, newest, stored };
            topic.entries(topic.list(asked, limit)?, &keys)
        })
        .await?
}

/// Seqs in the direction read, and the range that they are all of.
struct Listed {
    seqs: Vec<u64>,
    range: SeqRange,
}

/// Where the acts about some moved messages lie that are older than their move, both ends included.
struct Stretch {
    range: SeqRange,
    /// Where those messages would belong otherwise.
    homes: BTreeSet<TopicId>,
}

/// A topic as it is read.
struct Topic<'a> {
    reader: &'a Reader,
    log: &'a LogName,
    filing: &'a Filing,
    /// From the end.
    newest: bool,
    /// What the store has.
    stored: u64,
}

impl Topic<'_> {
    /// What the topic has in a range, so many at most.
    fn list(&self, asked: SeqRange, limit: usize) -> Result<Listed, ReadError> {
        let Filing { under, also, except, .. } = self.filing;
        // What was moved away takes no place in the page.
        let seqs = self.filed(under, asked, limit + except.len(), self.newest)?;
        let mut own = Listed { seqs, range: asked };
        own.seqs.retain(|seq| !except.contains(seq));
        own.seqs.extend(also.range(asked.from..=asked.to).map(|(seq, _)| seq));
        self.cut(&mut own, limit);
        if also.is_empty() {
            return Ok(own);
        }
        let mut listed = self.done_before(own.range)?;
        let range = listed.range;
        own.seqs.retain(|seq| (range.from..=range.to).contains(seq));
        listed.seqs.extend(own.seqs);
        self.cut(&mut listed, limit);
        Ok(listed)
    }

    /// Keeps so many at most, and then speaks no further than for the last of them.
    fn cut(&self, listed: &mut Listed, most: usize) {
        order(&mut listed.seqs, self.newest);
        if listed.seqs.len() < most {
            return;
        }
        listed.seqs.truncate(most);
        if let Some(&last) = listed.seqs.last() {
            self.end_at(&mut listed.range, last);
        }
    }

    fn end_at(&self, range: &mut SeqRange, last: u64) {
        *(if self.newest { &mut range.from } else { &mut range.to }) = last;
    }

    /// The first of what is filed under these ids in a range, so many at most.
    fn filed(
        &self,
        ids: &[TopicId],
        range: SeqRange,
        most: usize,
        newest: bool,
    ) -> Result<Vec<u64>, ReadError> {
        let mut seqs = Vec::new();
        for id in ids {
            let (after, upto) = (range.from - 1, range.to);
            seqs.extend(self.reader.topic(self.log, id, after, upto, most, newest)?);
        }
        order(&mut seqs, newest);
        seqs.truncate(most);
        Ok(seqs)
    }

    /// What was done in a range about messages that were moved here later.
    fn done_before(&self, range: SeqRange) -> Result<Listed, ReadError> {
        let mut found = Listed { seqs: Vec::new(), range };
        for Stretch { range: SeqRange { from, to }, homes } in self.stretches(range.to)? {
            let common = SeqRange { from: from.max(range.from), to: to.min(range.to) };
            if common.from > common.to {
                continue;
            }
            for ids in homes.iter().filter_map(|home| self.filing.before.get(home)) {
                found.seqs.extend(self.filed(ids, common, LOOKED_AT, self.newest)?);
            }
        }
        self.cut(&mut found, LOOKED_AT);
        let mut about = Vec::new();
        for seq in found.seqs {
            if self.is_about_moved(seq)? {
                about.push(seq);
            }
        }
        Ok(Listed { seqs: about, range: found.range })
    }

    /// Where to look for acts about moved messages, as far as those stand before `upto`. After its move an act
    /// is filed here, and the move is as well: so it is looked for from the message on.
    fn stretches(&self, upto: u64) -> Result<Vec<Stretch>, ReadError> {
        let Filing { under, also, .. } = self.filing;
        let mut left: BTreeSet<u64> = also.range(..upto).map(|(seq, _)| *seq).collect();
        let (mut stretches, mut looked_at, mut at) = (Vec::new(), 0, 0);
        while let Some(&first) = left.first()
            && looked_at < LOOKED_AT
        {
            at = first.max(at);
            let behind = SeqRange { from: at + 1, to: self.stored };
            let seqs = self.filed(under, behind, STEP, false)?;
            if seqs.is_empty() {
                break;
            }
            for seq in seqs {
                (at, looked_at) = (seq, looked_at + 1);
                let moved = self.moved_by(seq)?;
                let moved: Vec<_> = moved.into_iter().filter(|seq| left.remove(seq)).collect();
                if !moved.is_empty() {
                    stretches.extend(self.stretch(&moved, seq - 1));
                    // The next one may stand much later.
                    break;
                }
            }
        }
        // Not found: the store lacks it, or it lies too far away.
        stretches.extend(self.stretch(&left.into_iter().collect::<Vec<_>>(), self.stored));
        Ok(stretches)
    }

    fn stretch(&self, moved: &[u64], to: u64) -> Option<Stretch> {
        let first = *moved.iter().min()?;
        let homes = moved.iter().filter_map(|seq| self.filing.also.get(seq).copied()).collect();
        Some(Stretch { range: SeqRange { from: first + 1, to }, homes })
    }

    /// The messages that an entry moves.
    fn moved_by(&self, seq: u64) -> Result<Vec<u64>, ReadError> {
        let event = self.record(seq)?.and_then(|record| event(&record));
        Ok(match event {
            Some(Event::Topic(topic::Event::Moved { messages, .. })) => {
                messages.iter().map(|moved| moved.seq).collect()
            }
            _ => Vec::new(),
        })
    }

    /// Whether an entry is about a message that was moved here. One that is lost may have been.
    fn is_about_moved(&self, seq: u64) -> Result<bool, ReadError> {
        let Some(record) = self.record(seq)? else { return Ok(true) };
        let Some(event) = event(&record) else { return Ok(false) };
        let Some(&About { seq: of, .. }) = about(&event) else { return Ok(false) };
        if self.filing.also.contains_key(&of) {
            return Ok(true);
        }
        if !matches!(event, Event::Moderation(moderation::Event::Redacted(_))) {
            return Ok(false);
        }
        // An edit is erased by an entry about the edit.
        let edit = self.record(of)?.and_then(|edit| self::event(&edit));
        let edited = edit.as_ref().and_then(about);
        Ok(edited.is_some_and(|edited| self.filing.also.contains_key(&edited.seq)))
    }

    fn record(&self, seq: u64) -> Result<Option<Record>, ReadError> {
        Ok(self.reader.get(self.log, &[seq])?.records.pop())
    }

    /// The entries of what was listed, as far as they fit into a page.
    fn entries(&self, listed: Listed, keys: &Keyring) -> Result<Pages, BatchError> {
        let Listed { seqs, mut range } = listed;
        let (mut entries, mut lost, mut size) = (Vec::new(), Vec::new(), 0);
        let mut last = 0;
        for seq in seqs {
            if let Some(record) = self.record(seq)? {
                let text = render_record(&record, keys)?;
                size += text.len();
                if size > limits::HISTORY_BYTES && !entries.is_empty() {
                    self.end_at(&mut range, last);
                    break;
                }
                entries.push(Bytes::from(text));
            } else {
                lost.push(seq);
            }
            last = seq;
        }
        if self.newest {
            entries.reverse();
            lost.reverse();
        }
        Ok(Pages { entries, range: Some(range), holes: holes(&lost) })
    }
}

fn order(seqs: &mut Vec<u64>, newest: bool) {
    seqs.sort_unstable();
    seqs.dedup();
    if newest {
        // So that a page too large loses its oldest.
        seqs.reverse();
    }
}

/// What an entry says, if this version knows it.
fn event(record: &Record) -> Option<Event> {
    entry::event(&record.header).ok().flatten()
}

/// The message, or the edit of one, that an act is about.
fn about(event: &Event) -> Option<&About> {
    match event {
        Event::Message(event) => event.about(),
        Event::Question(event) => Some(event.about()),
        Event::Moderation(event) => event.about(),
        _ => None,
    }
}
