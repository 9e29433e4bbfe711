//! [`Log`]: the handle that rooms hold. It passes work to the threads and never blocks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{oneshot, watch};

use super::backup::Backup;
use super::caretaker::Caretaker;
use super::disk::{self, Disk};
use super::finding::{OpenError, Recovery};
use super::gauge::{Failure, Gauge, Health};
use super::journal::{Catalog, Writer};
use super::journal_thread::{self, Order};
use super::noted::NotedFile;
use super::options::{Options, SMALLEST_SEGMENT};
use super::overlay::Overlay;
use super::read_ahead::{self, Ahead};
use super::read_threads::{self, Job};
use super::reader::Reader;
use super::recovery::{self, Care};
use super::snapshots::Snapshots;
use super::store::{MemoryShelf, Shelf};
use super::store_thread::{self, Feed, Keeper};
use super::wounds::Wounds;

/// Records that may wait for the journal. When full, `append` refuses and has taken nothing.
const QUEUE_RECORDS: usize = 16 * 1024;
/// Groups that may wait for the store. When full, the journal thread waits, its queue fills, and
/// long before that `health` says `Lagging`.
const QUEUE_GROUPS: usize = 8 * 1024;
/// Questions that may wait for a read thread. When full, `ask` refuses.
const QUEUE_JOBS: usize = 256;

/// How long closing may take once journal or store have failed. After a failed write sled waits for
/// ever for what it could not write.
const FAILED_CLOSE: Duration = Duration::from_secs(5);

/// How long a reader waits for what the store gathers.
const CATCH_UP: Duration = Duration::from_secs(1);

/// Why a question got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Too many questions wait; try again in a moment.
    #[error("the log's read queue is full; try again in a moment")]
    Overloaded,
    /// The log is closed.
    #[error("the log is closed")]
    Closed,
    /// The question itself panicked.
    #[error("a read of the log panicked")]
    Panicked,
}

/// What handle and threads share. Lives until the last of them ends; so does the lock.
pub(super) struct Shared {
    pub(super) gauge: Gauge,
    pub(super) shelf: RwLock<Arc<dyn Shelf>>,
    /// `None`: in memory only.
    pub(super) catalog: Option<Arc<Catalog>>,
    pub(super) overlay: Arc<Overlay>,
    pub(super) wounds: Wounds,
    /// `None`: in memory only, or their folder cannot be made.
    pub(super) snapshots: Option<Arc<Snapshots>>,
    /// `None`: in memory only.
    pub(super) noted: Option<Arc<NotedFile>>,
    /// Dropping it ends the thread that reads ahead. `None`: in memory, or closing.
    pub(super) ahead: Mutex<Option<SyncSender<Ahead>>>,
    pub(super) disk: Arc<dyn Disk>,
    /// The locked file; dropping it lets the directory go.
    pub(super) lock: Mutex<Option<std::fs::File>>,
}

/// Held by a thread for its life; the last act of a thread is to drop it.
pub(super) struct Alive(Arc<watch::Sender<usize>>);

impl Alive {
    fn new(threads: &Arc<watch::Sender<usize>>) -> Self {
        threads.send_modify(|count| *count += 1);
        Self(Arc::clone(threads))
    }
}

impl Clone for Alive {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Shared {
    pub(super) fn reader(&self) -> Reader {
        Reader {
            shelf: Arc::clone(&self.shelf.read()),
            backup: self.catalog.clone().map(Backup),
            overlay: Arc::clone(&self.overlay),
            wounds: self.wounds.clone(),
            snapshots: self.snapshots.clone(),
            ahead: self.ahead.lock().clone(),
        }
    }
}

/// A handle on the log. Clones share it.
#[derive(Clone)]
pub struct Log {
    pub(super) shared: Arc<Shared>,
    pub(super) orders: SyncSender<Order>,
    feed: SyncSender<Feed>,
    jobs: Arc<Mutex<Option<SyncSender<Job>>>>,
    /// Dropping it ends the caretaker.
    care: Arc<Mutex<Option<SyncSender<()>>>>,
    /// How many threads live.
    threads: watch::Receiver<usize>,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("health", &self.health()).finish_non_exhaustive()
    }
}

