//! Bodies by op: reads a JSON value as the op's type and writes it back, so that what a type does
//! not know, or writes otherwise, shows.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wardroom_protocol::code::WireError;
use wardroom_protocol::envelope::{self, Command, Entry, Signal};
use wardroom_protocol::hello::{Greeting, Hello, Refresh, Refreshed};
use wardroom_protocol::history::{History, ReadHistory};
use wardroom_protocol::join::{Join, Joined, Leave, Left};
use wardroom_protocol::message::{Typing, TypingSignal, Written};
use wardroom_protocol::notice::{Drain, Expiring, Gap, Ping, Removed};
use wardroom_protocol::presence::{PresenceSignal, Present, ReadPresence};
use wardroom_protocol::room::{ListRooms, ListTopics, Rooms, Topics};
use wardroom_protocol::{mailbox, member, message, question, room, topic};

/// Something done with an op's type, whichever it is.
trait Use {
    type Out;
    fn with<T: DeserializeOwned + Serialize + Debug>(self) -> Self::Out;
}

#[expect(clippy::match_same_arms, reason = "a table: one row per op, in the registry's order")]
fn command_type<U: Use>(op: &str, it: U) -> U::Out {
    match op {
        "hello" => it.with::<Hello>(),
        "refresh" => it.with::<Refresh>(),
        "join" => it.with::<Join>(),
        "leave" => it.with::<Leave>(),
        "rooms" => it.with::<ListRooms>(),
        "topics" => it.with::<ListTopics>(),
        "history" => it.with::<ReadHistory>(),
        "presence" => it.with::<ReadPresence>(),
        "room.create" => it.with::<room::CreateRoom>(),
        "room.policy" => it.with::<room::SetPolicy>(),
        "room.archive" => it.with::<room::Archive>(),
        "member.invite" => it.with::<member::Invite>(),
        "member.knock" => it.with::<member::Knock>(),
        "member.admit" => it.with::<member::Admit>(),
        "member.leave" => it.with::<member::LeaveRoom>(),
        "member.remove" => it.with::<member::Remove>(),
        "member.role" => it.with::<member::SetRole>(),
        "message.post" => it.with::<message::Post>(),
        "message.edit" => it.with::<message::Edit>(),
        "message.retract" => it.with::<message::Retract>(),
        "message.react" => it.with::<message::React>(),
        "message.unreact" => it.with::<message::React>(),
        "message.pin" => it.with::<message::AboutMessage>(),
        "message.unpin" => it.with::<message::AboutMessage>(),
        "announcement.ack" => it.with::<message::AboutMessage>(),
        "answer.accept" => it.with::<question::AcceptAnswer>(),
        "question.mark" => it.with::<question::MarkQuestion>(),
        "topic.rename" => it.with::<topic::RenameTopic>(),
        "topic.resolve" => it.with::<topic::ResolveTopic>(),
        "topic.move" => it.with::<topic::MoveMessages>(),
        "topic.merge" => it.with::<topic::MergeTopics>(),
        "message.redact" => it.with::<message::Redact>(),
        "message.report" => it.with::<message::Report>(),
        "message.hide" => it.with::<message::Hide>(),
        "message.release" => it.with::<message::AboutMessage>(),
        "read.mark" => it.with::<mailbox::MarkRead>(),
        "typing" => it.with::<Typing>(),
        "pong" => it.with::<serde_json::Map<String, Value>>(),
        op => panic!("no type is known for the command {op}"),
    }
}

fn answer_type<U: Use>(op: &str, it: U) -> U::Out {
    match op {
        "hello" => it.with::<Greeting>(),
        "refresh" => it.with::<Refreshed>(),
        "join" => it.with::<Joined>(),
        "leave" => it.with::<Left>(),
        "rooms" => it.with::<Rooms>(),
        "topics" => it.with::<Topics>(),
        "history" => it.with::<History>(),
        "presence" => it.with::<Present>(),
        _ if command_writes(op) => it.with::<Written>(),
        op => panic!("no type is known for the answer to {op}"),
    }
}

/// Whether a command is answered with where its entry stands.
fn command_writes(op: &str) -> bool {
    let nouns = ["room.", "member.", "message.", "announcement.", "answer.", "question.", "topic."];
    op == "read.mark" || nouns.iter().any(|noun| op.starts_with(noun))
}

struct Body<'a>(&'a Command<'a>);

impl Use for Body<'_> {
    type Out = Result<Value, WireError>;
    fn with<T: DeserializeOwned + Serialize + Debug>(self) -> Self::Out {
        Ok(serde_json::to_value(self.0.body::<T>()?).unwrap())
    }
}

/// A command's body as its op's type reads it.
pub(crate) fn body(command: &Command<'_>) -> Result<Value, WireError> {
    command_type(&command.op, Body(command))
}

struct Encode<'a>(Option<u64>, &'a str, &'a Value);

impl Use for Encode<'_> {
    type Out = String;
    fn with<T: DeserializeOwned + Serialize + Debug>(self) -> String {
        let body: T = serde_json::from_value(self.2.clone()).unwrap();
        envelope::command(self.0, self.1, &body).unwrap()
    }
}

/// The frame this crate makes of a command.
pub(crate) fn command(id: Option<u64>, op: &str, body: &Value) -> String {
    command_type(op, Encode(id, op, body))
}

struct Answer<'a>(u64, &'a str);

impl Use for Answer<'_> {
    type Out = String;
    fn with<T: DeserializeOwned + Serialize + Debug>(self) -> String {
        let ok: T = serde_json::from_str(self.1).unwrap();
        envelope::reply(self.0, Ok(&ok)).unwrap()
    }
}

