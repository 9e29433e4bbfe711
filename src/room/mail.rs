//! What people are told in their mailboxes of entries elsewhere: derived entries. The owner is
//! written first; what follows from it has a mid hashed from it, so it comes out the same however
//! often it is proposed.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wardroom_protocol::ids::{LogName, Mid, PrincipalId};

use super::Submission;
use super::desk::Desk;
use super::ledger::{Ledger, Slip};
use crate::domain::access::{Access, Action, Principal};
use crate::domain::mailbox::{Filed, Why};
use crate::domain::{Act, Event, Identified, Row, Rows, Stand, member, message, moderation};

/// Notes of new entries that wait for the carrier at most. What comes then is left, and derived again.
const QUEUE: usize = 4096;
/// The same for notes that are derived again; then deriving waits.
const QUEUE_AGAIN: usize = 64;

/// One mailbox is to hear of one entry.
#[derive(Clone, Debug)]
pub(super) struct Note {
    pub(super) to: PrincipalId,
    /// Who acted.
    pub(super) by: PrincipalId,
    /// The log and mid that the note's own mid is derived from.
    pub(super) owner: (LogName, Mid),
    pub(super) filed: Filed,
}

/// A note on its way. It may be dropped anywhere: it is derived again then.
pub(super) struct Letter {
    pub(super) note: Note,
    pub(super) slip: Slip,
}

impl Letter {
    /// The same, now that the entry has its seq.
    pub(super) fn at(self, seq: u64) -> Self {
        Self { note: self.note.at(seq), slip: self.slip }
    }

    /// There is no such entry, so nobody is to hear of it.
    pub(super) fn withdraw(self) {
        self.slip.filed();
    }
}

/// The way to the mailboxes.
#[derive(Clone)]
pub(super) struct Mail {
    now: mpsc::Sender<Letter>,
    /// For what is derived again.
    pub(super) again: mpsc::Sender<Letter>,
    pub(super) ledger: Arc<Ledger>,
    /// Nothing new comes, and what is on its way is to arrive.
    pub(super) ending: CancellationToken,
}

/// The carrier's end of it.
pub(super) struct Post {
    pub(super) now: mpsc::Receiver<Letter>,
    pub(super) again: mpsc::Receiver<Letter>,
    pub(super) ending: CancellationToken,
}

/// Both ends of the way.
pub(super) fn way() -> (Mail, Post) {
    let (now, come) = mpsc::channel(QUEUE);
    let (again, come_again) = mpsc::channel(QUEUE_AGAIN);
    let ending = CancellationToken::new();
    let post = Post { now: come, again: come_again, ending: ending.clone() };
    (Mail { now, again, ledger: Arc::default(), ending }, post)
}

impl Mail {
    /// Enters notes of an entry of this log, which has this seq or is about to get it.
    pub(super) fn address(&self, notes: Vec<Note>, log: &LogName, seq: u64) -> Vec<Letter> {
        let letter = |note| Letter { note, slip: self.ledger.enter(log, seq) };
        notes.into_iter().map(letter).collect()
    }

    /// Sends a letter on its way. Never waits.
    pub(super) fn send(&self, letter: Letter) {
        // Where there is no place, it is dropped.
        let _ = self.now.try_send(letter);
    }
}

impl Note {
    /// The same, now that the entry has its seq. A message that was declined never had one.
    pub(super) fn at(mut self, seq: u64) -> Self {
        if self.filed.why != Why::Declined {
            self.filed.seq = seq;
        }
        self
    }
}

/// Who is told of an act, and what.
pub(super) fn notes(desk: &Desk, act: &Act, submission: &Submission, rows: &Rows) -> Vec<Note> {
    let Some(room) = desk.room() else {
        return Vec::new();
    };
    let (mid, by) = match &act.identity {
        Identified::As { mid, by, .. } => (*mid, by),
        Identified::Own | Identified::Derived(_) => (submission.mid, &submission.principal.id),
    };
    if act.lane.is_some() {
        let (in_lane, in_room) =
            (|of: &Mid| rows.in_lane(of).cloned(), |of: &Mid| rows.get(of).cloned());
        let declines = declines(&act.event, in_lane, in_room);
        return declines.map_or_else(Vec::new, |(of, author)| {
            declined(desk.log(), &act.event, of, (mid, by), author)
        });
    }
    of_event(&room.access, desk.log(), &act.event, mid, by)
}

