//! Topics.

use wardroom_protocol::topic as wire;

use super::{Facts, json, parse};
use crate::domain::Event as AnyEvent;
use crate::domain::topic::{Event, Moved};
use crate::entry::Unreadable;

pub(super) fn op(event: &Event) -> &'static str {
    match event {
        Event::Renamed { .. } => "topic.renamed",
        Event::Resolved { .. } => "topic.resolved",
        Event::Moved { .. } => "topic.moved",
        Event::Merged { .. } => "topic.merged",
    }
}

pub(super) fn facts(event: &Event) -> Vec<u8> {
    match event {
        Event::Renamed { topic, alias } => json(&wire::Renamed { topic: *topic, alias: *alias }),
        Event::Resolved { topic, resolved } => {
            json(&wire::Resolved { topic: *topic, resolved: *resolved })
        }
        Event::Moved { topic, messages } => {
            let messages = messages.iter().map(|moved| wire::MovedMessage {
                of: moved.of,
                seq: moved.seq,
                from: moved.filed,
            });
            json(&wire::Moved { topic: *topic, messages: messages.collect() })
        }
        Event::Merged { topic, into } => json(&wire::Merged { topic: *topic, into: *into }),
    }
}

pub(super) fn event(facts: Facts<'_>) -> Result<Option<AnyEvent>, Unreadable> {
    Ok(Some(AnyEvent::Topic(match facts.op {
        "topic.renamed" => {
            let wire::Renamed { topic, alias } = parse(facts)?;
            Event::Renamed { topic, alias }
        }
        "topic.resolved" => {
            let wire::Resolved { topic, resolved } = parse(facts)?;
            Event::Resolved { topic, resolved }
        }
        "topic.moved" => {
            let wire::Moved { topic, messages } = parse(facts)?;
            let messages = messages.into_iter();
            let messages = messages.map(|m| Moved { of: m.of, seq: m.seq, filed: m.from });
            Event::Moved { topic, messages: messages.collect() }
        }
        "topic.merged" => {
            let wire::Merged { topic, into } = parse(facts)?;
            Event::Merged { topic, into }
        }
        _ => return Ok(None),
    })))
}
