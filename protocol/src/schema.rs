//! The words of the wire as JSON Schemas, made from the types themselves: `schema/` holds what this
//! module makes, and a test keeps the two equal. It is for tools; no server and no client calls it.
//!
//! What a client sends is described as strictly as the server reads it: a field it does not know is
//! an error. What a server sends is open, because within v1 it may gain fields.

mod shapes;

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::envelope::{Command, Entry, Notice, Reply, Signal};
use crate::hello::{Greeting, Hello, Refresh, Refreshed};
use crate::history::{History, ReadHistory};
use crate::identity::{PrincipalRegistered, PrincipalWords};
use crate::join::{Join, Joined, Leave, Left};
use crate::limits::SAFE_INTEGER;
use crate::message::{Typing, TypingSignal, Written};
use crate::notice::{Drain, Expiring, Gap, Ping, Removed};
use crate::presence::{PresenceSignal, Present, ReadPresence};
use crate::room::{ListRooms, ListTopics, Rooms, Topics};
use crate::{mailbox, member, message, question, room, topic};

pub use shapes::Pong;

/// Every schema, by its name: the file is `schema/<name>.json`.
#[must_use]
pub fn documents() -> BTreeMap<String, Value> {
    let mut all = Documents::default();
    all.frames();

    all.command::<Hello, Greeting>("hello");
    all.command::<Refresh, Refreshed>("refresh");
    all.command::<Join, Joined>("join");
    all.command::<Leave, Left>("leave");
    all.command::<ListRooms, Rooms>("rooms");
    all.command::<ListTopics, Topics>("topics");
    all.command::<ReadHistory, History>("history");
    all.command::<ReadPresence, Present>("presence");
    all.writes::<room::CreateRoom>("room.create");
    all.writes::<room::SetPolicy>("room.policy");
    all.writes::<room::Archive>("room.archive");
    all.writes::<member::Invite>("member.invite");
    all.writes::<member::Knock>("member.knock");
    all.writes::<member::Admit>("member.admit");
    all.writes::<member::LeaveRoom>("member.leave");
    all.writes::<member::Remove>("member.remove");
    all.writes::<member::SetRole>("member.role");
    all.writes::<message::Post>("message.post");
    all.writes::<message::Edit>("message.edit");
    all.writes::<message::Retract>("message.retract");
    all.writes::<message::React>("message.react");
    all.writes::<message::React>("message.unreact");
    all.writes::<message::AboutMessage>("message.pin");
    all.writes::<message::AboutMessage>("message.unpin");
    all.writes::<message::AboutMessage>("announcement.ack");
    all.writes::<question::AcceptAnswer>("answer.accept");
    all.writes::<question::MarkQuestion>("question.mark");
    all.writes::<topic::RenameTopic>("topic.rename");
    all.writes::<topic::ResolveTopic>("topic.resolve");
    all.writes::<topic::MoveMessages>("topic.move");
    all.writes::<topic::MergeTopics>("topic.merge");
    all.writes::<message::Redact>("message.redact");
    all.writes::<message::Report>("message.report");
    all.writes::<message::Hide>("message.hide");
    all.writes::<message::AboutMessage>("message.release");
    all.writes::<mailbox::MarkRead>("read.mark");
    all.client_sends::<Typing>("command.typing");
    all.client_sends::<Pong>("command.pong");

    all.entry::<room::Registered, room::TitleWords>("room.registered");
    all.entry::<room::Created, room::TitleWords>("room.created");
    all.entry::<room::PolicySet, message::CardWords>("room.policy_set");
    all.entry::<room::Archived, message::MaybeReasonWords>("room.archived");
    all.entry::<member::Belongs, message::CardWords>("member.invited");
    all.entry::<member::Person, message::MaybeReasonWords>("member.knocked");
    all.entry::<member::Belongs, message::CardWords>("member.admitted");
    all.entry::<member::Person, message::CardWords>("member.left");
    all.entry::<member::Removed, message::MaybeReasonWords>("member.removed");
    all.entry::<member::Belongs, message::CardWords>("member.role_set");
    all.entry::<message::Posted, message::PostedWords>("message.posted");
    all.entry::<message::About, message::EditedWords>("message.edited");
    all.entry::<message::About, message::MaybeReasonWords>("message.retracted");
    all.entry::<message::Reacted, message::CardWords>("message.reacted");
    all.entry::<message::Reacted, message::CardWords>("message.unreacted");
    all.entry::<message::About, message::CardWords>("message.pinned");
    all.entry::<message::About, message::CardWords>("message.unpinned");
    all.entry::<message::About, message::CardWords>("announcement.acked");
    all.entry::<question::Accepted, message::CardWords>("answer.accepted");
    all.entry::<question::Marked, message::CardWords>("question.marked");
    all.entry::<topic::Renamed, topic::TopicWords>("topic.renamed");
    all.entry::<topic::Resolved, message::CardWords>("topic.resolved");
    all.entry::<topic::Moved, topic::TopicWords>("topic.moved");
    all.entry::<topic::Merged, message::CardWords>("topic.merged");
    all.entry::<message::About, message::ReasonWords>("message.redacted");
    all.entry::<message::About, message::ReasonWords>("message.reported");
    all.entry::<message::About, message::ReasonWords>("message.hidden");
    all.entry::<message::Posted, message::PostedWords>("message.held");
    all.entry::<message::About, message::CardWords>("message.released");
    all.entry::<PrincipalRegistered, PrincipalWords>("principal.registered");
    all.facts::<mailbox::Filed>("notification.filed");
    all.facts::<mailbox::ReadMarked>("read.marked");

    all.server_sends::<TypingSignal>("signal.typing");
    all.server_sends::<PresenceSignal>("signal.presence");

    all.server_sends::<Ping>("notice.ping");
    all.server_sends::<Gap>("notice.gap");
    all.server_sends::<Drain>("notice.drain");
    all.server_sends::<Expiring>("notice.expiring");
    all.server_sends::<Removed>("notice.removed");
    all.0
}

