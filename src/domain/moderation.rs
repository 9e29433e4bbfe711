//! What moderators do: look at reports and held posts, show, hide, erase.
//!
//! The lane `moderators` is their log. A held post is an entry there, with its author's mid; when it
//! is released it stands in the room at a new position with that same mid. Acts that touch both
//! logs are written so that the one which is answered comes last: a crash between them leaves an
//! unanswered command, and its retry does what is left.

use wardroom_protocol::ids::{Lane, Mid};

use super::access::Action;
use super::message::{About, Event as MessageEvent, Posted};
use super::room::Asked;
use super::{Act, Event as AnyEvent, Identified, Refusal, Row, Stand, Worded};

/// What somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Point the moderators to a message.
    Report {
        /// The message.
        of: Mid,
    },
    /// Show a message no more; or never show a held one.
    Hide {
        /// The message.
        of: Mid,
    },
    /// Show a held message.
    Release {
        /// The message.
        of: Mid,
        /// Its facts, as the lane holds them; `None` if it holds no such message. Found by the
        /// command's carrier, like rows.
        held: Option<Posted>,
    },
    /// Erase a message's words.
    Redact {
        /// The message.
        of: Mid,
    },
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Lane: somebody pointed to a message of the room.
    Reported(About),
    /// Lane: a message waits.
    Held(Posted),
    /// Lane: a held message stands in the room.
    Released(About),
    /// Room: a message is shown no more. Lane: a held one never will be.
    Hidden(About),
    /// The words of a message, of an edit of one, or of a held one were erased.
    Redacted(About),
}

impl Command {
    /// The messages it names.
    pub(super) fn names(&self) -> Vec<Mid> {
        let (Self::Report { of }
        | Self::Hide { of }
        | Self::Release { of, .. }
        | Self::Redact { of }) = self;
        vec![*of]
    }

    pub(super) fn decide(&self, asked: &Asked<'_>) -> Result<Vec<Act>, Refusal> {
        match self {
            Self::Report { of } => {
                asked.may(Action::Report)?;
                // An erased message may still be reported.
                let (_, _, about) = asked.standing(of, "/d/of")?;
                Ok(vec![in_lane(Event::Reported(about))])
            }
            Self::Hide { of } => {
                asked.may(Action::Moderate)?;
                // One that stands in the room is hidden there: its release may not have reached the lane.
                let held = asked.rows.in_lane(of).and_then(held);
                if let (Some(held), None) = (held, asked.rows.get(of)) {
                    return Ok(vec![in_lane(Event::Hidden(about(of, held)))]);
                }
                let (_, _, about) = asked.shown(of, "/d/of")?;
                Ok(vec![Act::own(AnyEvent::Moderation(Event::Hidden(about)))])
            }
            Self::Release { of, held } => release(asked, of, held.as_ref()),
            Self::Redact { of } => redact(asked, of),
        }
    }
}

fn release(asked: &Asked<'_>, of: &Mid, posted: Option<&Posted>) -> Result<Vec<Act>, Refusal> {
    asked.may(Action::Moderate)?;
    asked.open()?;
    let row = asked.rows.in_lane(of).filter(|row| row.message().is_some());
    let row = row.ok_or(Refusal::UnknownMessage { field: "/d/of" })?;
    let (Some(row), Some(posted)) = (held(row), posted) else {
        return Err(Refusal::Gone { field: "/d/of" });
    };
    let mut acts = Vec::with_capacity(2);
    // It may stand there already, if a crash came between the two.
    if asked.rows.get(of).is_none() {
        let posted = Posted {
            topic: asked.room.resolve(&posted.topic),
            submitted_at: Some(row.at),
            ..posted.clone()
        };
        acts.push(Act {
            lane: None,
            event: AnyEvent::Message(MessageEvent::Posted(posted)),
            identity: Identified::As { mid: *of, by: row.by.clone(), submit: row.submit },
            words: Worded::OfLane(row.position.seq),
        });
    }
    acts.push(in_lane(Event::Released(about(of, row))));
    Ok(acts)
}

/// A message of one's own that waits for a moderator: taken back, it waits no more.
pub(super) fn withdrawn(asked: &Asked<'_>, of: &Mid) -> Option<Act> {
    let row = asked.rows.in_lane(of).and_then(held)?;
    let mine = row.by == asked.principal.id && asked.rows.get(of).is_none();
    mine.then(|| in_lane(Event::Hidden(about(of, row))))
}

