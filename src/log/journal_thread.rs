//! The journal thread: takes all that waits as one group, has it written and synced, raises the
//! marks, feeds the store. A thin shell around [`Writer`].

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::Instant;

use super::handle::{Alive, Shared};
use super::journal::{Item, Writer};
use super::store_thread::{Fed, Feed};
use crate::entry;
use crate::telemetry::metric;

/// Records in one group at most.
const GROUP_RECORDS: usize = 4096;
/// Bytes in one group at most, however large the segments.
const GROUP_BYTES: usize = 1024 * 1024;

/// What the thread is told.
pub(super) enum Order {
    /// Write these, in order.
    Append(Vec<Item>),
    /// Write what came before, then end.
    Close,
}

struct JournalThread {
    shared: Arc<Shared>,
    writer: Writer,
    feed: SyncSender<Feed>,
    group_bytes: usize,
}

pub(super) fn start(
    shared: Arc<Shared>,
    writer: Writer,
    orders: Receiver<Order>,
    feed: SyncSender<Feed>,
    group_bytes: usize,
    alive: Alive,
) -> io::Result<()> {
    let group_bytes = group_bytes.min(GROUP_BYTES);
    let mut this = JournalThread { shared, writer, feed, group_bytes };
    thread::Builder::new().name("journal".to_owned()).spawn(move || {
        this.run(&orders);
        // Handed over between the check for a closed log and its end: not written, and told so.
        for order in orders.try_iter() {
            if let Order::Append(items) = order {
                fail(&items);
            }
        }
        drop(orders);
        drop(this);
        drop(alive);
    })?;
    Ok(())
}

fn fail(items: &[Item]) {
    for item in items {
        item.progress.fail();
    }
}

impl Drop for JournalThread {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!("the journal thread panicked; nothing more is acknowledged");
            self.shared.gauge.fail_journal();
        }
        // Nothing more comes: the store thread finishes and ends.
        let _ = self.feed.send(Feed::Close);
    }
}

impl JournalThread {
    fn run(&mut self, orders: &Receiver<Order>) {
        let mut open = true;
        let mut waiting = VecDeque::new();
        while open || !waiting.is_empty() {
            // Where cores are short, whoever is about to hand something in does so first and shares this sync.
            thread::yield_now();
            let mut group: Vec<Item> = Vec::new();
            let mut bytes = 0;
            while group.len() < GROUP_RECORDS {
                if waiting.is_empty() {
                    // Waits for the first; takes further ones only if they are there.
                    let order = match orders.try_recv() {
                        Err(_) if group.is_empty() && open => orders.recv().ok(),
                        order => order.ok(),
                    };
                    match order {
                        Some(Order::Append(items)) => waiting.extend(items),
                        Some(Order::Close) => open = false,
                        None => open &= !group.is_empty(),
                    }
                }
                let Some(mut item) = waiting.pop_front() else {
                    break;
                };
                if !group.is_empty() && bytes + item.len() > self.group_bytes {
                    waiting.push_front(item);
                    break;
                }
                bytes += item.len();
                if item.event.is_none() {
                    item.event = entry::event(&item.record.header).ok().flatten();
                }
                group.push(item);
            }
            if !group.is_empty() {
                self.group(group, bytes as u64);
            }
        }
    }

    fn group(&mut self, mut items: Vec<Item>, bytes: u64) {
        let shared = Arc::clone(&self.shared);
        let gauge = &shared.gauge;
        gauge.leave_queue(items.len(), bytes);
        if gauge.journal_failed() {
            fail(&items);
            return;
        }
        let begun = Instant::now();
        gauge.begin_group(items.first().map_or(begun, |item| item.queued));
        let written = self.writer.write(&mut items);
        let written = match written {
            Ok(written) => {
                let entries = u32::try_from(items.len()).unwrap_or(u32::MAX);
                metrics::counter!(metric::ENTRIES).increment(u64::from(entries));
                metrics::counter!(metric::GROUPS).increment(1);
                metrics::histogram!(metric::GROUP_ENTRIES).record(f64::from(entries));
                metrics::histogram!(metric::SYNC_SECONDS).record(begun.elapsed().as_secs_f64());
                written
            }
            Err(error) => {
                // Never tried again: after a failed sync nobody knows what is on the platter.
                tracing::error!(%error, "the journal failed; nothing more is acknowledged until a restart");
                fail(&items);
                gauge.fail_journal();
                gauge.end_group();
                return;
            }
        };
        for (log, seq) in &written.erased {
            self.shared.overlay.add(log, *seq);
        }
        if let Some(item) = items.first() {
            gauge.enter_store(bytes, item.queued);
        }
        gauge.wrote(bytes, &*shared.disk, self.writer.dir());
        // One wake for each log, with all of its entries there.
        for of_log in items.chunk_by(|a, b| Arc::ptr_eq(&a.progress, &b.progress)) {
            if let Some(last) = of_log.last() {
                last.progress.raise_synced(last.seq());
            }
        }
        let fed = Fed {
            group: written.number,
            segment: written.segment,
            closed_before: written.closed,
            bytes,
            items,
        };
        if self.feed.send(Feed::Group(Box::new(fed))).is_err() {
            self.shared.gauge.give_up_store();
        }
        // While the store takes nothing more, those that came after these wait as well.
        gauge.end_group();
    }
}
