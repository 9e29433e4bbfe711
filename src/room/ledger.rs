//! The ledger: which notes are on their way, which were left, and so up to where all of a log's notes are
//! filed. Notes may be dropped anywhere: the log they follow from is looked through again. So each queue
//! of theirs is bounded, and nothing is lost that way.
//!
//! What it says of a log is true at any moment, since whoever writes an entry enters its notes here before
//! the entry is handed to the journal. Lives in memory; where everything is filed is kept now and then
//! ([`super::marking`]), and above that the log is looked through once at the start
//! ([`super::deriving`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use wardroom_protocol::ids::{LogName, Position};

use crate::log::Noted;
use crate::telemetry::metric;

/// After a note was left, its log is looked through again so much later; each time that comes to
/// nothing, twice that, up to the most.
const AGAIN: Duration = Duration::from_secs(10);
/// See [`AGAIN`].
const AGAIN_MOST: Duration = Duration::from_mins(10);

/// See the module.
#[derive(Default)]
pub(super) struct Ledger {
    books: Mutex<Books>,
    /// A log became due earlier than any other.
    sooner: Notify,
    /// No note is on its way.
    idle: Notify,
}

#[derive(Default)]
struct Books {
    logs: BTreeMap<LogName, Account>,
    /// The logs that are to be looked through, by when.
    due: BTreeSet<(Instant, LogName)>,
    /// Notes on their way, over all logs.
    under_way: usize,
}

/// One log.
struct Account {
    /// Up to here all is filed, as last kept.
    kept: Option<Position>,
    /// The newest entry that the store was seen to hold.
    seen: u64,
    /// What is on its way: notes by the seq of their entry, and who looks through from there on.
    open: BTreeMap<u64, usize>,
    left: Option<Left>,
    pause: Duration,
}

/// Entries with notes that were left.
struct Left {
    first: u64,
    last: u64,
    due: Instant,
}

impl Default for Account {
    fn default() -> Self {
        Self { kept: None, seen: 0, open: BTreeMap::new(), left: None, pause: AGAIN }
    }
}

impl Account {
    /// The notes of all entries up to this one are filed.
    fn filed(&self) -> u64 {
        let open = self.open.first_key_value().map(|(seq, _)| *seq);
        let left = self.left.as_ref().map(|left| left.first);
        let pending = open.into_iter().chain(left).min();
        pending.map_or(self.seen, |seq| self.seen.min(seq.saturating_sub(1)))
    }

    fn close(&mut self, seq: u64) {
        if let Some(count) = self.open.get_mut(&seq) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(&seq);
            }
        }
    }
}

impl Books {
    /// Whether it is the first to be looked through now.
    fn leave(&mut self, log: &LogName, first: u64, last: u64, wait: Duration) -> bool {
        let account = self.logs.entry(log.clone()).or_default();
        let mut due = Instant::now() + wait;
        let mut all = (first, last);
        if let Some(left) = account.left.take() {
            self.due.remove(&(left.due, log.clone()));
            due = due.min(left.due);
            all = (first.min(left.first), last.max(left.last));
        }
        account.left = Some(Left { first: all.0, last: all.1, due });
        self.due.insert((due, log.clone()));
        self.due.first().is_some_and(|(_, first)| first == log)
    }
}

/// A note on its way. Dropped without being filed, it is left.
pub(super) struct Slip {
    ledger: Arc<Ledger>,
    log: LogName,
    seq: u64,
    filed: bool,
}

impl Slip {
    /// It stands in its mailbox, for certain.
    pub(super) fn filed(mut self) {
        self.filed = true;
    }
}

impl Drop for Slip {
    fn drop(&mut self) {
        self.ledger.settle(&self.log, self.seq, self.filed);
    }
}