/// Every copy of the words goes: the message's edits, what the lane holds of it, itself.
fn redact(asked: &Asked<'_>, of: &Mid) -> Result<Vec<Act>, Refusal> {
    asked.may(Action::Moderate)?;
    let kept = asked.rows.in_lane(of).filter(|row| row.message().is_some());
    let Some(row) = asked.rows.get(of).filter(|row| row.message().is_some()) else {
        let row = kept.ok_or(Refusal::UnknownMessage { field: "/d/of" })?;
        if row.is_erased() {
            return Err(Refusal::Gone { field: "/d/of" });
        }
        return Ok(vec![in_lane(Event::Redacted(about(of, row)))]);
    };
    if row.is_erased() {
        return Err(Refusal::Gone { field: "/d/of" });
    }
    let (_, facts, itself) = asked.standing(of, "/d/of")?;
    let edits = facts.edits.iter().filter(|(mid, _)| {
        // Those that a first, interrupted try erased are done.
        !asked.rows.get(mid).is_some_and(Row::is_erased)
    });
    let mut acts: Vec<Act> = edits
        .map(|&(mid, seq)| {
            let about = About { of: mid, seq, topic: itself.topic };
            Act {
                identity: Identified::Derived(mid),
                ..Act::own(AnyEvent::Moderation(Event::Redacted(about)))
            }
        })
        .collect();
    if let Some(kept) = kept.filter(|row| !row.is_erased()) {
        let act = in_lane(Event::Redacted(about(of, kept)));
        acts.push(Act { identity: Identified::Derived(*of), ..act });
    }
    acts.push(Act::own(AnyEvent::Moderation(Event::Redacted(itself))));
    Ok(acts)
}

fn in_lane(event: Event) -> Act {
    Act { lane: Some(Lane::Moderators), ..Act::own(AnyEvent::Moderation(event)) }
}

/// The row of a message that still waits, its words unerased.
fn held(row: &Row) -> Option<&Row> {
    let waits = row.message().is_some_and(|message| message.stand == Stand::Held);
    (waits && !row.is_erased()).then_some(row)
}

fn about(of: &Mid, row: &Row) -> About {
    let nothing = wardroom_protocol::ids::TopicId::from_bytes([0; 16]);
    About { of: *of, seq: row.position.seq, topic: row.topic.unwrap_or(nothing) }
}

impl Event {
    /// The message it is about.
    #[must_use]
    pub fn about(&self) -> Option<&About> {
        match self {
            Self::Held(_) => None,
            Self::Reported(about)
            | Self::Released(about)
            | Self::Hidden(about)
            | Self::Redacted(about) => Some(about),
        }
    }
}

#[cfg(test)]
mod tests {
    use wardroom_protocol::ids::{Position, TopicId};

    use super::*;
    use crate::domain::access::{Principal, Role};
    use crate::domain::{Class, Kind, Room, Rows, Status, What, message};

    /// The log that each act goes to, and the seq there that it names.
    fn places(acts: Result<Vec<Act>, Refusal>) -> Vec<(Option<Lane>, u64)> {
        let place = |act: Act| {
            let about = match &act.event {
                AnyEvent::Moderation(event) => event.about(),
                AnyEvent::Message(event) => event.about(),
                _ => None,
            };
            (act.lane, about.expect("it is about a message").seq)
        };
        acts.expect("it is granted").into_iter().map(place).collect()
    }

    /// A message stands in the room and its release never reached the lane, where it still waits.
    #[test]
    fn what_stands_in_the_room_is_acted_on_there_whatever_the_lane_knows() {
        let mut room = Room::default();
        room.access.class = Some(Class::Discussion);
        let mo = Principal { id: "mo".parse().expect("an id"), roles: [Role::Moderator].into() };
        let (of, topic) = (Mid::derived([1; 16]), TopicId::from_bytes([2; 16]));
        let posted = Posted::under(topic, Kind::Message);
        let row = |stand, seq| Row {
            position: Position::new(1, seq),
            at: 0,
            by: mo.id.clone(),
            submit: [0; 32],
            topic: Some(topic),
            status: Status::Standing,
            what: What::Message(Box::new(posted.facts(stand))),
        };
        let mut rows = Rows::default();
        rows.insert(of, Some(row(Stand::Shown, 5)));
        rows.insert_lane(of, Some(row(Stand::Held, 2)));
        let lane = Some(Lane::Moderators);
        let asked = Asked { room: &room, principal: &mo, rows: &rows, now: 0 };
        assert_eq!(places(Command::Hide { of }.decide(&asked)), [(None, 5)]);
        assert_eq!(places(Command::Redact { of }.decide(&asked)), [(lane, 2), (None, 5)]);
        assert_eq!(places(Command::Report { of }.decide(&asked)), [(lane, 5)]);
        let release = Command::Release { of, held: Some(posted.clone()) };
        assert_eq!(places(release.decide(&asked)), [(lane, 2)], "what was left to do");
        for command in
            [message::Command::Edit { of }, message::Command::Retract { of, worded: false }]
        {
            assert_eq!(places(command.decide(&asked)), [(None, 5)], "{command:?}");
        }

        // What does not stand there is the lane's.
        rows.insert(of, None);
        let asked = Asked { room: &room, principal: &mo, rows: &rows, now: 0 };
        for command in [Command::Hide { of }, Command::Redact { of }] {
            assert_eq!(places(command.decide(&asked)), [(lane, 2)], "{command:?}");
        }
    }
}
