//! Topics: what their ids and names lead to, which of them ended. Merging and renaming build on one
//! another, so the entries themselves are kept, and folded in their order whenever one comes late.

use std::collections::{BTreeMap, BTreeSet};

use wardroom_protocol::ids::TopicId;

/// Entries about topics that are kept. When there are more the oldest are forgotten, as if they had
/// never been read.
const ACTS: usize = 10_000;

/// What an entry does to topics.
#[derive(Clone, PartialEq)]
pub(super) enum Act {
    Renamed {
        topic: TopicId,
        alias: TopicId,
        name: Option<String>,
    },
    Resolved {
        topic: TopicId,
        resolved: bool,
    },
    Merged {
        topic: TopicId,
        into: TopicId,
    },
    /// Messages were moved to it; it may begin by that.
    Began {
        topic: TopicId,
        name: Option<String>,
    },
}

#[derive(Clone, Default, PartialEq)]
pub(super) struct Topics {
    acts: BTreeMap<u64, Act>,
    folded: Folded,
}

/// What follows from the acts.
#[derive(Clone, Default, PartialEq)]
struct Folded {
    /// What ended topics and other names lead to. Never to a key.
    leads: BTreeMap<TopicId, TopicId>,
    ended: BTreeMap<TopicId, TopicId>,
    resolved: BTreeSet<TopicId>,
    /// The newest name of each topic that was renamed.
    renamed: BTreeMap<TopicId, String>,
    /// The name by which a topic was first moved to, and by which entry.
    began: BTreeMap<TopicId, (u64, String)>,
    known: BTreeSet<TopicId>,
}

impl Topics {
    /// Takes an act. Whether it was new.
    pub(super) fn take(&mut self, seq: u64, act: Act) -> bool {
        if self.acts.contains_key(&seq) {
            return false;
        }
        let newest = self.acts.last_key_value().is_none_or(|(last, _)| *last < seq);
        if newest {
            self.folded.apply(seq, &act);
        }
        self.acts.insert(seq, act);
        let full = self.acts.len() > ACTS;
        if full {
            self.acts.pop_first();
        }
        if !newest || full {
            self.folded = Folded::default();
            for (seq, act) in &self.acts {
                self.folded.apply(*seq, act);
            }
        }
        true
    }

    /// What an id leads to now.
    pub(super) fn resolve(&self, id: &TopicId) -> TopicId {
        self.folded.resolve(id)
    }

    pub(super) fn merged_into(&self, id: &TopicId) -> Option<TopicId> {
        self.folded.ended.get(id).copied()
    }

    pub(super) fn is_resolved(&self, id: &TopicId) -> bool {
        self.folded.resolved.contains(id)
    }

    /// Its newest name, or the one it began with. `first`: its first message's seq and the name there.
    pub(super) fn name<'a>(
        &'a self,
        id: &TopicId,
        first: Option<(u64, &'a str)>,
    ) -> Option<&'a str> {
        if let Some(name) = self.folded.renamed.get(id) {
            return Some(name);
        }
        let began = self.folded.began.get(id).map(|(seq, name)| (*seq, name.as_str()));
        first.into_iter().chain(began).min_by_key(|(seq, _)| *seq).map(|(_, name)| name)
    }

    pub(super) fn knows(&self, id: &TopicId) -> bool {
        self.folded.known.contains(id)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = TopicId> {
        self.folded.known.iter().copied()
    }
}

impl Folded {
    fn resolve(&self, id: &TopicId) -> TopicId {
        *self.leads.get(id).unwrap_or(id)
    }

    fn apply(&mut self, seq: u64, act: &Act) {
        match act {
            Act::Renamed { topic, alias, name } => {
                let topic = self.resolve(topic);
                self.known.insert(topic);
                if let Some(name) = name {
                    self.renamed.insert(topic, name.clone());
                }
                self.lead(*alias, topic);
            }
            Act::Resolved { topic, resolved } => {
                let topic = self.resolve(topic);
                self.known.insert(topic);
                if *resolved {
                    self.resolved.insert(topic);
                } else {
                    self.resolved.remove(&topic);
                }
            }
            Act::Merged { topic, into } => {
                let into = self.resolve(into);
                self.known.extend([*topic, into]);
                // Of two nodes that merge at once, the first one's stands.
                if *topic != into && !self.ended.contains_key(topic) {
                    self.ended.insert(*topic, into);
                    self.lead(*topic, into);
                }
            }
            Act::Began { topic, name } => {
                let topic = self.resolve(topic);
                self.known.insert(topic);
                if let Some(name) = name {
                    self.began.entry(topic).or_insert((seq, name.clone()));
                }
            }
        }
    }

    /// An id leads elsewhere now, and with it what led to it.
    fn lead(&mut self, id: TopicId, to: TopicId) {
        if id == to {
            return;
        }
        for leads in self.leads.values_mut().filter(|leads| **leads == id) {
            *leads = to;
        }
        self.leads.insert(id, to);
    }
}