/// A log that is to be looked through. Dropped without being done, it is to be once more.
pub(super) struct Errand {
    ledger: Arc<Ledger>,
    pub(super) log: LogName,
    /// Everything up to here was filed, if the log holds this entry.
    pub(super) kept: Option<Position>,
    /// From this entry on.
    pub(super) first: u64,
    /// This one must be among those seen: it may be on its way to the store.
    last: u64,
    done: bool,
}

impl Errand {
    /// All notes of all entries up to `seen` are on their way.
    pub(super) fn done(mut self, seen: u64) {
        self.done = seen >= self.last;
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        let mut books = self.ledger.books.lock();
        let account = books.logs.entry(self.log.clone()).or_default();
        account.close(self.first);
        let pause = account.pause;
        if !self.done && books.leave(&self.log, self.first, self.last, pause) {
            self.ledger.sooner.notify_one();
        }
    }
}

impl Ledger {
    /// At the start: what lies above what was kept is looked through.
    pub(super) fn open(&self, log: &LogName, kept: Option<Position>) {
        let mut books = self.books.lock();
        books.logs.entry(log.clone()).or_default().kept = kept;
        books.leave(log, 1, 0, Duration::ZERO);
        self.sooner.notify_one();
    }

    /// A note of an entry, which is not handed to the journal yet or read from the store.
    pub(super) fn enter(self: &Arc<Self>, log: &LogName, seq: u64) -> Slip {
        let mut books = self.books.lock();
        books.under_way += 1;
        let account = books.logs.entry(log.clone()).or_default();
        *account.open.entry(seq).or_default() += 1;
        Slip { ledger: Arc::clone(self), log: log.clone(), seq, filed: false }
    }

    fn settle(&self, log: &LogName, seq: u64, filed: bool) {
        let mut books = self.books.lock();
        books.under_way -= 1;
        if books.under_way == 0 {
            self.idle.notify_waiters();
        }
        let account = books.logs.entry(log.clone()).or_default();
        account.close(seq);
        let pause = account.pause;
        if !filed {
            counter!(metric::NOTES_LEFT).increment(1);
            if books.leave(log, seq, seq, pause) {
                self.sooner.notify_one();
            }
        }
    }

