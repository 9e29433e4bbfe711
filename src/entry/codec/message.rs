//! Messages, questions, and what moderators do.

use wardroom_protocol::{ids, message as wire, question as wire_question};

use super::{Facts, json, known, parse, wrong};
use crate::domain::message::{About, Announce, Event, Posted, Reaction};
use crate::domain::{Event as AnyEvent, Kind, moderation, question};
use crate::entry::Unreadable;

pub(super) fn op(event: &Event) -> &'static str {
    match event {
        Event::Posted(_) => "message.posted",
        Event::Edited(_) => "message.edited",
        Event::Retracted(_) => "message.retracted",
        Event::Reacted(..) => "message.reacted",
        Event::Unreacted(..) => "message.unreacted",
        Event::Pinned(_) => "message.pinned",
        Event::Unpinned(_) => "message.unpinned",
        Event::Acked(_) => "announcement.acked",
    }
}

pub(super) fn question_op(event: &question::Event) -> &'static str {
    match event {
        question::Event::Accepted { .. } => "answer.accepted",
        question::Event::Marked { .. } => "question.marked",
    }
}

pub(super) fn moderation_op(event: &moderation::Event) -> &'static str {
    match event {
        moderation::Event::Reported(_) => "message.reported",
        moderation::Event::Held(_) => "message.held",
        moderation::Event::Released(_) => "message.released",
        moderation::Event::Hidden(_) => "message.hidden",
        moderation::Event::Redacted(_) => "message.redacted",
    }
}

pub(super) fn facts(event: &Event) -> Vec<u8> {
    match event {
        Event::Posted(posted) => posted_facts(posted),
        Event::Reacted(About { of, seq, topic }, reaction)
        | Event::Unreacted(About { of, seq, topic }, reaction) => json(&wire::Reacted {
            of: *of,
            seq: *seq,
            topic: *topic,
            reaction: reaction_out(*reaction),
        }),
        Event::Edited(about)
        | Event::Retracted(about)
        | Event::Pinned(about)
        | Event::Unpinned(about)
        | Event::Acked(about) => about_facts(about),
    }
}

pub(super) fn question_facts(event: &question::Event) -> Vec<u8> {
    let &About { of, seq, topic } = event.about();
    match event {
        question::Event::Accepted { answer, .. } => {
            json(&wire_question::Accepted { of, seq, topic, answer: *answer })
        }
        question::Event::Marked { state, .. } => {
            let state = match state {
                question::State::NeedsInfo => wire_question::QuestionState::NeedsInfo,
                // An answer is accepted by an entry of its own.
                question::State::Open | question::State::Answered(_) => {
                    wire_question::QuestionState::Open
                }
            };
            json(&wire_question::Marked { of, seq, topic, state })
        }
    }
}

pub(super) fn moderation_facts(event: &moderation::Event) -> Vec<u8> {
    match event {
        moderation::Event::Held(posted) => posted_facts(posted),
        moderation::Event::Reported(about)
        | moderation::Event::Released(about)
        | moderation::Event::Hidden(about)
        | moderation::Event::Redacted(about) => about_facts(about),
    }
}

fn about_facts(about: &About) -> Vec<u8> {
    json(&wire::About { of: about.of, seq: about.seq, topic: about.topic })
}

fn posted_facts(posted: &Posted) -> Vec<u8> {
    json(&wire::Posted {
        topic: posted.topic,
        kind: kind_out(posted.kind),
        reply_to: posted.reply_to,
        origin: posted.origin.map(|hash| ids::hash_text(&hash)),
        mentions: posted.mentions.clone(),
        replies: posted.replies.clone(),
        announce: posted.announce.map(|Announce { ack, until }| wire::Announce { ack, until }),
        submitted_at: posted.submitted_at,
    })
}