impl Log {
    /// Opens the log in a directory, or makes one there, and mends what a crash or damage left.
    /// Blocks; holds the directory's exclusive lock until every handle is gone and the log closed.
    pub fn open(dir: &Path, mut options: Options) -> Result<(Self, Recovery), OpenError> {
        options.disk = disk::under(dir, &options.disk);
        let group_bytes = options.segment_bytes.max(SMALLEST_SEGMENT) / 4;
        let opened = recovery::open(dir, &options, Care::Usual)?;
        let gauge = Gauge::new(&options, QUEUE_RECORDS);
        gauge.look_at_space(&*options.disk, dir);
        let shared = Arc::new(Shared {
            gauge,
            shelf: RwLock::new(opened.shelf),
            catalog: Some(opened.catalog),
            overlay: Arc::default(),
            wounds: Wounds::default(),
            snapshots: Snapshots::open(&options.disk, dir.join("snapshots")),
            noted: Some(NotedFile::new(&options.disk, dir.to_path_buf())),
            ahead: Mutex::default(),
            disk: Arc::clone(&options.disk),
            lock: Mutex::new(Some(opened.lock)),
        });
        let failed = |source| OpenError::Io {
            action: "start the threads of",
            path: PathBuf::from(dir),
            source,
        };
        let log = Self::start(shared, Some((opened.writer, opened.keeper)), group_bytes, &options);
        Ok((log.map_err(failed)?, opened.recovery))
    }

    /// A log in memory, behind the same interface. It ends with the process.
    #[must_use]
    pub fn ephemeral() -> Self {
        let options = Options::default();
        let shared = Arc::new(Shared {
            gauge: Gauge::new(&options, QUEUE_RECORDS),
            shelf: RwLock::new(Arc::new(MemoryShelf::default())),
            catalog: None,
            overlay: Arc::default(),
            wounds: Wounds::default(),
            snapshots: None,
            noted: None,
            ahead: Mutex::default(),
            disk: Arc::clone(&options.disk),
            lock: Mutex::default(),
        });
        Self::start(shared, None, options.segment_bytes, &options)
            .expect("the operating system starts two threads")
    }

    fn start(
        shared: Arc<Shared>,
        on_disk: Option<(Writer, Keeper)>,
        group_bytes: u64,
        options: &Options,
    ) -> std::io::Result<Self> {
        let (orders, incoming) = sync_channel(QUEUE_RECORDS);
        let (feed, fed) = sync_channel(QUEUE_GROUPS);
        let (jobs, asked) = sync_channel(QUEUE_JOBS);
        let count = Arc::new(watch::Sender::new(0));
        let threads = count.subscribe();
        // In memory there is neither a journal nor a store to feed: orders find nobody.
        if let Some((writer, keeper)) = on_disk {
            *shared.ahead.lock() = Some(read_ahead::start(Alive::new(&count))?);
            store_thread::start(Arc::clone(&shared), keeper, fed, Alive::new(&count))?;
            let group_bytes = usize::try_from(group_bytes).unwrap_or(usize::MAX);
            let (shared, feed, alive) = (Arc::clone(&shared), feed.clone(), Alive::new(&count));
            journal_thread::start(shared, writer, incoming, feed, group_bytes, alive)?;
        }
        read_threads::start(&shared, asked, &Alive::new(&count))?;
        let care = match shared.catalog {
            Some(_) => Some(Caretaker::start(&shared, options, Alive::new(&count))?),
            None => None,
        };
        let (jobs, care) = (Arc::new(Mutex::new(Some(jobs))), Arc::new(Mutex::new(care)));
        Ok(Self { shared, orders, feed, jobs, care, threads })
    }

    /// Whether new entries may be ordered. Cheap: ask before each one.
    #[must_use]
    pub fn health(&self) -> Health {
        self.shared.gauge.health()
    }

    /// Returns once this process keeps nothing more: journal or store failed, and not for a while
    /// only. Never, as long as all is well.
    pub async fn failed(&self) -> Failure {
        let mut failure = self.shared.gauge.failure();
        match failure.wait_for(Option::is_some).await.map(|failure| *failure) {
            Ok(Some(failure)) => failure,
            // The gauge lives as long as this handle.
            _ => std::future::pending().await,
        }
    }