/// The held message that a lane's entry declines, and its author: it will not be shown, or has no words left
/// to show. One that stands in the room is not declined, whatever the lane knows of its release. Says the
/// same before the entry and after it.
pub(super) fn declines(
    event: &Event,
    in_lane: impl FnOnce(&Mid) -> Option<Row>,
    in_room: impl FnOnce(&Mid) -> Option<Row>,
) -> Option<(Mid, PrincipalId)> {
    let (about, stands): (_, &[Stand]) = match event {
        Event::Moderation(moderation::Event::Hidden(about)) => {
            (about, &[Stand::Held, Stand::Declined])
        }
        Event::Moderation(moderation::Event::Redacted(about)) => (about, &[Stand::Held]),
        _ => return None,
    };
    let row = in_lane(&about.of)?;
    let stand = row.message()?.stand;
    let declines = stands.contains(&stand) && in_room(&about.of).is_none();
    declines.then_some((about.of, row.by))
}

/// Who is told that a lane's entry declines a held message: its author.
pub(super) fn declined(
    room: &LogName,
    event: &Event,
    of: Mid,
    (mid, by): (Mid, &PrincipalId),
    author: PrincipalId,
) -> Vec<Note> {
    let told = std::iter::once((author, Why::Declined));
    build(room, told, by, mid, of, event)
}

/// Who is told of an entry of a room, and what: of those who may hear of it now.
pub(super) fn of_event(
    access: &Access,
    log: &LogName,
    event: &Event,
    mid: Mid,
    by: &PrincipalId,
) -> Vec<Note> {
    let told: Vec<(PrincipalId, Why)> = match event {
        Event::Message(message::Event::Posted(posted)) => posted
            .tells(by)
            .map(|(person, named)| (person.clone(), if named { Why::Mention } else { Why::Reply }))
            .collect(),
        Event::RoomCreated(founding) => {
            founding.with.iter().map(|person| (person.clone(), Why::Invited)).collect()
        }
        Event::Member(event) => match event {
            member::Event::Invited(person, _) => vec![(person.clone(), Why::Invited)],
            member::Event::Admitted(person, _) => vec![(person.clone(), Why::Admitted)],
            member::Event::Removed { person, .. } => vec![(person.clone(), Why::Removed)],
            member::Event::RoleSet(person, _) => vec![(person.clone(), Why::Role)],
            member::Event::Knocked(_) | member::Event::Left(_) => Vec::new(),
        },
        _ => Vec::new(),
    };
    let told = told.into_iter().filter(|(person, why)| may_hear(access, person, *why));
    build(log, told, by, mid, mid, event)
}

fn build(
    log: &LogName,
    told: impl Iterator<Item = (PrincipalId, Why)>,
    by: &PrincipalId,
    mid: Mid,
    of: Mid,
    event: &Event,
) -> Vec<Note> {
    let topic = event.topic();
    told.filter(|(person, _)| person != by)
        .map(|(to, why)| Note {
            to,
            by: by.clone(),
            owner: (log.clone(), mid),
            filed: Filed { room: log.clone(), seq: 0, of, topic, why },
        })
        .collect()
}

/// Nobody is told of what they may not read; of their own way in or out they always are.
fn may_hear(access: &Access, person: &PrincipalId, why: Why) -> bool {
    let reads = || {
        let somebody = Principal { id: person.clone(), roles: std::collections::BTreeSet::new() };
        access.may(&somebody, Action::Read).is_ok()
    };
    !matches!(why, Why::Mention | Why::Reply) || reads()
}

#[cfg(test)]
mod tests {
    use wardroom_protocol::ids::{Position, TopicId};

    use super::*;
    use crate::domain::message::{About, Posted};
    use crate::domain::{Kind, Status, What};

    #[test]
    fn what_stands_in_the_room_was_not_declined() {
        let (of, topic) = (Mid::derived([1; 16]), TopicId::from_bytes([2; 16]));
        let author: PrincipalId = "ana".parse().expect("an id");
        let row = |stand| Row {
            position: Position::new(1, 2),
            at: 0,
            by: author.clone(),
            submit: [0; 32],
            topic: Some(topic),
            status: Status::Standing,
            what: What::Message(Box::new(Posted::under(topic, Kind::Message).facts(stand))),
        };
        let about = About { of, seq: 2, topic };
        for event in [moderation::Event::Hidden(about), moderation::Event::Redacted(about)] {
            let event = Event::Moderation(event);
            // Also if its release never reached the lane.
            let stands = declines(&event, |_| Some(row(Stand::Held)), |_| Some(row(Stand::Shown)));
            assert_eq!(stands, None);
            let waits = declines(&event, |_| Some(row(Stand::Held)), |_| None);
            assert_eq!(waits, Some((of, author.clone())));
        }
    }
}