pub(super) fn event(facts: Facts<'_>) -> Result<Option<AnyEvent>, Unreadable> {
    use moderation::Event as Moderation;
    let said = |event| Ok(Some(AnyEvent::Message(event)));
    let done = |event| Ok(Some(AnyEvent::Moderation(event)));
    match facts.op {
        "message.posted" => said(Event::Posted(posted_in(facts)?)),
        "message.edited" => said(Event::Edited(about_in(facts)?)),
        "message.retracted" => said(Event::Retracted(about_in(facts)?)),
        "message.reacted" => reacted_in(facts).map(|(a, r)| Event::Reacted(a, r)).and_then(said),
        "message.unreacted" => {
            reacted_in(facts).map(|(a, r)| Event::Unreacted(a, r)).and_then(said)
        }
        "message.pinned" => said(Event::Pinned(about_in(facts)?)),
        "message.unpinned" => said(Event::Unpinned(about_in(facts)?)),
        "announcement.acked" => said(Event::Acked(about_in(facts)?)),
        "message.reported" => done(Moderation::Reported(about_in(facts)?)),
        "message.held" => done(Moderation::Held(posted_in(facts)?)),
        "message.released" => done(Moderation::Released(about_in(facts)?)),
        "message.hidden" => done(Moderation::Hidden(about_in(facts)?)),
        "message.redacted" => done(Moderation::Redacted(about_in(facts)?)),
        "answer.accepted" => {
            let wire_question::Accepted { of, seq, topic, answer } = parse(facts)?;
            let about = About { of, seq, topic };
            Ok(Some(AnyEvent::Question(question::Event::Accepted { about, answer })))
        }
        "question.marked" => {
            let wire_question::Marked { of, seq, topic, state } = parse(facts)?;
            let about = About { of, seq, topic };
            let state = match state {
                wire_question::QuestionState::Open => question::State::Open,
                wire_question::QuestionState::NeedsInfo => question::State::NeedsInfo,
                _ => return Err(wrong(facts)),
            };
            Ok(Some(AnyEvent::Question(question::Event::Marked { about, state })))
        }
        _ => Ok(None),
    }
}

fn about_in(facts: Facts<'_>) -> Result<About, Unreadable> {
    let wire::About { of, seq, topic } = parse(facts)?;
    Ok(About { of, seq, topic })
}

fn reacted_in(facts: Facts<'_>) -> Result<(About, Reaction), Unreadable> {
    let wire::Reacted { of, seq, topic, reaction } = parse(facts)?;
    Ok((About { of, seq, topic }, known(reaction_of(reaction), facts)?))
}

fn posted_in(facts: Facts<'_>) -> Result<Posted, Unreadable> {
    let posted: wire::Posted = parse(facts)?;
    let announce = posted.announce.map(|announce| announce_of(&announce));
    Ok(Posted {
        topic: posted.topic,
        kind: known(kind_of(posted.kind), facts)?,
        reply_to: posted.reply_to,
        origin: posted.origin.map(|text| origin_in(&text, facts)).transpose()?,
        mentions: posted.mentions,
        replies: posted.replies,
        announce,
        submitted_at: posted.submitted_at,
    })
}

fn origin_in(text: &str, facts: Facts<'_>) -> Result<[u8; 16], Unreadable> {
    // An origin is spelled like a topic id: sixteen bytes in base32.
    let hash: ids::TopicId = text.parse().map_err(|_| wrong(facts))?;
    Ok(*hash.as_bytes())
}

/// The domain's form of what an announcement asks.
#[must_use]
pub fn announce_of(announce: &wire::Announce) -> Announce {
    Announce { ack: announce.ack, until: announce.until }
}

fn kind_out(kind: Kind) -> wire::MessageKind {
    match kind {
        Kind::Message => wire::MessageKind::Message,
        Kind::Question => wire::MessageKind::Question,
        Kind::Answer => wire::MessageKind::Answer,
        Kind::Announcement => wire::MessageKind::Announcement,
    }
}

/// The domain's word for a message's kind; `None` for one that this version does not know.
#[must_use]
pub fn kind_of(kind: wire::MessageKind) -> Option<Kind> {
    Some(match kind {
        wire::MessageKind::Message => Kind::Message,
        wire::MessageKind::Question => Kind::Question,
        wire::MessageKind::Answer => Kind::Answer,
        wire::MessageKind::Announcement => Kind::Announcement,
        _ => return None,
    })
}

fn reaction_out(reaction: Reaction) -> wire::Reaction {
    match reaction {
        Reaction::Agree => wire::Reaction::Agree,
        Reaction::Disagree => wire::Reaction::Disagree,
        Reaction::Thanks => wire::Reaction::Thanks,
        Reaction::Helpful => wire::Reaction::Helpful,
        Reaction::Caution => wire::Reaction::Caution,
        Reaction::Seen => wire::Reaction::Seen,
    }
}

/// The domain's word for a reaction; `None` for one that this version does not know.
#[must_use]
pub fn reaction_of(reaction: wire::Reaction) -> Option<Reaction> {
    Some(match reaction {
        wire::Reaction::Agree => Reaction::Agree,
        wire::Reaction::Disagree => Reaction::Disagree,
        wire::Reaction::Thanks => Reaction::Thanks,
        wire::Reaction::Helpful => Reaction::Helpful,
        wire::Reaction::Caution => Reaction::Caution,
        wire::Reaction::Seen => Reaction::Seen,
        _ => return None,
    })
}