    /// What failed for good, if anything has.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        *self.shared.gauge.failure().borrow()
    }

    /// How long the oldest record that waits for its sync has waited. It may be synced already and wait for
    /// a place in the store's full queue: until then those behind it are not.
    #[must_use]
    pub fn unsynced_for(&self) -> Duration {
        self.shared.gauge.unsynced_for()
    }

    /// How far the store is behind: the age of the oldest entry it lacks.
    #[must_use]
    pub fn lag(&self) -> Duration {
        self.shared.gauge.age()
    }

    /// Damaged entries that readers found in the store since the log was opened; each was served
    /// from the journal.
    #[must_use]
    pub fn damage_found(&self) -> u64 {
        self.shared.wounds.found()
    }

    /// Runs a question on a read thread.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> T + Send + 'static,
    ) -> Result<T, AskError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |reader| {
            // Whoever asked may be gone.
            let _ = answer.send(question(reader));
        });
        let sent = match &*self.jobs.lock() {
            Some(jobs) => jobs.try_send(job),
            None => return Err(AskError::Closed),
        };
        sent.map_err(|error| match error {
            TrySendError::Full(_) => AskError::Overloaded,
            TrySendError::Disconnected(_) => AskError::Closed,
        })?;
        answered.await.map_err(|_| AskError::Panicked)
    }

    /// Has the store take in what is safe and gathers there, for who is about to ask it for the newest.
    /// Returns when it has, or after a second: a store that lags is asked for what it has.
    pub async fn catch_up(&self) {
        let (answer, answered) = oneshot::channel();
        if self.feed.try_send(Feed::PutIn(answer)).is_ok() {
            let _ = tokio::time::timeout(CATCH_UP, answered).await;
        }
    }

    /// Builds the store anew from the journal into a fresh generation and goes over to it. Reading and
    /// writing go on meanwhile. For after erasures: sled keeps old pages. `false` if it could not be
    /// built (it is logged why), the log closed before, or it is in memory.
    pub async fn rebuild_store(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        let feed = self.feed.clone();
        // The queue may be full for a moment; waiting for it must not hold up a task.
        let sent = tokio::task::spawn_blocking(move || feed.send(Feed::Rebuild(answer)).is_ok());
        sent.await.unwrap_or(false) && answered.await.unwrap_or(false)
    }

    /// Entries that the caretaker has checked since the log was opened, and whole rounds through all.
    #[must_use]
    pub fn scrubbed(&self) -> (u64, u64) {
        self.shared.gauge.scrubbed()
    }

    /// Writes what is queued, brings the store up to it, syncs both. Idempotent; later appends are
    /// refused.
    pub async fn close(&self) {
        if self.shared.gauge.close() {
            let orders = self.orders.clone();
            // Behind everything queued; the queue may be full for a moment.
            let sent = tokio::task::spawn_blocking(move || orders.send(Order::Close));
            let _ = sent.await;
        }
        // What waits for a read thread is still answered; then those threads end.
        self.jobs.lock().take();
        self.shared.ahead.lock().take();
        self.care.lock().take();
        let ended = async {
            let mut threads = self.threads.clone();
            // An error means that every thread has ended.
            let _ = threads.wait_for(|alive| *alive == 0).await;
            // Other handles may live on; the directory is free all the same. sled's end does IO, so it
            // is not for a task; nor for a thread that the runtime waits for, since it may not end.
            let shared = Arc::clone(&self.shared);
            let (freed, is_freed) = oneshot::channel::<()>();
            let free = std::thread::Builder::new().name("log-close".to_owned()).spawn(move || {
                *shared.shelf.write() = Arc::new(MemoryShelf::default());
                shared.lock.lock().take();
                drop(freed);
            });
            if free.is_ok() {
                let _ = is_freed.await;
            }
        };
        let too_long = async {
            self.failed().await;
            tokio::time::sleep(FAILED_CLOSE).await;
        };
        tokio::select! {
            () = ended => {}
            () = too_long => tracing::warn!("what failed did not close in time; it is left so"),
        }
    }
}
