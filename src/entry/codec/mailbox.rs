//! Mailboxes.

use wardroom_protocol::mailbox as wire;

use super::{Facts, json, known, parse};
use crate::domain::Event as AnyEvent;
use crate::domain::mailbox::{Event, Filed, Why};
use crate::entry::Unreadable;

pub(super) fn op(event: &Event) -> &'static str {
    match event {
        Event::Filed(_) => "notification.filed",
        Event::ReadMarked { .. } => "read.marked",
    }
}

pub(super) fn facts(event: &Event) -> Vec<u8> {
    match event.clone() {
        Event::Filed(Filed { room, seq, of, topic, why }) => {
            json(&wire::Filed { room, seq, of, topic, why: why_out(why) })
        }
        Event::ReadMarked { room, ranges } => json(&wire::ReadMarked { room, ranges }),
    }
}

pub(super) fn event(facts: Facts<'_>) -> Result<Option<AnyEvent>, Unreadable> {
    Ok(Some(AnyEvent::Mailbox(match facts.op {
        "notification.filed" => {
            let wire::Filed { room, seq, of, topic, why } = parse(facts)?;
            let why = known(why_of(why), facts)?;
            Event::Filed(Filed { room, seq, of, topic, why })
        }
        "read.marked" => {
            let wire::ReadMarked { room, ranges } = parse(facts)?;
            Event::ReadMarked { room, ranges }
        }
        _ => return Ok(None),
    })))
}

fn why_out(why: Why) -> wire::Why {
    match why {
        Why::Mention => wire::Why::Mention,
        Why::Reply => wire::Why::Reply,
        Why::Invited => wire::Why::Invited,
        Why::Admitted => wire::Why::Admitted,
        Why::Removed => wire::Why::Removed,
        Why::Role => wire::Why::Role,
        Why::Declined => wire::Why::Declined,
    }
}

fn why_of(why: wire::Why) -> Option<Why> {
    Some(match why {
        wire::Why::Mention => Why::Mention,
        wire::Why::Reply => Why::Reply,
        wire::Why::Invited => Why::Invited,
        wire::Why::Admitted => Why::Admitted,
        wire::Why::Removed => Why::Removed,
        wire::Why::Role => Why::Role,
        wire::Why::Declined => Why::Declined,
        _ => return None,
    })
}