    /// The log to be looked through next, once it is time.
    pub(super) async fn next(self: &Arc<Self>) -> Errand {
        loop {
            let due = {
                let mut books = self.books.lock();
                match books.due.first() {
                    Some((due, _)) if *due <= Instant::now() => return self.take(&mut books),
                    Some((due, _)) => Some(*due),
                    None => None,
                }
            };
            let time = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = time => {}
                () = self.sooner.notified() => {}
            }
        }
    }

    fn take(self: &Arc<Self>, books: &mut Books) -> Errand {
        let (_, log) = books.due.pop_first().expect("one was seen");
        let account = books.logs.entry(log.clone()).or_default();
        let left = account.left.take();
        let (first, last) = left.map_or((1, 0), |left| (left.first, left.last));
        *account.open.entry(first).or_default() += 1;
        account.pause = (account.pause * 2).min(AGAIN_MOST);
        Errand { ledger: Arc::clone(self), kept: account.kept, log, first, last, done: false }
    }

    /// What was kept of a log is not on its line.
    pub(super) fn disown(&self, log: &LogName) {
        if let Some(account) = self.books.lock().logs.get_mut(log) {
            account.kept = None;
        }
    }

    /// Given up to where the store holds logs: those of which more can be kept, and up to where.
    pub(super) fn risen(&self, stored: &[(LogName, u64)]) -> Vec<(LogName, u64)> {
        let mut books = self.books.lock();
        for (log, seq) in stored {
            let account = books.logs.entry(log.clone()).or_default();
            account.seen = account.seen.max(*seq);
        }
        let mut risen = Vec::new();
        for (log, account) in &mut books.logs {
            if account.open.is_empty() && account.left.is_none() {
                account.pause = AGAIN;
            }
            let filed = account.filed();
            if filed > account.kept.map_or(0, |kept| kept.seq) {
                risen.push((log.clone(), filed));
            }
        }
        risen
    }

    /// These are kept now; all that is to be kept.
    pub(super) fn keep(&self, risen: Vec<(LogName, Position)>) -> Noted {
        let mut books = self.books.lock();
        for (log, position) in risen {
            books.logs.entry(log).or_default().kept = Some(position);
        }
        let kept = books.logs.iter();
        kept.filter_map(|(log, account)| Some((log.clone(), account.kept?))).collect()
    }

    /// Returns once no note is on its way.
    pub(super) async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.books.lock().under_way == 0 {
                return;
            }
            idle.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> LogName {
        "cardiology".parse().expect("a log")
    }

    /// Up to where all is filed, if that is more than before.
    fn filed(ledger: &Ledger, stored: u64) -> Option<u64> {
        let risen = ledger.risen(&[(log(), stored)]);
        let kept = risen.iter().map(|(log, seq)| (log.clone(), Position::new(1, *seq))).collect();
        ledger.keep(kept);
        risen.first().map(|(_, seq)| *seq)
    }

    /// The next log to be looked through, and in how many seconds that would be.
    fn next(ledger: &Arc<Ledger>) -> (u64, Errand) {
        let mut books = ledger.books.lock();
        let due = books.due.first().expect("something was left").0;
        let wait = due.saturating_duration_since(Instant::now()) + Duration::from_millis(500);
        (wait.as_secs(), ledger.take(&mut books))
    }

    #[tokio::test]
    async fn a_mark_never_passes_a_note_that_is_not_filed() {
        let ledger = Arc::new(Ledger::default());
        assert_eq!(filed(&ledger, 5), Some(5), "nothing is owed");
        let (first, twice) = (ledger.enter(&log(), 7), [(), ()].map(|()| ledger.enter(&log(), 9)));
        assert_eq!(filed(&ledger, 20), Some(6));
        first.filed();
        assert_eq!(filed(&ledger, 20), Some(8));
        let [one, other] = twice;
        one.filed();
        assert_eq!(filed(&ledger, 20), None, "both notes of the entry");
        drop(other);
        assert_eq!(filed(&ledger, 30), None, "one was left");
        let (_, errand) = next(&ledger);
        assert_eq!((errand.first, errand.kept), (9, Some(Position::new(1, 8))));
        assert_eq!(filed(&ledger, 30), None, "somebody looks for it");
        // The store did not hold it yet.
        errand.done(8);
        assert_eq!(filed(&ledger, 30), None);
        let (_, errand) = next(&ledger);
        let again = ledger.enter(&log(), 9);
        errand.done(30);
        assert_eq!(filed(&ledger, 30), None, "it is on its way");
        again.filed();
        assert_eq!(filed(&ledger, 30), Some(30));
        ledger.idle().await;
    }

    #[tokio::test]
    async fn at_the_start_all_above_what_was_kept_is_owed() {
        let ledger = Arc::new(Ledger::default());
        let kept = Some(Position::new(1, 40));
        ledger.open(&log(), kept);
        assert_eq!(filed(&ledger, 90), None);
        assert_eq!(ledger.keep(Vec::new()).get(&log()).copied(), kept, "what was kept stays true");
        let errand = ledger.next().await;
        assert_eq!((errand.first, errand.kept), (1, kept));
        errand.done(90);
        assert_eq!(filed(&ledger, 90), Some(90));
    }

    #[test]
    fn what_is_left_is_looked_for_later_and_later() {
        let ledger = Arc::new(Ledger::default());
        drop(ledger.enter(&log(), 3));
        let waits = [(); 9].map(|()| next(&ledger).0);
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
        // And soon again once all went well.
        next(&ledger).1.done(3);
        ledger.risen(&[]);
        drop(ledger.enter(&log(), 4));
        assert_eq!(next(&ledger).0, 10);
    }
}
