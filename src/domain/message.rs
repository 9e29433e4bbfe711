//! Messages, and what their authors and readers do about them.

use wardroom_protocol::ids::{Lane, Mid, PrincipalId, TopicId};

use super::access::Action;
use super::moderation;
use super::room::Asked;
use super::{Act, Event as AnyEvent, MessageFacts, Refusal, Stand, question};

/// Edits of one message.
pub const EDITS: usize = 32;
/// Pins in one room.
pub const PINS: usize = 50;

/// What a message is meant as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Talk.
    Message,
    /// Asks.
    Question,
    /// Answers.
    Answer,
    /// Tells everybody.
    Announcement,
}

/// What an announcement asks of its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announce {
    /// Readers are to acknowledge it.
    pub ack: bool,
    /// When it is over, unix milliseconds.
    pub until: Option<u64>,
}

/// What a reader thinks of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// I think so too.
    Agree,
    /// I think otherwise.
    Disagree,
    /// Thank you.
    Thanks,
    /// This helped.
    Helpful,
    /// Careful: there is a risk in it.
    Caution,
    /// I have read it.
    Seen,
}

/// What somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Say something.
    Post {
        /// What its topic's name leads to, before renamings and mergers.
        topic: TopicId,
        /// What it is meant as.
        kind: Kind,
        /// The message it replies to.
        reply_to: Option<Mid>,
        /// The mid that must be logged before this one.
        after: Option<Mid>,
        /// Imports only: keyed hash of the source's author.
        origin: Option<[u8; 16]>,
        /// People to tell.
        mentions: Vec<PrincipalId>,
        /// Announcements only.
        announce: Option<Announce>,
    },
    /// Say it better.
    Edit {
        /// The message.
        of: Mid,
    },
    /// Take it back.
    Retract {
        /// The message.
        of: Mid,
        /// And say why.
        worded: bool,
    },
    /// Think something of it, or no more.
    React {
        /// The message.
        of: Mid,
        /// What.
        reaction: Reaction,
        /// Or no more.
        on: bool,
    },
    /// Keep it in sight, or no more.
    Pin {
        /// The message.
        of: Mid,
        /// Or no more.
        on: bool,
    },
    /// Take note of an announcement.
    Ack {
        /// The announcement.
        of: Mid,
    },
}

/// The message that an act is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The message.
    pub of: Mid,
    /// Its seq in the log of the act.
    pub seq: u64,
    /// Its topic.
    pub topic: TopicId,
}

/// A message's facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The topic.
    pub topic: TopicId,
    /// What it is meant as.
    pub kind: Kind,
    /// The message it replies to.
    pub reply_to: Option<Mid>,
    /// Imports only: keyed hash of the source's author.
    pub origin: Option<[u8; 16]>,
    /// People to tell because they were named.
    pub mentions: Vec<PrincipalId>,
    /// Who wrote the message it replies to, if they are to be told.
    pub replies: Option<PrincipalId>,
    /// Announcements only.
    pub announce: Option<Announce>,
    /// Released posts: when it was submitted, unix milliseconds.
    pub submitted_at: Option<u64>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody said something.
    Posted(Posted),
    /// Its author said it better.
    Edited(About),
    /// Its author took it back.
    Retracted(About),
    /// Somebody thinks something of it.
    Reacted(About, Reaction),
    /// Or no more.
    Unreacted(About, Reaction),
    /// It is kept in sight.
    Pinned(About),
    /// Or no more.
    Unpinned(About),
    /// Somebody has taken note.
    Acked(About),
}

impl Posted {
    /// A message under a topic, and nothing else.
    #[must_use]
    pub fn under(topic: TopicId, kind: Kind) -> Self {
        Self {
            topic,
            kind,
            reply_to: None,
            origin: None,
            mentions: Vec::new(),
            replies: None,
            announce: None,
            submitted_at: None,
        }
    }

    /// The same as the index keeps it.
    #[must_use]
    pub fn facts(&self, stand: Stand) -> MessageFacts {
        MessageFacts {
            kind: self.kind,
            stand,
            question: question::State::Open,
            announce: self.announce,
            edits: Vec::new(),
        }
    }

    /// Who is told of it, and whether because they were named. Nobody of an import, and never its
    /// own author.
    pub fn tells(&self, by: &PrincipalId) -> impl Iterator<Item = (&PrincipalId, bool)> {
        let replies = self.replies.iter().filter(|person| !self.mentions.contains(person));
        let all = self.mentions.iter().map(|person| (person, true));
        let all = all.chain(replies.map(|person| (person, false)));
        let by = by.clone();
        all.filter(move |(person, _)| self.origin.is_none() && **person != by)
    }
}

impl Command {
    /// The messages it names.
    pub(super) fn names(&self) -> Vec<Mid> {
        match self {
            Self::Post { reply_to, after, .. } => reply_to.iter().chain(after).copied().collect(),
            Self::Edit { of }
            | Self::Retract { of, .. }
            | Self::React { of, .. }
            | Self::Pin { of, .. }
            | Self::Ack { of } => vec![*of],
        }
    }

