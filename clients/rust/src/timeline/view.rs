//! What a reader sees of a timeline.

use std::fmt;

use wardroom_protocol::identity::Profile;
use wardroom_protocol::ids::{Mid, PrincipalId, TopicId};
use wardroom_protocol::message::{Announce, MessageKind, Posted, Reaction};

use super::slot::{Post, Slot};

/// How a message stands, apart from whether its words were erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// Shown.
    Shown,
    /// Its author took it back.
    Retracted,
    /// A moderator took it out of sight.
    Hidden,
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// It waits for an answer.
    Open,
    /// Nobody can answer before its author adds something.
    NeedsInfo,
    /// This message answers it.
    Answered(Mid),
}

/// The words of reactions, in the order in which they are shown.
const REACTIONS: [Reaction; 6] = [
    Reaction::Agree,
    Reaction::Disagree,
    Reaction::Thanks,
    Reaction::Helpful,
    Reaction::Caution,
    Reaction::Seen,
];

/// A message as it is to be shown now. `Debug` shows no words.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    pub(super) seq: u64,
    pub(super) slot: &'a Slot,
    pub(super) post: &'a Post,
    pub(super) topic: TopicId,
}

impl<'a> Message<'a> {
    /// Its seq in the room.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Its identity.
    #[must_use]
    pub fn mid(&self) -> Mid {
        self.slot.mid
    }

    /// Its ordinal.
    #[must_use]
    pub fn n(&self) -> Option<u64> {
        self.post.n
    }

    /// Server time of its ordering, unix milliseconds.
    #[must_use]
    pub fn at(&self) -> u64 {
        self.post.at
    }

    /// Who wrote it.
    #[must_use]
    pub fn by(&self) -> &'a PrincipalId {
        &self.post.by
    }

    /// What it is meant as.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        self.post.facts.kind
    }

    /// Announcements: what is asked of readers.
    #[must_use]
    pub fn announce(&self) -> Option<&'a Announce> {
        self.post.facts.announce.as_ref()
    }

    /// Its facts as they were posted; its topic may be another one since.
    #[must_use]
    pub fn facts(&self) -> &'a Posted {
        &self.post.facts
    }

    /// The topic it belongs to now.
    #[must_use]
    pub fn topic(&self) -> TopicId {
        self.topic
    }

    /// How it stands.
    #[must_use]
    pub fn stand(&self) -> Stand {
        self.slot.stand()
    }

    /// Whether the words to show were erased for good: its own and those of all edits, or those of the
    /// newest edit alone.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.slot.erased || self.slot.edit.as_ref().is_some_and(|edit| edit.words.is_none())
    }

    /// Whether its author said it better since.
    #[must_use]
    pub fn is_edited(&self) -> bool {
        self.slot.edit.is_some()
    }

    /// The text to show: the newest one. `None` if it was retracted, hidden or erased.
    #[must_use]
    pub fn body(&self) -> Option<&'a str> {
        self.shown(|it| it.body.as_str(), |it| it.body.as_str())
    }

    /// The tags to show; none if there is no text to show.
    #[must_use]
    pub fn tags(&self) -> &'a [String] {
        self.shown(|it| it.tags.as_slice(), |it| it.tags.as_slice()).unwrap_or_default()
    }

    /// Its author's card, as the token told when it was posted; `None` once it is erased.
    #[must_use]
    pub fn card(&self) -> Option<&'a Profile> {
        self.post.words.as_ref().map(|words| &words.card)
    }

    /// What readers think of it: each word that somebody stands by, and who, by id.
    pub fn reactions(&self) -> impl Iterator<Item = (Reaction, Vec<&'a PrincipalId>)> {
        let slot = self.slot;
        let said = REACTIONS.into_iter().map(|word| (word, slot.reacts(word)));
        said.filter(|(_, who)| !who.is_empty()).map(|(word, who)| (word, who.into_iter().collect()))
    }

    /// Whether moderators keep it in sight.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.slot.pinned().is_some()
    }

    /// Announcements: who has taken note, by id.
    pub fn acks(&self) -> impl Iterator<Item = &'a PrincipalId> {
        self.slot.acks.iter()
    }

    /// Questions: where it stands.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        (self.kind() == MessageKind::Question).then(|| self.slot.question())
    }

    fn shown<T: ?Sized>(
        &self,
        posted: impl FnOnce(&'a wardroom_protocol::message::PostedWords) -> &'a T,
        edited: impl FnOnce(&'a wardroom_protocol::message::EditedWords) -> &'a T,
    ) -> Option<&'a T> {
        if self.stand() != Stand::Shown {
            return None;
        }
        // If the newest text is erased, the one before it does not come back.
        match &self.slot.edit {
            Some(edit) => edit.words.as_ref().map(edited),
            None => self.post.words.as_ref().map(posted),
        }
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("seq", &self.seq)
            .field("mid", &self.mid())
            .field("by", self.by())
            .field("topic", &self.topic)
            .field("stand", &self.stand())
            .field("erased", &self.is_erased())
            .finish_non_exhaustive()
    }
}

/// A topic as it is to be shown now. `Debug` shows no words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Topic<'a> {
    /// Its id.
    pub id: TopicId,
    /// Its name: the newest one. `None` if it is erased or was not read.
    pub name: Option<&'a str>,
    /// Whether it is settled.
    pub resolved: bool,
    /// It ended: its messages and names are that topic's.
    pub merged_into: Option<TopicId>,
}

impl fmt::Debug for Topic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic")
            .field("id", &self.id)
            .field("resolved", &self.resolved)
            .field("merged_into", &self.merged_into)
            .finish_non_exhaustive()
    }
}