/// The frame this crate makes of the answer to an op.
pub(crate) fn reply(id: u64, op: &str, ok: &str) -> String {
    answer_type(op, Answer(id, ok))
}

struct Shown<'a>(&'a str);

impl Use for Shown<'_> {
    type Out = String;
    fn with<T: DeserializeOwned + Serialize + Debug>(self) -> String {
        format!("{:?}", serde_json::from_str::<T>(self.0).unwrap())
    }
}

/// How `Debug` shows a command's body.
pub(crate) fn debug(command: &Command<'_>) -> String {
    command_type(&command.op, Shown(command.d.map_or("{}", |d| d.get())))
}

/// How `Debug` shows the answer to an op.
pub(crate) fn debug_answer(op: &str, ok: &str) -> String {
    answer_type(op, Shown(ok))
}

/// The frame this crate makes of a notice; `None` if it does not know the op.
pub(crate) fn notice(op: &str, d: &str) -> Option<String> {
    fn frame<T: DeserializeOwned + Serialize>(op: &str, d: &str) -> String {
        let d: T = serde_json::from_str(d).unwrap();
        envelope::notice(op, &d).unwrap()
    }
    Some(match op {
        "ping" => frame::<Ping>(op, d),
        "drain" => frame::<Drain>(op, d),
        "gap" => frame::<Gap>(op, d),
        "expiring" => frame::<Expiring>(op, d),
        "removed" => frame::<Removed>(op, d),
        _ => return None,
    })
}

/// The frame this crate makes of a signal, and how `Debug` shows its body; `None` if it does not
/// know the op.
pub(crate) fn signal(signal: &Signal) -> Option<(String, String)> {
    fn frame<T: DeserializeOwned + Serialize + Debug>(signal: &Signal) -> (String, String) {
        let d: T = serde_json::from_str(signal.d.as_ref().map_or("{}", |d| d.get())).unwrap();
        let by = signal.by.as_ref().map(|by| &by.id);
        (envelope::signal(&signal.room, &signal.op, by, &d).unwrap(), format!("{d:?}"))
    }
    Some(match signal.op.as_str() {
        "typing" => frame::<TypingSignal>(signal),
        "presence" => frame::<PresenceSignal>(signal),
        _ => return None,
    })
}

/// An entry's facts and words as its op's types read them, and how `Debug` shows those; `None` if
/// the op is unknown.
#[expect(clippy::match_same_arms, reason = "a table: one row per op, in the registry's order")]
fn parts(entry: &Entry) -> Option<(Value, Value, String)> {
    fn of<F, W>(entry: &Entry) -> (Value, Value, String)
    where
        F: DeserializeOwned + Serialize + Debug,
        W: DeserializeOwned + Serialize + Debug,
    {
        let facts = entry.facts::<F>().unwrap();
        let words = entry.words::<W>().unwrap();
        let shown = format!("{facts:?} {words:?}");
        let facts = serde_json::to_value(facts).unwrap();
        (facts, serde_json::to_value(words).unwrap(), shown)
    }
    Some(match entry.op.as_str() {
        "room.created" => of::<room::Created, room::TitleWords>(entry),
        "room.policy_set" => of::<room::PolicySet, message::CardWords>(entry),
        "room.archived" => of::<room::Archived, message::MaybeReasonWords>(entry),
        "member.invited" => of::<member::Belongs, message::CardWords>(entry),
        "member.knocked" => of::<member::Person, message::MaybeReasonWords>(entry),
        "member.admitted" => of::<member::Belongs, message::CardWords>(entry),
        "member.left" => of::<member::Person, message::CardWords>(entry),
        "member.removed" => of::<member::Removed, message::MaybeReasonWords>(entry),
        "member.role_set" => of::<member::Belongs, message::CardWords>(entry),
        "message.posted" => of::<message::Posted, message::PostedWords>(entry),
        "message.edited" => of::<message::About, message::EditedWords>(entry),
        "message.retracted" => of::<message::About, message::MaybeReasonWords>(entry),
        "message.reacted" => of::<message::Reacted, message::CardWords>(entry),
        "message.unreacted" => of::<message::Reacted, message::CardWords>(entry),
        "message.pinned" => of::<message::About, message::CardWords>(entry),
        "message.unpinned" => of::<message::About, message::CardWords>(entry),
        "announcement.acked" => of::<message::About, message::CardWords>(entry),
        "answer.accepted" => of::<question::Accepted, message::CardWords>(entry),
        "question.marked" => of::<question::Marked, message::CardWords>(entry),
        "topic.renamed" => of::<topic::Renamed, topic::TopicWords>(entry),
        "topic.resolved" => of::<topic::Resolved, message::CardWords>(entry),
        "topic.moved" => of::<topic::Moved, topic::TopicWords>(entry),
        "topic.merged" => of::<topic::Merged, message::CardWords>(entry),
        "message.redacted" => of::<message::About, message::ReasonWords>(entry),
        "message.reported" => of::<message::About, message::ReasonWords>(entry),
        "message.hidden" => of::<message::About, message::ReasonWords>(entry),
        "message.held" => of::<message::Posted, message::PostedWords>(entry),
        "message.released" => of::<message::About, message::CardWords>(entry),
        "notification.filed" => of::<mailbox::Filed, Value>(entry),
        "read.marked" => of::<mailbox::ReadMarked, Value>(entry),
        _ => return None,
    })
}

/// An entry's facts and words as its op's types read them; `None` if the op is unknown.
pub(crate) fn entry(entry: &Entry) -> Option<(Value, Value)> {
    parts(entry).map(|(facts, words, _)| (facts, words))
}

/// How `Debug` shows an entry's facts and words.
pub(crate) fn debug_entry(entry: &Entry) -> String {
    parts(entry).map_or_else(String::new, |(_, _, shown)| shown)
}