#[derive(Default)]
struct Documents(BTreeMap<String, Value>);

impl Documents {
    /// The envelopes. Each names what it is told apart from, so that a frame fits one of them only.
    fn frames(&mut self) {
        self.client_sends::<Command<'static>>("frame.command");
        self.server_sends::<Reply>("frame.reply");
        for (name, others) in [
            (self.server_sends::<Entry>("frame.entry"), &["id"][..]),
            (self.server_sends::<Signal>("frame.signal"), &["id", "seq"]),
            (self.server_sends::<Notice>("frame.notice"), &["id", "seq", "room"]),
        ] {
            let others: Vec<_> = others.iter().map(|field| json!({"required": [field]})).collect();
            if let Some(document) = self.0.get_mut(&name) {
                document["not"] = json!({"anyOf": others});
            }
        }
    }

    /// A command's body and the `ok` of its reply.
    fn command<D: JsonSchema, Ok: JsonSchema>(&mut self, op: &str) {
        self.client_sends::<D>(&format!("command.{op}"));
        self.server_sends::<Ok>(&format!("reply.{op}"));
    }

    /// A command that writes an entry.
    fn writes<D: JsonSchema>(&mut self, op: &str) {
        self.command::<D, Written>(op);
    }

    /// An entry's `d`, where there are no words.
    fn facts<Facts: JsonSchema>(&mut self, op: &str) {
        self.server_sends::<Facts>(&format!("facts.{op}"));
    }

    /// An entry's `d` and its `w`.
    fn entry<Facts: JsonSchema, Words: JsonSchema>(&mut self, op: &str) {
        self.server_sends::<Facts>(&format!("facts.{op}"));
        self.server_sends::<Words>(&format!("words.{op}"));
    }

    fn client_sends<T: JsonSchema>(&mut self, name: &str) {
        let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(plain));
        self.add::<T>(name, settings);
    }

    fn server_sends<T: JsonSchema>(&mut self, name: &str) -> String {
        let settings = SchemaSettings::draft2020_12()
            .with_transform(RecursiveTransform(plain))
            .with_transform(RecursiveTransform(open))
            .with_transform(RecursiveTransform(never_null));
        self.add::<T>(name, settings);
        name.to_owned()
    }

    fn add<T: JsonSchema>(&mut self, name: &str, settings: SchemaSettings) {
        let mut document = settings.into_generator().into_root_schema_for::<T>();
        document.insert("$id".to_owned(), format!("{name}.json").into());
        document.insert("title".to_owned(), name.into());
        self.0.insert(name.to_owned(), document.to_value());
    }
}

/// Integers have bounds instead of the names of Rust's types, absence is no default, and a
/// description is one line.
fn plain(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
    let most = match schema.get("format").and_then(Value::as_str) {
        Some("uint64" | "uint") => SAFE_INTEGER,
        Some("uint32") => u64::from(u32::MAX),
        Some("uint16") => u64::from(u16::MAX),
        Some("uint8") => u64::from(u8::MAX),
        _ => 0,
    };
    if most > 0 {
        schema.remove("format");
        schema.insert("maximum".to_owned(), most.into());
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}

/// Unknown fields are let pass.
fn open(schema: &mut Schema) {
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        schema.remove("additionalProperties");
    }
}

/// A server leaves a field out and never writes `null`.
fn never_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = &mut types[..] {
            let only = only.take();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(kinds)) = schema.get_mut("anyOf") {
        kinds.retain(|kind| kind["type"] != "null");
        if let [only] = &mut kinds[..] {
            let only = only.take();
            schema.remove("anyOf");
            for (key, value) in only.as_object().into_iter().flatten() {
                schema.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests;
