//! Names beside the state: a room's title and its topics' names. Words, opened for readers; the
//! state itself never sees them. A name goes when the entry it came from is erased.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use wardroom_protocol::ids::TopicId;

use crate::domain::Event;

/// A name, and the seq of the entry it was read from.
type Sourced = (Arc<str>, u64);

/// The names of one room.
#[derive(Debug, Default)]
pub struct Names {
    title: Option<Sourced>,
    topics: BTreeMap<TopicId, Sourced>,
    /// Topics whose name went with an erased entry.
    lost: Vec<TopicId>,
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
            Event::RoomCreated { .. } => self.title.is_none(),
            Event::MessagePosted { topic, .. } => !self.topics.contains_key(topic),
            _ => false,
        }
    }

    /// Learns the name that entry `seq` carries.
    pub fn learn(&mut self, event: &Event, seq: u64, name: Arc<str>) {
        match event {
            Event::RoomCreated { .. } => self.title = Some((name, seq)),
            Event::MessagePosted { topic, .. } => {
                self.topics.entry(*topic).or_insert((name, seq));
            }
            _ => {}
        }
    }

    /// Forgets what came from an erased entry; `topic` is what it was filed under.
    pub fn forget(&mut self, topic: &TopicId, seq: u64) {
        if self.topics.get(topic).is_some_and(|(_, from)| *from == seq) {
            self.topics.remove(topic);
            self.lost.push(*topic);
        }
    }

    /// The topics that lost their name since the last call; another entry may still hold it.
    pub fn take_lost(&mut self) -> Vec<TopicId> {
        std::mem::take(&mut self.lost)
    }

    /// The name in an entry's opened words.
    #[must_use]
    pub fn in_words(event: &Event, words: &[u8]) -> Option<Arc<str>> {
        match event {
            Event::RoomCreated { .. } | Event::RoomRegistered { .. } => {
                serde_json::from_slice::<Title>(words).ok().map(|words| words.title.into())
            }
            Event::MessagePosted { .. } => {
                serde_json::from_slice::<Topic>(words).ok().map(|words| words.topic.into())
            }
            _ => None,
        }
    }
}
