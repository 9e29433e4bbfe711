//! What people are told in their mailboxes of entries elsewhere: derived entries. The owner is
//! written first; what follows from it has a mid hashed from it, so it comes out the same however
//! often it is proposed.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use wardroom_protocol::ids::{LogName, Mid, PrincipalId};

use super::desk::Desk;
use super::{Fault, Submission};
use crate::domain::access::{Action, Principal};
use crate::domain::mailbox::{Filed, Why};
use crate::domain::{Act, Event, Identified, Room, Rows, member, message, moderation};

/// Notes that wait for their mailboxes at most. When there is no place, whoever would cause one is
/// told `overloaded` before anything is ordered.
pub(super) const QUEUE: usize = 4096;

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

/// The way to the mailboxes.
#[derive(Clone)]
pub(super) struct Mail(pub(super) mpsc::Sender<Note>);

/// A place in the queue.
pub(super) struct Stamp(mpsc::OwnedPermit<Note>);

impl Stamp {
    pub(super) fn send(self, note: Note) {
        self.0.send(note);
    }
}

impl Mail {
    /// Places for this many notes, or none.
    pub(super) fn stamps(&self, count: usize) -> Result<std::vec::IntoIter<Stamp>, Fault> {
        let stamps = (0..count).map(|_| match self.0.clone().try_reserve_owned() {
            Ok(permit) => Ok(Stamp(permit)),
            Err(TrySendError::Full(_)) => Err(Fault::Overloaded),
            Err(TrySendError::Closed(_)) => Err(Fault::LogUnavailable),
        });
        Ok(stamps.collect::<Result<Vec<_>, Fault>>()?.into_iter())
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
    if let Event::Moderation(moderation::Event::Hidden(about)) = &act.event
        && act.lane.is_some()
    {
        let author = rows.in_lane(&about.of).map(|row| row.by.clone());
        let told = author.map(|author| (author, Why::Declined));
        let owner = (desk.log().clone(), mid);
        return build(room, desk.log(), told.into_iter(), by, &owner, about.of, &act.event);
    }
    if act.lane.is_some() {
        return Vec::new();
    }
    of_event(room, desk.log(), &act.event, mid, by)
}

/// Who is told of an entry of a room, and what.
pub(super) fn of_event(
    room: &Room,
    log: &LogName,
    event: &Event,
    mid: Mid,
    by: &PrincipalId,
) -> Vec<Note> {
    let owner = (log.clone(), mid);
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
    build(room, log, told.into_iter(), by, &owner, mid, event)
}

fn build(
    room: &Room,
    log: &LogName,
    told: impl Iterator<Item = (PrincipalId, Why)>,
    by: &PrincipalId,
    owner: &(LogName, Mid),
    of: Mid,
    event: &Event,
) -> Vec<Note> {
    let topic = event.topic();
    told.filter(|(person, why)| person != by && may_hear(room, person, *why))
        .map(|(to, why)| Note {
            to,
            by: by.clone(),
            owner: owner.clone(),
            filed: Filed { room: log.clone(), seq: 0, of, topic, why },
        })
        .collect()
}

/// Nobody is told of what they may not read; of their own way in or out they always are.
fn may_hear(room: &Room, person: &PrincipalId, why: Why) -> bool {
    let reads = || {
        let somebody = Principal { id: person.clone(), roles: std::collections::BTreeSet::new() };
        room.access.may(&somebody, Action::Read).is_ok()
    };
    !matches!(why, Why::Mention | Why::Reply) || reads()
}