    pub(super) fn decide(&self, asked: &Asked<'_>) -> Result<Vec<Act>, Refusal> {
        let event = match self {
            Self::Post { .. } => return self.post(asked),
            Self::Edit { of } => {
                asked.may(Action::Post)?;
                let (row, facts, about) = asked.shown(of, "/d/of")?;
                if row.by != asked.principal.id {
                    return Err(Refusal::NotAuthor);
                }
                asked.speaks_freely()?;
                if facts.edits.len() >= EDITS {
                    return Err(Refusal::TooMany { what: "edits", most: EDITS, field: "/d/of" });
                }
                Event::Edited(about)
            }
            Self::Retract { of, worded } => {
                asked.may(Action::Post)?;
                if let Some(act) = moderation::withdrawn(asked, of) {
                    return Ok(vec![act]);
                }
                let (row, _, about) = asked.shown(of, "/d/of")?;
                if row.by != asked.principal.id {
                    return Err(Refusal::NotAuthor);
                }
                if *worded {
                    asked.speaks_freely()?;
                }
                Event::Retracted(about)
            }
            Self::React { of, reaction, on } => {
                asked.may(Action::Post)?;
                let (_, _, about) = asked.shown(of, "/d/of")?;
                if *on {
                    Event::Reacted(about, *reaction)
                } else {
                    Event::Unreacted(about, *reaction)
                }
            }
            Self::Pin { of, on: true } => {
                asked.may(Action::Pin)?;
                let (_, _, about) = asked.shown(of, "/d/of")?;
                let pins = &asked.room.pins;
                if pins.len() >= PINS && pins.iter().all(|(pinned, _)| pinned != of) {
                    return Err(Refusal::TooMany { what: "pins", most: PINS, field: "/d/of" });
                }
                Event::Pinned(about)
            }
            Self::Pin { of, on: false } => {
                asked.may(Action::Pin)?;
                Event::Unpinned(asked.standing(of, "/d/of")?.2)
            }
            Self::Ack { of } => {
                asked.may(Action::Read)?;
                asked.open()?;
                let (_, facts, about) = asked.shown(of, "/d/of")?;
                let announce = facts.announce.filter(|announce| announce.ack);
                let announce = announce.ok_or(Refusal::NotAnnouncement)?;
                if announce.until.is_some_and(|until| until <= asked.now) {
                    return Err(Refusal::Over);
                }
                Event::Acked(about)
            }
        };
        Ok(vec![Act::own(AnyEvent::Message(event))])
    }

    fn post(&self, asked: &Asked<'_>) -> Result<Vec<Act>, Refusal> {
        let Self::Post { topic, kind, reply_to, after, origin, mentions, announce } = self else {
            return Err(Refusal::WrongLog);
        };
        asked.may(Action::Post)?;
        if origin.is_some() {
            asked.may(Action::PostAs)?;
        }
        // What was announced elsewhere may be brought in; only here may it ask anything of readers.
        if announce.is_some() || origin.is_none() && *kind == Kind::Announcement {
            asked.may(Action::Announce)?;
        }
        if announce.is_some() && *kind != Kind::Announcement {
            return Err(Refusal::WrongKind { needs: "announcement" });
        }
        // What waits for a moderator has been said, as far as its author's outbox goes.
        let logged = |mid| asked.rows.get(mid).is_some() || asked.rows.in_lane(mid).is_some();
        if after.as_ref().is_some_and(|mid| !logged(mid)) {
            return Err(Refusal::OutOfOrder);
        }
        let parent = reply_to.as_ref().map(|mid| asked.standing(mid, "/d/reply_to")).transpose()?;
        let replies = parent
            .filter(|(row, ..)| origin.is_none() && row.by != asked.principal.id)
            .map(|(row, ..)| row.by.clone());
        let posted = Posted {
            topic: asked.room.resolve(topic),
            kind: *kind,
            reply_to: *reply_to,
            origin: *origin,
            mentions: mentions.clone(),
            replies,
            announce: *announce,
            submitted_at: None,
        };
        if origin.is_none() && asked.is_looked_at() {
            let event = AnyEvent::Moderation(moderation::Event::Held(posted));
            return Ok(vec![Act { lane: Some(Lane::Moderators), ..Act::own(event) }]);
        }
        Ok(vec![Act::own(AnyEvent::Message(Event::Posted(posted)))])
    }
}

impl Event {
    /// The message it is about.
    #[must_use]
    pub fn about(&self) -> Option<&About> {
        match self {
            Self::Posted(_) => None,
            Self::Edited(about)
            | Self::Retracted(about)
            | Self::Reacted(about, _)
            | Self::Unreacted(about, _)
            | Self::Pinned(about)
            | Self::Unpinned(about)
            | Self::Acked(about) => Some(about),
        }
    }
}
