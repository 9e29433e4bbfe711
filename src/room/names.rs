//! Names beside the state: a room's title and its topics' names. Words, opened for readers; the
//! state itself never sees them. A name goes when the entry it came from is erased.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::Deserialize;
use wardroom_protocol::ids::TopicId;

use crate::domain::topic::Event as TopicEvent;
use crate::domain::{Event, message};

/// A name, and the seq of the entry it was read from.
type Sourced = (Arc<str>, u64);

/// The names of one room.
#[derive(Debug, Default)]
pub struct Names {
    title: Option<Sourced>,
    topics: BTreeMap<TopicId, Sourced>,
    /// Topics whose name went with an erased entry.
    lost: Vec<TopicId>,
    /// Topics' names in entries that the store may lack, oldest first.
    fresh: VecDeque<(TopicId, Sourced)>,
    /// Entries whose words the store may still hold, each behind the seq of the one that erases it.
    erased: VecDeque<(u64, u64)>,
}

/// Where names stand: facts, unlike the names.
#[derive(Debug)]
pub(super) struct Sources {
    /// The seq of the entry with the title.
    pub(super) title: Option<u64>,
    /// The seq of an entry with its name, for each topic.
    pub(super) topics: BTreeMap<TopicId, u64>,
}

#[derive(Deserialize)]
struct Title {
    title: String,
}

#[derive(Deserialize)]
struct Topic {
    topic: String,
}

impl Names {
    /// The room's title.
    #[must_use]
    pub fn title(&self) -> Option<&Arc<str>> {
        self.title.as_ref().map(|(name, _)| name)
    }

    /// A topic's name.
    #[must_use]
    pub fn topic(&self, topic: &TopicId) -> Option<&Arc<str>> {
        self.topics.get(topic).map(|(name, _)| name)
    }

    /// Whether the words of this event would teach a name that is not known yet.
    #[must_use]
    pub fn lacks(&self, event: &Event) -> bool {
        match event {
            Event::RoomCreated(_) => self.title.is_none(),
            // The newest name is the name.
            Event::Topic(TopicEvent::Renamed { .. }) => true,
            event => topic_of(event).is_some_and(|topic| !self.topics.contains_key(&topic)),
        }
    }

    /// Learns the name that entry `seq` carries.
    pub fn learn(&mut self, event: &Event, seq: u64, name: Arc<str>) {
        match event {
            Event::RoomCreated(_) => self.title = Some((name, seq)),
            Event::Topic(TopicEvent::Renamed { topic, .. }) => {
                self.topics.insert(*topic, (name, seq));
            }
            event => {
                if let Some(topic) = topic_of(event) {
                    self.topics.entry(topic).or_insert((name, seq));
                }
            }
        }
    }

    pub(super) fn sources(&self) -> Sources {
        Sources {
            title: self.title.as_ref().map(|(_, seq)| *seq),
            topics: self.topics.iter().map(|(topic, (_, seq))| (*topic, *seq)).collect(),
        }
    }

    /// A topic's name, as entry `seq` has it.
    pub(super) fn set(&mut self, topic: TopicId, seq: u64, name: Arc<str>) {
        self.topics.insert(topic, (name, seq));
    }

    /// Learns the name that entry `seq` carries, which was written just now: the store lacks it.
    pub(super) fn hear(&mut self, event: &Event, seq: u64, name: Arc<str>) {
        if let Some(topic) = topic_of(event) {
            self.fresh.push_back((topic, (Arc::clone(&name), seq)));
        }
        self.learn(event, seq, name);
    }

    /// The store has everything up to this seq.
    pub(super) fn settle(&mut self, stored: u64) {
        while self.fresh.pop_front_if(|(_, (_, seq))| *seq <= stored).is_some() {}
        while self.erased.pop_front_if(|(by, _)| *by <= stored).is_some() {}
    }

    /// Forgets what came from entry `seq`, which entry `by` erases.
    pub fn forget(&mut self, seq: u64, by: u64) {
        self.erased.push_back((by, seq));
        self.fresh.retain(|(_, (_, from))| *from != seq);
        let lost = self.topics.iter().filter(|(_, (_, from))| *from == seq);
        for topic in lost.map(|(topic, _)| *topic).collect::<Vec<_>>() {
            self.topics.remove(&topic);
            self.lost.push(topic);
        }
    }

    /// The topics that lost their name since the last call; another entry may still hold it.
    pub fn take_lost(&mut self) -> Vec<TopicId> {
        std::mem::take(&mut self.lost)
    }

    /// The seqs of entries that are erased, whatever the store says.
    pub(super) fn erased(&self) -> BTreeSet<u64> {
        self.erased.iter().map(|(_, seq)| *seq).collect()
    }

    /// Learns a topic's name from the first entry with one that the store may lack.
    pub(super) fn recall_fresh(&mut self, topic: TopicId) {
        if let Some((_, sourced)) = self.fresh.iter().find(|(of, _)| *of == topic) {
            self.topics.entry(topic).or_insert_with(|| sourced.clone());
        }
    }

    /// The name in an entry's opened words.
    #[must_use]
    pub fn in_words(event: &Event, words: &[u8]) -> Option<Arc<str>> {
        match event {
            Event::RoomCreated(_) | Event::RoomRegistered(..) => {
                serde_json::from_slice::<Title>(words).ok().map(|words| words.title.into())
            }
            Event::Topic(TopicEvent::Renamed { .. } | TopicEvent::Moved { .. })
            | Event::Message(message::Event::Posted(_)) => {
                serde_json::from_slice::<Topic>(words).ok().map(|words| words.topic.into())
            }
            _ => None,
        }
    }
}

/// The topic whose name stands in the words of this event.
fn topic_of(event: &Event) -> Option<TopicId> {
    match event {
        Event::Message(message::Event::Posted(posted)) => Some(posted.topic),
        Event::Topic(TopicEvent::Moved { topic, .. }) => Some(*topic),
        _ => None,
    }
}
