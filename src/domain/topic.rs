//! Topics: their names, whether they are settled, and which messages belong to them.
//!
//! A topic's id is a hash of its first name. Renaming and merging add aliases: what a name leads to
//! is looked up before anything is filed. Entries never change, so a moved or merged message keeps
//! the id it was filed under; the state knows where it belongs.

use std::collections::{BTreeMap, BTreeSet};

use wardroom_protocol::ids::{Mid, PrincipalId, TopicId};

use super::access::Action;
use super::room::Asked;
use super::{Act, Event as AnyEvent, Refusal};

/// Messages that one command moves.
pub const MOVES: usize = 50;

/// A topic of a room. Its name is words and lives elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The seq of the entry that began it.
    pub began: u64,
    /// The seq of its first message.
    pub first: u64,
    /// The seq of its newest message.
    pub last: u64,
    /// How many messages it holds.
    pub messages: u64,
    /// Who began it.
    pub by: PrincipalId,
    /// Whether it is settled.
    pub resolved: bool,
    /// It ended: its messages and names are that topic's.
    pub merged_into: Option<TopicId>,
}

/// Where a topic's entries are filed, for whoever reads it from the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filing {
    /// The ids its entries are filed under.
    pub under: Vec<TopicId>,
    /// Messages filed elsewhere that were moved here, by seq, with the topic they would belong to otherwise.
    pub also: BTreeMap<u64, TopicId>,
    /// The ids that entries of such a topic are filed under: those about a message from before it was moved.
    pub before: BTreeMap<TopicId, Vec<TopicId>>,
    /// Messages filed under them that were moved away.
    pub except: BTreeSet<u64>,
}

/// A room's topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// By id.
    pub all: BTreeMap<TopicId, Topic>,
    /// The ids in order of first use.
    pub order: Vec<TopicId>,
    /// What other names lead to. Never to an alias.
    pub aliases: BTreeMap<TopicId, TopicId>,
    /// Messages that were moved, by seq: the topic they belong to, and the one they were filed under.
    pub moved: BTreeMap<u64, (TopicId, TopicId)>,
}

/// What somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Give it another name.
    Rename {
        /// The topic.
        topic: TopicId,
        /// What the new name is hashed to.
        alias: TopicId,
    },
    /// Say that it is settled, or is not.
    Resolve {
        /// The topic.
        topic: TopicId,
        /// Or is not.
        resolved: bool,
    },
    /// Move messages to another topic.
    Move {
        /// The messages.
        of: Vec<Mid>,
        /// What the name of the other one is hashed to.
        to: TopicId,
    },
    /// Make two topics one.
    Merge {
        /// The topic that ends.
        topic: TopicId,
        /// The topic that goes on.
        into: TopicId,
    },
}

/// A message that was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The message.
    pub of: Mid,
    /// Its seq.
    pub seq: u64,
    /// The topic it was filed under when it was posted.
    pub filed: TopicId,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has another name.
    Renamed {
        /// The topic.
        topic: TopicId,
        /// What leads to it now.
        alias: TopicId,
    },
    /// It is settled, or is not.
    Resolved {
        /// The topic.
        topic: TopicId,
        /// Or is not.
        resolved: bool,
    },
    /// Messages belong to it now.
    Moved {
        /// The topic.
        topic: TopicId,
        /// The messages.
        messages: Vec<Moved>,
    },
    /// It ended in another one.
    Merged {
        /// The topic that ended.
        topic: TopicId,
        /// The topic that goes on.
        into: TopicId,
    },
}

impl Command {
    /// The messages it names.
    pub(super) fn names(&self) -> Vec<Mid> {
        match self {
            Self::Move { of, .. } => of.clone(),
            Self::Rename { .. } | Self::Resolve { .. } | Self::Merge { .. } => Vec::new(),
        }
    }

    pub(super) fn decide(&self, asked: &Asked<'_>) -> Result<Vec<Act>, Refusal> {
        asked.may(Action::Post)?;
        let topics = &asked.room.topics;
        let known = |id: &TopicId, field| {
            let id = topics.resolve(id);
            topics.all.get(&id).map(|topic| (id, topic)).ok_or(Refusal::UnknownTopic { field })
        };
        let event = match self {
            Self::Rename { topic, alias } => {
                let (topic, facts) = known(topic, "/d/topic")?;
                if facts.by != asked.principal.id {
                    asked.may(Action::Moderate)?;
                }
                asked.speaks_freely()?;
                let leads = topics.resolve(alias);
                if leads != topic && (topics.all.contains_key(&leads) || leads != *alias) {
                    return Err(Refusal::TopicExists);
                }
                Event::Renamed { topic, alias: *alias }
            }
            Self::Resolve { topic, resolved } => {
                let (topic, facts) = known(topic, "/d/topic")?;
                if facts.by != asked.principal.id {
                    asked.may(Action::Moderate)?;
                }
                Event::Resolved { topic, resolved: *resolved }
            }
            Self::Move { of, to } => {
                asked.may(Action::Moderate)?;
                if of.len() > MOVES || of.is_empty() {
                    return Err(Refusal::TooMany { what: "messages", most: MOVES, field: "/d/of" });
                }
                let messages = of.iter().map(|mid| {
                    let (row, ..) = asked.standing(mid, "/d/of")?;
                    let filed = row.topic.ok_or(Refusal::UnknownMessage { field: "/d/of" })?;
                    Ok(Moved { of: *mid, seq: row.position.seq, filed })
                });
                let messages = messages.collect::<Result<Vec<_>, Refusal>>()?;
                Event::Moved { topic: topics.resolve(to), messages }
            }
            Self::Merge { topic, into } => {
                asked.may(Action::Moderate)?;
                let (topic, _) = known(topic, "/d/topic")?;
                let (into, _) = known(into, "/d/into")?;
                if topic == into {
                    return Err(Refusal::UnknownTopic { field: "/d/into" });
                }
                Event::Merged { topic, into }
            }
        };
        Ok(vec![Act::own(AnyEvent::Topic(event))])
    }
}

