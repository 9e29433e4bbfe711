//! Who is in a room, on a real clock: the shell around [`presence`]. It tells those who follow the
//! room by signals, and counts. One task runs while something is pending, and none otherwise.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wardroom_protocol::identity::Profile;
use wardroom_protocol::ids::{LogName, PrincipalId};
use wardroom_protocol::presence::{Person, PresenceSignal, Present};
use wardroom_protocol::{envelope, limits};

use super::Channel;
use crate::domain::presence::{self, News, PEOPLE};
use crate::telemetry::metric;

const _: () = assert!(PEOPLE == limits::PEOPLE_NAMED as usize, "both sides name as many people");

/// The longest signal or page, bytes of people. A longer signal tells the number only, and whoever
/// shows people asks for them by pages.
const LONGEST: usize = 48 * 1024;

/// Somebody who can be shown to others.
pub trait Carded: Send + Sync {
    /// What they are shown by.
    fn card(&self) -> &Profile;
}

/// What a person in a room is shown by.
pub type Shown = Arc<dyn Carded>;

struct Inner {
    here: presence::Presence<Shown>,
    /// Until when the task waits; `None`: there is none.
    waits: Option<Duration>,
}

/// Who is in one room.
pub struct Presence {
    channel: Arc<Channel>,
    inner: Mutex<Inner>,
    begun: Instant,
    /// Something is due before the task's waiting is over.
    sooner: Notify,
    /// Where the task runs: connections also end while the runtime does.
    runtime: Handle,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Presence {
    /// Nobody is in the room of this channel. Its task is one of `tasks` and ends with `stop`. Called
    /// on a runtime.
    #[must_use]
    pub fn new(channel: Arc<Channel>, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self {
            channel,
            inner: Mutex::new(Inner { here: presence::Presence::default(), waits: None }),
            begun: Instant::now(),
            sooner: Notify::new(),
            runtime: Handle::current(),
            tasks,
            stop,
        }
    }

    /// How many people are here.
    #[must_use]
    pub fn online(&self) -> u64 {
        self.inner.lock().here.online()
    }

    /// How many are here once this one is.
    #[must_use]
    pub fn online_with(&self, who: &PrincipalId) -> u64 {
        let inner = self.inner.lock();
        inner.here.online() + u64::from(!inner.here.is_here(who))
    }

    /// One more connection of theirs follows the room.
    pub fn arrive(self: &Arc<Self>, who: &PrincipalId, shown: Shown) {
        let mut inner = self.inner.lock();
        let before = inner.here.online();
        inner.here.arrive(who, shown);
        count(before, inner.here.online());
        self.arrange(&mut inner);
    }

    /// They are shown by this from now on.
    pub fn show(&self, who: &PrincipalId, shown: Shown) {
        self.inner.lock().here.show(who, shown);
    }

    /// One of their connections follows the room no more.
    pub fn depart(self: &Arc<Self>, who: &PrincipalId) {
        let mut inner = self.inner.lock();
        inner.here.depart(who, self.begun.elapsed());
        self.arrange(&mut inner);
    }

    /// A page of those who are here; may hold fewer than `limit` because of its size.
    #[must_use]
    pub fn page(&self, after: Option<&PrincipalId>, limit: usize) -> Present {
        let roster = self.inner.lock().here.roster(after, limit);
        let mut page = Present { rev: roster.rev, online: roster.online, people: None, next: None };
        let Some((people, mut more)) = roster.people else {
            return page;
        };
        let (mut named, mut bytes) = (Vec::with_capacity(people.len()), 0);
        for person in people.into_iter().map(person) {
            bytes += serde_json::to_vec(&person).map_or(0, |json| json.len() + 1);
            if bytes > LONGEST && !named.is_empty() {
                more = true;
                break;
            }
            named.push(person);
        }
        page.next = named.last().filter(|_| more).map(|person: &Person| person.id.clone());
        page.people = Some(named);
        page
    }

    /// Sees to it that the task runs and wakes in time.
    fn arrange(self: &Arc<Self>, inner: &mut Inner) {
        let Some(due) = inner.here.due() else { return };
        match inner.waits {
            None => {
                inner.waits = Some(due);
                self.tasks.spawn_on(Arc::clone(self).run(), &self.runtime);
            }
            Some(waits) if due < waits => {
                inner.waits = Some(due);
                self.sooner.notify_one();
            }
            Some(_) => {}
        }
    }

    /// Runs until nothing is pending.
    async fn run(self: Arc<Self>) {
        loop {
            let (news, waits) = {
                let mut inner = self.inner.lock();
                let before = inner.here.online();
                let news = inner.here.tick(self.begun.elapsed());
                count(before, inner.here.online());
                inner.waits = inner.here.due();
                (news, inner.waits)
            };
            if let Some(news) = news {
                self.tell(news);
            }
            let Some(waits) = waits else { return };
            tokio::select! {
                // What is pending then stays so: a node that goes away tells nobody who left.
                () = self.stop.cancelled() => return,
                () = sleep_until(self.begun + waits) => {}
                () = self.sooner.notified() => {}
            }
        }
    }

    fn tell(&self, news: News<Shown>) {
        let log = self.channel.log();
        let mut signal = PresenceSignal {
            rev: news.rev,
            online: news.online,
            joined: news.joined.into_iter().map(person).collect(),
            left: news.left,
        };
        let mut text = frame(log, &signal);
        if text.len() > LONGEST {
            signal.joined.clear();
            signal.left.clear();
            text = frame(log, &signal);
        }
        self.channel.signal(key(log, None), text.as_bytes(), None);
    }
}

/// Which unsent signal a newer one replaces: one per room, and one per room and person.
#[must_use]
pub fn key(log: &LogName, by: Option<&PrincipalId>) -> u64 {
    let name = [log.as_str(), by.map_or("", PrincipalId::as_str)].join("\0");
    let hash = blake3::hash(name.as_bytes());
    u64::from_be_bytes(hash.as_bytes()[..8].try_into().expect("eight bytes"))
}

/// A room that a bug has ended is not left by those who were in it.
impl Drop for Presence {
    fn drop(&mut self) {
        count(self.inner.get_mut().here.online(), 0);
    }
}

fn frame(log: &LogName, signal: &PresenceSignal) -> String {
    envelope::signal(log, "presence", None, signal).expect("a signal has string keys and no floats")
}

fn person((id, shown): (PrincipalId, Shown)) -> Person {
    Person { id, card: shown.card().clone() }
}

#[expect(clippy::cast_precision_loss, reason = "a room holds fewer than 2^52 people")]
fn count(before: u64, after: u64) {
    if before != after {
        gauge!(metric::PRESENT).increment(after as f64 - before as f64);
    }
}
