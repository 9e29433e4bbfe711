//! What is known of one message: what it says itself, and what later entries did to it. Each part
//! goes by the seq of the entry it came from, so the order in which they were read does not matter.

use std::collections::{BTreeSet, HashMap};

use wardroom_protocol::ids::{Mid, PrincipalId, TopicId};
use wardroom_protocol::message::{EditedWords, Posted, PostedWords, Reaction};

use super::{Question, Stand};

/// What a message says itself.
#[derive(Clone, PartialEq)]
pub(super) struct Post {
    pub(super) by: PrincipalId,
    pub(super) at: u64,
    pub(super) n: Option<u64>,
    pub(super) facts: Posted,
    pub(super) words: Option<PostedWords>,
}

/// Its newest edit.
#[derive(Clone, PartialEq)]
pub(super) struct Edit {
    pub(super) seq: u64,
    pub(super) words: Option<EditedWords>,
}

#[derive(Clone, PartialEq)]
pub(super) struct Slot {
    pub(super) mid: Mid,
    /// `None`: not read yet, or no message but an edit that was erased.
    pub(super) post: Option<Post>,
    pub(super) edit: Option<Edit>,
    /// Its words are gone, also those of edits that are read later.
    pub(super) erased: bool,
    /// The first entry that took it out of sight; neither kind is taken back.
    end: Option<(u64, Stand)>,
    /// The newest that each person said with each word, and whether it was yes.
    reactions: HashMap<(PrincipalId, Reaction), (u64, bool)>,
    pub(super) acks: BTreeSet<PrincipalId>,
    pin: Option<(u64, bool)>,
    question: Option<(u64, Question)>,
    moved: Option<(u64, TopicId)>,
}

/// Whether an entry is newer than the one that something came from.
fn newer<T>(held: Option<&(u64, T)>, seq: u64) -> bool {
    held.is_none_or(|(from, _)| *from < seq)
}

impl Slot {
    pub(super) fn new(mid: Mid) -> Self {
        Self {
            mid,
            post: None,
            edit: None,
            erased: false,
            end: None,
            reactions: HashMap::new(),
            acks: BTreeSet::new(),
            pin: None,
            question: None,
            moved: None,
        }
    }

    /// Records it holds.
    pub(super) fn weight(&self) -> usize {
        1 + self.reactions.len() + self.acks.len()
    }

    pub(super) fn posted(&mut self, post: Post, erased: bool) {
        self.post = Some(post);
        if erased || self.erased {
            self.erase();
        }
    }

    /// Takes an edit if it is newer than the one held, and answers which one it took the place of.
    #[expect(clippy::option_option, reason = "not taken, taken, taken instead of another")]
    pub(super) fn edited(&mut self, seq: u64, words: Option<EditedWords>) -> Option<Option<u64>> {
        let before = self.edit.as_ref().map(|edit| edit.seq);
        if before.is_some_and(|before| before > seq) {
            return None;
        }
        let words = words.filter(|_| !self.erased);
        self.edit = Some(Edit { seq, words });
        Some(before)
    }

    pub(super) fn erase(&mut self) {
        self.erased = true;
        if let Some(post) = &mut self.post {
            post.words = None;
        }
        if let Some(edit) = &mut self.edit {
            edit.words = None;
        }
    }

    pub(super) fn erase_edit(&mut self, seq: u64) {
        if let Some(edit) = self.edit.as_mut().filter(|edit| edit.seq == seq) {
            edit.words = None;
        }
    }

    pub(super) fn ends(&mut self, seq: u64, stand: Stand) {
        if self.end.is_none_or(|(first, _)| seq < first) {
            self.end = Some((seq, stand));
        }
    }

    pub(super) fn pin(&mut self, seq: u64, on: bool) {
        if newer(self.pin.as_ref(), seq) {
            self.pin = Some((seq, on));
        }
    }

    pub(super) fn acked(&mut self, by: &PrincipalId) {
        self.acks.insert(by.clone());
    }

    pub(super) fn reacted(&mut self, seq: u64, by: &PrincipalId, reaction: Reaction, on: bool) {
        let said = self.reactions.entry((by.clone(), reaction)).or_insert((seq, on));
        if said.0 < seq {
            *said = (seq, on);
        }
    }

    pub(super) fn asked(&mut self, seq: u64, state: Question) {
        if newer(self.question.as_ref(), seq) {
            self.question = Some((seq, state));
        }
    }

    pub(super) fn moved(&mut self, seq: u64, topic: TopicId) {
        if newer(self.moved.as_ref(), seq) {
            self.moved = Some((seq, topic));
        }
    }

    pub(super) fn stand(&self) -> Stand {
        self.end.map_or(Stand::Shown, |(_, stand)| stand)
    }

    /// Where the pin stands among the others, if it is pinned: the seq that pinned it. What is out of
    /// sight or has no words is not kept in sight, whichever came first.
    pub(super) fn pinned(&self) -> Option<u64> {
        let shown = self.end.is_none() && !self.erased;
        self.pin.filter(|(_, on)| *on && shown).map(|(seq, _)| seq)
    }

    pub(super) fn question(&self) -> Question {
        self.question.map_or(Question::Open, |(_, state)| state)
    }

    /// Who reacts with this word, in order of their ids. Nobody to what is out of sight.
    pub(super) fn reacts(&self, reaction: Reaction) -> BTreeSet<&PrincipalId> {
        let shown = self.end.is_none();
        let said =
            self.reactions.iter().filter(|((_, word), (_, on))| shown && *on && *word == reaction);
        said.map(|((who, _), _)| who).collect()
    }

    /// The id of the topic that it was posted under or moved to last.
    pub(super) fn belongs(&self, post: &Post) -> TopicId {
        self.moved.map_or(post.facts.topic, |(_, topic)| topic)
    }

    /// The name of its topic as it was written.
    pub(super) fn topic_name(&self) -> Option<&str> {
        self.post.as_ref()?.words.as_ref().map(|words| words.topic.as_str())
    }
}