impl Event {
    /// The topic it is filed under.
    #[must_use]
    pub fn topic(&self) -> TopicId {
        match self {
            Self::Renamed { topic, .. }
            | Self::Resolved { topic, .. }
            | Self::Moved { topic, .. } => *topic,
            Self::Merged { into, .. } => *into,
        }
    }
}

impl Topics {
    /// What a name's hash, or an id that may have ended, leads to.
    #[must_use]
    pub fn resolve(&self, id: &TopicId) -> TopicId {
        *self.aliases.get(id).unwrap_or(id)
    }

    /// Where a message belongs, by its seq and the topic it was filed under.
    #[must_use]
    pub fn of(&self, seq: u64, filed: &TopicId) -> TopicId {
        self.resolve(self.moved.get(&seq).map_or(filed, |(topic, _)| topic))
    }

    /// Where a topic's entries are filed.
    #[must_use]
    pub fn filing(&self, topic: &TopicId) -> Filing {
        let topic = self.resolve(topic);
        let mut filing = Filing { under: self.ids(topic), ..Filing::default() };
        for (&seq, (to, filed)) in &self.moved {
            let belongs = self.resolve(to) == topic;
            match (belongs, filing.under.contains(filed)) {
                (true, false) => {
                    let home = self.resolve(filed);
                    filing.before.entry(home).or_insert_with(|| self.ids(home));
                    filing.also.insert(seq, home);
                }
                (false, true) => {
                    filing.except.insert(seq);
                }
                _ => {}
            }
        }
        filing
    }

    /// A topic's id, and all that lead to it.
    fn ids(&self, topic: TopicId) -> Vec<TopicId> {
        let aliases = self.aliases.iter().filter(|(_, leads)| **leads == topic);
        std::iter::once(topic).chain(aliases.map(|(alias, _)| *alias)).collect()
    }

    /// A message stands under a topic now, by the entry `now`.
    pub(super) fn count(&mut self, topic: TopicId, seq: u64, now: u64, by: &PrincipalId) {
        if let Some(known) = self.all.get_mut(&topic) {
            known.first = known.first.min(seq);
            known.last = known.last.max(seq);
            known.messages += 1;
            return;
        }
        let fresh = Topic {
            began: now,
            first: seq,
            last: seq,
            messages: 1,
            by: by.clone(),
            resolved: false,
            merged_into: None,
        };
        self.all.insert(topic, fresh);
        self.order.push(topic);
    }

    pub(super) fn apply(&mut self, event: &Event, now: u64, by: &PrincipalId) {
        match event {
            // Where several nodes write, an entry may name a topic that has ended before it: it
            // concerns the one that goes on.
            Event::Renamed { topic, alias } => self.lead(*alias, self.resolve(topic)),
            Event::Resolved { topic, resolved } => {
                let topic = self.resolve(topic);
                if let Some(topic) = self.all.get_mut(&topic) {
                    topic.resolved = *resolved;
                }
            }
            Event::Moved { topic, messages } => {
                let topic = self.resolve(topic);
                for Moved { seq, filed, .. } in messages {
                    let from = self.of(*seq, filed);
                    if let Some(from) = self.all.get_mut(&from) {
                        from.messages = from.messages.saturating_sub(1);
                    }
                    self.moved.insert(*seq, (topic, *filed));
                    self.count(topic, *seq, now, by);
                }
            }
            Event::Merged { topic, into } => self.merge(*topic, self.resolve(into)),
        }
    }

    fn merge(&mut self, topic: TopicId, into: TopicId) {
        let Some(ended) = self.all.get_mut(&topic) else { return };
        if topic == into || ended.merged_into.is_some() {
            return;
        }
        ended.merged_into = Some(into);
        let (first, last, messages) = (ended.first, ended.last, ended.messages);
        if let Some(goes_on) = self.all.get_mut(&into) {
            goes_on.first = goes_on.first.min(first);
            goes_on.last = goes_on.last.max(last);
            goes_on.messages += messages;
        }
        self.lead(topic, into);
    }

    /// An id leads elsewhere from now on, and with it what led to it.
    fn lead(&mut self, id: TopicId, to: TopicId) {
        if id == to {
            return;
        }
        for leads in self.aliases.values_mut().filter(|leads| **leads == id) {
            *leads = to;
        }
        self.aliases.insert(id, to);
    }
}
