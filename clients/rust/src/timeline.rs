//! What a room shows: its messages and topics as the entries so far leave them.
//!
//! A log only grows: an edit, a reaction, a move is an entry of its own, and whoever shows a message
//! folds them. [`Timeline`] does it as the server does (SPEC.md, "Which ops depend on one another"),
//! and in whatever order the entries come: live, replayed, or in pages that reach further and
//! further back. What it shows follows from the entries it was given and from nothing else, because
//! every part of it goes by `seq`.
//!
//! Bounded: see [`Timeline::with_capacity`].

mod slot;
mod topics;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::de::DeserializeOwned;
use wardroom_protocol::envelope;
use wardroom_protocol::history::History;
use wardroom_protocol::ids::{LogName, Mid, TopicId};
use wardroom_protocol::message::{About, EditedWords, PostedWords, Reacted};
use wardroom_protocol::{message, question, topic};

use crate::event::{Entry, Event};
use slot::{Post, Slot};
use topics::{Act, Topics};
pub use view::{Message, Question, Stand, Topic};

/// Records kept unless [`Timeline::with_capacity`] says otherwise.
const CAPACITY: usize = 50_000;

/// A room's messages and topics. `Debug` shows no words.
#[derive(Clone, PartialEq)]
pub struct Timeline {
    log: LogName,
    capacity: usize,
    /// What the slots weigh together.
    weight: usize,
    /// Nothing is kept of messages below.
    floor: u64,
    /// The greatest seq taken.
    head: u64,
    /// By the seq of the message: what is known of it, also before it was read itself.
    slots: BTreeMap<u64, Slot>,
    seqs: HashMap<Mid, u64>,
    /// From the seq of a message's newest edit to the message.
    edits: BTreeMap<u64, u64>,
    /// The messages posted under each id, wherever they belong now.
    filed: BTreeMap<TopicId, BTreeSet<u64>>,
    topics: Topics,
}

/// What an entry changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// The messages, by seq, that are to be shown otherwise than before.
    pub messages: BTreeSet<u64>,
    /// Topics have other names, are settled, or became one: any message may belong elsewhere.
    pub topics: bool,
    /// All that was held is void and was dropped: read the room's newest page again.
    pub dropped: bool,
}

impl Timeline {
    /// Of a room from which nothing was read yet.
    #[must_use]
    pub fn new(log: LogName) -> Self {
        Self::with_capacity(log, CAPACITY)
    }

    /// The same with room for this many records: a message is one, and so is each reaction to it and
    /// each person who took note of it. When it is full the oldest messages are forgotten with all
    /// about them, however they came, and [`Timeline::floor`] tells from where on something is kept;
    /// so what is kept does not depend on the order of pages either. Of topics, the newest 10,000
    /// entries about them are kept.
    #[must_use]
    pub fn with_capacity(log: LogName, capacity: usize) -> Self {
        Self {
            log,
            capacity,
            weight: 0,
            floor: 0,
            head: 0,
            slots: BTreeMap::new(),
            seqs: HashMap::new(),
            edits: BTreeMap::new(),
            filed: BTreeMap::new(),
            topics: Topics::default(),
        }
    }

    /// Takes an event of the room's stream; what is no entry changes nothing. After
    /// [`Event::Rejoined`] it holds nothing that is off the log's line.
    pub fn hear(&mut self, event: &Event) -> Changed {
        match event {
            Event::Rejoined(it) => self.rejoined(it.joined.after.seq, it.reset),
            event => event.entry().map(|entry| self.entry(entry)).unwrap_or_default(),
        }
    }

    /// Takes an entry. Twice is as good as once.
    pub fn entry(&mut self, entry: &Entry) -> Changed {
        self.text(entry.raw())
    }

    /// Takes a page of `history`.
    pub fn page(&mut self, page: &History) -> Changed {
        let mut changed = Changed::default();
        for entry in &page.entries {
            let of_this = self.text(entry.get());
            changed.messages.extend(of_this.messages);
            changed.topics |= of_this.topics;
        }
        changed
    }

