//! Who is here: arrivals and departures in, at most one piece of news per pause out.
//!
//! People are counted, not their connections: somebody with a phone and a laptop is here once, and
//! leaves when the last of the two has gone and [`GRACE`] is over. Whoever is back by then never
//! left. With more than [`PEOPLE`] here, only their number is told.
//!
//! A synchronous machine: every call brings the time elapsed since any fixed moment, which never goes
//! back, and [`Presence::due`] says when [`Presence::tick`] has something to do. While nobody comes
//! or goes it holds no deadline at all.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::time::Duration;

use wardroom_protocol::ids::PrincipalId;

/// How long somebody without a connection is still here.
pub const GRACE: Duration = Duration::from_secs(5);

/// With more people than this, only their number is told.
pub const PEOPLE: usize = 200;

/// The shortest pause between two pieces of news; a crowd of more than a thousand takes a
/// millisecond for each of them, so that telling all of them costs a thousand signals a second.
const PAUSE: Duration = Duration::from_secs(1);

/// Who is here. `C` is what they are shown by; it is handed on and never looked at.
#[derive(Clone, Debug)]
pub struct Presence<C> {
    people: BTreeMap<PrincipalId, Person<C>>,
    /// Those whose last connection has gone, by the moment at which they will have left.
    leaving: BTreeSet<(Duration, PrincipalId)>,
    /// Who came and went since the last news. `None`: at some moment since then there were more
    /// than [`PEOPLE`], so the next news is a number.
    changes: Option<Changes>,
    /// Somebody came or went since the last news. Who asked meanwhile may know another number than that
    /// told, so there is news also if it is the same again.
    moved: bool,
    /// How many pieces of news there have been.
    rev: u64,
    /// Before this moment nothing is told.
    quiet_until: Duration,
}

#[derive(Clone, Debug)]
struct Person<C> {
    /// Their connections that follow the log.
    connections: u32,
    /// When they will have left; only without a connection.
    leaves: Option<Duration>,
    shown: C,
}

#[derive(Clone, Debug, Default)]
struct Changes {
    joined: BTreeSet<PrincipalId>,
    left: BTreeSet<PrincipalId>,
}

/// What everybody here is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News<C> {
    /// Its number: one more than that of the news before.
    pub rev: u64,
    /// How many people are here.
    pub online: u64,
    /// Who came since the news before.
    pub joined: Vec<(PrincipalId, C)>,
    /// Who left since the news before. With nobody in either list only the number is told.
    pub left: Vec<PrincipalId>,
}

/// Who is here, told to somebody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster<C> {
    /// The news it rests on: what that one and those before it said is contained.
    pub rev: u64,
    /// How many people are here.
    pub online: u64,
    /// Some of them, by id, and whether there are more; `None`: they are too many to be named.
    pub people: Option<(Vec<(PrincipalId, C)>, bool)>,
}

impl<C> Default for Presence<C> {
    fn default() -> Self {
        Self {
            people: BTreeMap::new(),
            leaving: BTreeSet::new(),
            changes: Some(Changes::default()),
            moved: false,
            rev: 0,
            quiet_until: Duration::ZERO,
        }
    }
}

impl<C: Clone> Presence<C> {
    /// How many people are here, those within their grace included.
    #[must_use]
    pub fn online(&self) -> u64 {
        self.people.len() as u64
    }

    /// Whether somebody is here, if only for their grace.
    #[must_use]
    pub fn is_here(&self, who: &PrincipalId) -> bool {
        self.people.contains_key(who)
    }

    /// One more connection of theirs follows the log. What they are shown by is the newest.
    pub fn arrive(&mut self, who: &PrincipalId, shown: C) {
        match self.people.entry(who.clone()) {
            Entry::Occupied(mut known) => {
                let person = known.get_mut();
                person.connections += 1;
                person.shown = shown;
                if let Some(at) = person.leaves.take() {
                    self.leaving.remove(&(at, who.clone()));
                }
            }
            Entry::Vacant(place) => {
                place.insert(Person { connections: 1, leaves: None, shown });
                self.moved = true;
                if self.people.len() > PEOPLE {
                    self.changes = None;
                } else if let Some(changes) = &mut self.changes {
                    // Told also if their leaving was not told yet: whoever asked between the two
                    // does not know them.
                    changes.left.remove(who);
                    changes.joined.insert(who.clone());
                }
            }
        }
    }

    /// They are shown by this from now on, to whoever asks; that is no news.
    pub fn show(&mut self, who: &PrincipalId, shown: C) {
        if let Some(person) = self.people.get_mut(who) {
            person.shown = shown;
        }
    }

    /// One of their connections follows the log no more.
    pub fn depart(&mut self, who: &PrincipalId, now: Duration) {
        let Some(person) = self.people.get_mut(who) else {
            return;
        };
        person.connections = person.connections.saturating_sub(1);
        if person.connections == 0 && person.leaves.is_none() {
            person.leaves = Some(now + GRACE);
            self.leaving.insert((now + GRACE, who.clone()));
        }
    }

    /// When [`Self::tick`] has something to do; a moment that has passed means now.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        let leaves = self.leaving.first().map(|(at, _)| *at);
        let tells = self.moved.then_some(self.quiet_until);
        leaves.into_iter().chain(tells).min()
    }

    /// Lets those go whose grace is over, and tells what there is to tell.
    pub fn tick(&mut self, now: Duration) -> Option<News<C>> {
        while self.leaving.first().is_some_and(|(at, _)| *at <= now)
            && let Some((_, who)) = self.leaving.pop_first()
        {
            self.people.remove(&who);
            self.moved = true;
            if let Some(changes) = &mut self.changes {
                changes.joined.remove(&who);
                changes.left.insert(who);
            }
        }
        if !self.moved || now < self.quiet_until {
            return None;
        }
        let changes = self.changes.take().unwrap_or_default();
        self.rev += 1;
        self.moved = false;
        self.changes = (self.people.len() <= PEOPLE).then(Changes::default);
        self.quiet_until = now + PAUSE.max(Duration::from_millis(self.online()));
        let shown = |who: PrincipalId| {
            let shown = self.people.get(&who)?.shown.clone();
            Some((who, shown))
        };
        Some(News {
            rev: self.rev,
            online: self.online(),
            joined: changes.joined.into_iter().filter_map(shown).collect(),
            left: changes.left.into_iter().collect(),
        })
    }

    /// Up to `limit` of those who are here, after somebody by id.
    #[must_use]
    pub fn roster(&self, after: Option<&PrincipalId>, limit: usize) -> Roster<C> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let people = (self.people.len() <= PEOPLE).then(|| {
            let mut rest = self.people.range::<PrincipalId, _>((from, Bound::Unbounded));
            let page = rest.by_ref().take(limit);
            let page = page.map(|(who, person)| (who.clone(), person.shown.clone())).collect();
            (page, rest.next().is_some())
        });
        Roster { rev: self.rev, online: self.online(), people }
    }
}

#[cfg(test)]
mod tests;
