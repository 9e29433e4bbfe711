//! Bodies by op: reads a JSON value as the op's type and writes it back, so that what a type does
//! not know, or writes otherwise, shows.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wardroom_protocol::code::WireError;
use wardroom_protocol::envelope::{self, Command, Entry};
use wardroom_protocol::hello::{Greeting, Hello};
use wardroom_protocol::history::{History, ReadHistory};
use wardroom_protocol::join::{Join, Joined, Leave, Left};
use wardroom_protocol::message::{
    About, Post, Posted, PostedWords, ReasonWords, Redact, Report, Typing, TypingSignal, Written,
};
use wardroom_protocol::notice::{Drain, Gap, Ping};
use wardroom_protocol::room::{
    CreateRoom, Created, ListRooms, ListTopics, Rooms, TitleWords, Topics,
};

fn read<T: DeserializeOwned + Serialize>(command: &Command<'_>) -> Result<Value, WireError> {
    Ok(serde_json::to_value(command.body::<T>()?).unwrap())
}

/// A command's body as its op's type reads it.
pub(crate) fn body(command: &Command<'_>) -> Result<Value, WireError> {
    match &*command.op {
        "hello" => read::<Hello>(command),
        "join" => read::<Join>(command),
        "leave" => read::<Leave>(command),
        "rooms" => read::<ListRooms>(command),
        "topics" => read::<ListTopics>(command),
        "history" => read::<ReadHistory>(command),
        "room.create" => read::<CreateRoom>(command),
        "message.post" => read::<Post>(command),
        "message.redact" => read::<Redact>(command),
        "message.report" => read::<Report>(command),
        "typing" => read::<Typing>(command),
        "pong" => read::<serde_json::Map<String, Value>>(command),
        op => panic!("no type is known for the command {op}"),
    }
}

fn write<T: DeserializeOwned + Serialize>(id: Option<u64>, op: &str, body: &Value) -> String {
    let body: T = serde_json::from_value(body.clone()).unwrap();
    envelope::command(id, op, &body).unwrap()
}

/// The frame this crate makes of a command.
pub(crate) fn command(id: Option<u64>, op: &str, body: &Value) -> String {
    match op {
        "hello" => write::<Hello>(id, op, body),
        "join" => write::<Join>(id, op, body),
        "leave" => write::<Leave>(id, op, body),
        "rooms" => write::<ListRooms>(id, op, body),
        "topics" => write::<ListTopics>(id, op, body),
        "history" => write::<ReadHistory>(id, op, body),
        "room.create" => write::<CreateRoom>(id, op, body),
        "message.post" => write::<Post>(id, op, body),
        "message.redact" => write::<Redact>(id, op, body),
        "message.report" => write::<Report>(id, op, body),
        "typing" => write::<Typing>(id, op, body),
        "pong" => write::<serde_json::Map<String, Value>>(id, op, body),
        op => panic!("no type is known for the command {op}"),
    }
}

fn frame<T: DeserializeOwned + Serialize>(id: u64, ok: &str) -> String {
    let ok: T = serde_json::from_str(ok).unwrap();
    envelope::reply(id, Ok(&ok)).unwrap()
}

/// The frame this crate makes of the answer to an op.
pub(crate) fn reply(id: u64, op: &str, ok: &str) -> String {
    match op {
        "hello" => frame::<Greeting>(id, ok),
        "join" => frame::<Joined>(id, ok),
        "leave" => frame::<Left>(id, ok),
        "rooms" => frame::<Rooms>(id, ok),
        "topics" => frame::<Topics>(id, ok),
        "history" => frame::<History>(id, ok),
        "room.create" | "message.post" | "message.redact" | "message.report" => {
            frame::<Written>(id, ok)
        }
        op => panic!("no type is known for the answer to {op}"),
    }
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
        _ => return None,
    })
}

/// The body of a signal as its type reads it; `None` if this version does not know the op.
pub(crate) fn signal(op: &str, d: &str) -> Option<TypingSignal> {
    (op == "typing").then(|| serde_json::from_str(d).unwrap())
}

/// An entry's facts and words as its op's types read them; `None` if the op is unknown.
pub(crate) fn entry(entry: &Entry) -> Option<(Value, Value)> {
    fn parts<F, W>(entry: &Entry) -> (Value, Value)
    where
        F: DeserializeOwned + Serialize,
        W: DeserializeOwned + Serialize,
    {
        let facts = entry.facts::<F>().unwrap();
        let words = entry.words::<W>().unwrap();
        (serde_json::to_value(facts).unwrap(), serde_json::to_value(words).unwrap())
    }
    Some(match entry.op.as_str() {
        "room.created" => parts::<Created, TitleWords>(entry),
        "message.posted" => parts::<Posted, PostedWords>(entry),
        "message.redacted" | "message.reported" => parts::<About, ReasonWords>(entry),
        _ => return None,
    })
}