    /// From this seq on everything that was read is kept: below it, messages were forgotten because
    /// there was no room for them. 0: nothing was forgotten.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// A message, by its seq.
    #[must_use]
    pub fn at(&self, seq: u64) -> Option<Message<'_>> {
        self.slots.get(&seq).and_then(|slot| self.view(seq, slot))
    }

    /// A message, by its mid.
    #[must_use]
    pub fn message(&self, mid: &Mid) -> Option<Message<'_>> {
        self.seqs.get(mid).and_then(|seq| self.at(*seq))
    }

    /// The messages, oldest first.
    #[must_use]
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = Message<'_>> {
        self.slots.iter().filter_map(|(seq, slot)| self.view(*seq, slot))
    }

    /// The messages that belong to a topic now, oldest first. Any of its ids will do.
    #[must_use]
    pub fn messages_in(&self, topic: &TopicId) -> impl DoubleEndedIterator<Item = Message<'_>> {
        let topic = self.topics.resolve(topic);
        self.messages().filter(move |message| message.topic() == topic)
    }

    /// The messages that are kept in sight, the one pinned first before the others.
    #[must_use]
    pub fn pins(&self) -> Vec<Message<'_>> {
        let mut pins: Vec<_> = self
            .slots
            .iter()
            .filter_map(|(seq, slot)| Some((slot.pinned()?, self.view(*seq, slot)?)))
            .collect();
        pins.sort_by_key(|(pinned, _)| *pinned);
        pins.into_iter().map(|(_, message)| message).collect()
    }

    /// A topic, by any of its ids.
    #[must_use]
    pub fn topic(&self, topic: &TopicId) -> Option<Topic<'_>> {
        let topic = self.topics.resolve(topic);
        (self.filed.contains_key(&topic) || self.topics.knows(&topic))
            .then(|| self.topic_view(topic))
    }

    /// The topics that were read of, those that ended included.
    pub fn topics(&self) -> impl Iterator<Item = Topic<'_>> {
        let ids: BTreeSet<TopicId> = self.filed.keys().copied().chain(self.topics.ids()).collect();
        let ids = ids
            .into_iter()
            .filter(|id| self.topics.resolve(id) == *id || self.topics.merged_into(id).is_some());
        ids.map(|id| self.topic_view(id))
    }

    fn topic_view(&self, id: TopicId) -> Topic<'_> {
        let first = self.filed.get(&id).and_then(|seqs| {
            let named =
                seqs.iter().filter_map(|seq| Some((*seq, self.slots.get(seq)?.topic_name()?)));
            named.min_by_key(|(seq, _)| *seq)
        });
        Topic {
            id,
            name: self.topics.name(&id, first),
            resolved: self.topics.is_resolved(&id),
            merged_into: self.topics.merged_into(&id),
        }
    }

    fn view<'a>(&'a self, seq: u64, slot: &'a Slot) -> Option<Message<'a>> {
        let post = slot.post.as_ref()?;
        let topic = self.topics.resolve(&slot.belongs(post));
        Some(Message { seq, slot, post, topic })
    }

    /// The log's line ends at `after`: what was held above it never happened there. A fold cannot be
    /// taken back, so then all of it goes.
    fn rejoined(&mut self, after: u64, reset: bool) -> Changed {
        let dropped = self.head > 0 && (reset || after < self.head);
        if dropped {
            *self = Self::with_capacity(self.log.clone(), self.capacity);
        }
        Changed { dropped, ..Changed::default() }
    }

    fn text(&mut self, text: &str) -> Changed {
        match serde_json::from_str::<envelope::Entry>(text) {
            Ok(entry) if entry.room == self.log => self.take(&entry),
            _ => Changed::default(),
        }
    }

    fn take(&mut self, entry: &envelope::Entry) -> Changed {
        self.head = self.head.max(entry.seq);
        let mut changed = Changed::default();
        // What does not read as its op says is as an op that is not known.
        match entry.op.as_str() {
            "message.posted" => changed.messages.extend(self.posted(entry)),
            "topic.moved" => self.moved(entry, &mut changed),
            "topic.renamed" | "topic.resolved" | "topic.merged" => {
                changed.topics =
                    topic_act(entry).is_some_and(|act| self.topics.take(entry.seq, act));
            }
            _ => changed.messages.extend(self.about(entry)),
        }
        self.make_room(&mut changed);
        changed
    }

    fn posted(&mut self, entry: &envelope::Entry) -> Option<u64> {
        let facts: message::Posted = entry.facts().ok()?;
        let words = entry.words::<PostedWords>().ok().flatten();
        let filed = facts.topic;
        let post = Post { by: entry.by.id.clone(), at: entry.at, n: entry.n, facts, words };
        self.change(entry.seq, entry.mid, |slot| slot.posted(post, entry.erased))?;
        self.filed.entry(filed).or_default().insert(entry.seq);
        Some(entry.seq)
    }

    /// An entry about one message. Answers its seq if it may be shown otherwise now.
    fn about(&mut self, entry: &envelope::Entry) -> Option<u64> {
        let (seq, by) = (entry.seq, &entry.by.id);
        let of: About = match entry.op.as_str() {
            "message.edited" | "message.retracted" | "message.hidden" | "message.redacted"
            | "message.pinned" | "message.unpinned" | "announcement.acked" | "message.reacted"
            | "message.unreacted" | "answer.accepted" | "question.marked" => entry.facts().ok()?,
            _ => return None,
        };
        let change =
            |line: &mut Self, with: &mut dyn FnMut(&mut Slot)| line.change(of.seq, of.of, with);
        match entry.op.as_str() {
            "message.edited" => return self.edited(entry, &of),
            "message.redacted" => return self.redacted(&of),
            "message.retracted" => change(self, &mut |it| it.ends(seq, Stand::Retracted)),
            "message.hidden" => change(self, &mut |it| it.ends(seq, Stand::Hidden)),
            "message.pinned" => change(self, &mut |it| it.pin(seq, true)),
            "message.unpinned" => change(self, &mut |it| it.pin(seq, false)),
            "announcement.acked" => change(self, &mut |it| it.acked(by)),
            op @ ("message.reacted" | "message.unreacted") => {
                let reaction = entry.facts::<Reacted>().ok()?.reaction;
                change(self, &mut |it| it.reacted(seq, by, reaction, op == "message.reacted"))
            }
            op => {
                let state = question_state(op, entry)?;
                change(self, &mut |it| it.asked(seq, state))
            }
        }
        .map(|()| of.seq)
    }

    fn edited(&mut self, entry: &envelope::Entry, of: &About) -> Option<u64> {
        let mut words = entry.words::<EditedWords>().ok().flatten();
        // Its own words may have been erased by an entry that was read before it.
        if self.slots.get(&entry.seq).is_some_and(|slot| slot.erased) {
            words = None;
        }
        let mut replaced = None;
        self.change(of.seq, of.of, |slot| replaced = slot.edited(entry.seq, words))?;
        if let Some(before) = replaced {
            before.map(|before| self.edits.remove(&before));
            self.edits.insert(entry.seq, of.seq);
        }
        Some(of.seq)
    }

    /// What is erased is a message, or one edit of one.
    fn redacted(&mut self, of: &About) -> Option<u64> {
        self.change(of.seq, of.of, Slot::erase)?;
        let edited = self.edits.get(&of.seq).copied();
        if let Some(message) = edited {
            self.slots.get_mut(&message)?.erase_edit(of.seq);
        }
        Some(edited.unwrap_or(of.seq))
    }

    fn moved(&mut self, entry: &envelope::Entry, changed: &mut Changed) {
        let Ok(facts) = entry.facts::<topic::Moved>() else { return };
        for moved in &facts.messages {
            let done = self.change(moved.seq, moved.of, |slot| slot.moved(entry.seq, facts.topic));
            changed.messages.extend(done.map(|()| moved.seq));
        }
        // A topic may begin with it, and then has its name from it.
        let name = words::<topic::TopicWords>(entry).map(|words| words.topic);
        changed.topics = self.topics.take(entry.seq, Act::Began { topic: facts.topic, name });
    }

    /// Changes what is known of a message; not of one that was forgotten.
    fn change(&mut self, seq: u64, mid: Mid, change: impl FnOnce(&mut Slot)) -> Option<()> {
        if seq < self.floor {
            return None;
        }
        let weight = &mut self.weight;
        let slot = self.slots.entry(seq).or_insert_with(|| {
            *weight += 1;
            Slot::new(mid)
        });
        self.seqs.insert(mid, seq);
        let before = slot.weight();
        change(slot);
        // What is known of a message only grows.
        self.weight += slot.weight() - before;
        Some(())
    }

    /// Forgets the oldest messages if there is no room for all.
    fn make_room(&mut self, changed: &mut Changed) {
        while self.weight > self.capacity
            && let Some((seq, slot)) = self.slots.pop_first()
        {
            self.weight -= slot.weight();
            self.floor = seq + 1;
            self.seqs.remove(&slot.mid);
            slot.edit.as_ref().map(|edit| self.edits.remove(&edit.seq));
            if let Some(post) = &slot.post
                && let Some(filed) = self.filed.get_mut(&post.facts.topic)
            {
                filed.remove(&seq);
                if filed.is_empty() {
                    self.filed.remove(&post.facts.topic);
                }
            }
            changed.messages.remove(&seq);
        }
    }
}

fn words<T: DeserializeOwned>(entry: &envelope::Entry) -> Option<T> {
    entry.words().ok().flatten()
}

fn topic_act(entry: &envelope::Entry) -> Option<Act> {
    Some(match entry.op.as_str() {
        "topic.renamed" => {
            let topic::Renamed { topic, alias } = entry.facts().ok()?;
            let name = words::<topic::TopicWords>(entry).map(|words| words.topic);
            Act::Renamed { topic, alias, name }
        }
        "topic.resolved" => {
            let topic::Resolved { topic, resolved } = entry.facts().ok()?;
            Act::Resolved { topic, resolved }
        }
        _ => {
            let topic::Merged { topic, into } = entry.facts().ok()?;
            Act::Merged { topic, into }
        }
    })
}

fn question_state(op: &str, entry: &envelope::Entry) -> Option<Question> {
    if op == "answer.accepted" {
        return Some(Question::Answered(entry.facts::<question::Accepted>().ok()?.answer));
    }
    match entry.facts::<question::Marked>().ok()?.state {
        question::QuestionState::Open => Some(Question::Open),
        question::QuestionState::NeedsInfo => Some(Question::NeedsInfo),
        _ => None,
    }
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline")
            .field("log", &self.log)
            .field("messages", &self.slots.len())
            .field("head", &self.head)
            .field("floor", &self.floor)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
