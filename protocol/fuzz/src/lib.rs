//! What must hold for every input to the decoders, whoever makes it up: a fuzzer (the targets beside
//! this file) or the ordinary tests, which include this file and play the corpora
//! (`protocol/tests/corpora.rs`). A check panics when something does not hold.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wardroom_protocol::code::WireError;
use wardroom_protocol::envelope::{self, Command, Entry, ServerFrame, depth};
use wardroom_protocol::hello::{Greeting, Hello, Refresh};
use wardroom_protocol::history::{History, ReadHistory};
use wardroom_protocol::identity::{PrincipalRegistered, PrincipalWords};
use wardroom_protocol::join::{Join, Joined, Leave, Left};
use wardroom_protocol::limits::{JSON_DEPTH, SAFE_INTEGER};
use wardroom_protocol::message::{Typing, TypingSignal, Written};
use wardroom_protocol::notice::{Drain, Expiring, Gap, Ping, Removed};
use wardroom_protocol::presence::{PresenceSignal, Present, ReadPresence};
use wardroom_protocol::room::{ListRooms, ListTopics, Rooms, Topics};
use wardroom_protocol::{mailbox, member, message, question, room, topic};

/// Reads a command's body as one type; says whether it is one.
pub type Check = fn(&Command<'_>) -> bool;

/// The body of each command. What is read as one is written as the same; what is not is refused with
/// an answer fit to send.
pub const BODIES: &[(&str, Check)] = &[
    ("hello", body::<Hello>),
    ("refresh", body::<Refresh>),
    ("join", body::<Join>),
    ("leave", body::<Leave>),
    ("rooms", body::<ListRooms>),
    ("topics", body::<ListTopics>),
    ("history", body::<ReadHistory>),
    ("presence", body::<ReadPresence>),
    ("room.create", body::<room::CreateRoom>),
    ("room.policy", body::<room::SetPolicy>),
    ("room.archive", body::<room::Archive>),
    ("member.invite", body::<member::Invite>),
    ("member.knock", body::<member::Knock>),
    ("member.admit", body::<member::Admit>),
    ("member.leave", body::<member::LeaveRoom>),
    ("member.remove", body::<member::Remove>),
    ("member.role", body::<member::SetRole>),
    ("message.post", body::<message::Post>),
    ("message.edit", body::<message::Edit>),
    ("message.retract", body::<message::Retract>),
    ("message.react", body::<message::React>),
    ("message.unreact", body::<message::React>),
    ("message.pin", body::<message::AboutMessage>),
    ("message.unpin", body::<message::AboutMessage>),
    ("announcement.ack", body::<message::AboutMessage>),
    ("answer.accept", body::<question::AcceptAnswer>),
    ("question.mark", body::<question::MarkQuestion>),
    ("topic.rename", body::<topic::RenameTopic>),
    ("topic.resolve", body::<topic::ResolveTopic>),
    ("topic.move", body::<topic::MoveMessages>),
    ("topic.merge", body::<topic::MergeTopics>),
    ("message.redact", body::<message::Redact>),
    ("message.report", body::<message::Report>),
    ("message.hide", body::<message::Hide>),
    ("message.release", body::<message::AboutMessage>),
    ("read.mark", body::<mailbox::MarkRead>),
    ("typing", body::<Typing>),
    ("pong", anything),
];

/// A frame from a client: an envelope within the limits or none, and each op's body read from it,
/// whatever op it names. Says whether it was an envelope.
pub fn envelope(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(command) = Command::decode(text) else {
        return false;
    };
    assert!(depth(bytes) <= JSON_DEPTH, "an envelope that is too deep");
    assert!(command.id.is_none_or(|id| id <= SAFE_INTEGER), "an id that no browser can hold");
    let _ = format!("{command:?}");
    for (_, check) in BODIES {
        check(&command);
    }
    true
}

fn body<T: DeserializeOwned + Serialize + Debug>(command: &Command<'_>) -> bool {
    match command.body::<T>() {
        Ok(body) => {
            let _ = format!("{body:?}");
            let frame = envelope::command(command.id, &command.op, &body)
                .expect("what was read is written");
            let again = Command::decode(&frame).expect("what is written is an envelope");
            assert_eq!((again.id, &again.op), (command.id, &command.op));
            let again = again.body::<T>().expect("what is written is a body");
            assert_eq!(text(&again), text(&body), "a body changed on its way");
            true
        }
        Err(error) => {
            assert_eq!((error.code.as_str(), error.number), ("bad_request", 200));
            assert!(error.message.len() < 160, "an error as long as its cause: {}", error.message);
            assert!(
                error.field.is_some_and(|field| field.starts_with("/d")),
                "an error of no field"
            );
            false
        }
    }
}

/// A body that nobody reads. It is not written again: numbers with a fraction need not come back to
/// the digit, and no body that is read holds one.
fn anything(command: &Command<'_>) -> bool {
    command.body::<serde_json::Map<String, serde_json::Value>>().is_ok()
}

/// A frame from a server, read as a client reads it: its body too, as each type that such a frame
/// can hold. Says whether it was a frame.
pub fn server_frame(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(frame) = ServerFrame::decode(text) else {
        return false;
    };
    let _ = format!("{frame:?}");
    match frame {
        ServerFrame::Reply(reply) => match reply.result {
            Ok(ok) => {
                for check in [
                    value::<Greeting>,
                    value::<Joined>,
                    value::<Left>,
                    value::<Rooms>,
                    value::<Topics>,
                    value::<Present>,
                    value::<Written>,
                ] {
                    check(ok.get());
                }
                // A page holds raw text, which reads from text only.
                let _ = serde_json::from_str::<History>(ok.get()).map(|page| format!("{page:?}"));
            }
            Err(error) => error_comes_back(reply.id, &error),
        },
        ServerFrame::Entry(entry) => facts_and_words(&entry),
        ServerFrame::Signal(signal) => {
            for check in [value::<TypingSignal>, value::<PresenceSignal>] {
                check(signal.d.as_ref().map_or("{}", |d| d.get()));
            }
        }
        ServerFrame::Notice(notice) => {
            let notices =
                [value::<Ping>, value::<Drain>, value::<Gap>, value::<Expiring>, value::<Removed>];
            for check in notices {
                check(notice.d.as_ref().map_or("{}", |d| d.get()));
            }
        }
    }
    true
}

fn facts_and_words(entry: &Entry) {
    assert_eq!((entry.position().epoch, entry.position().seq), (entry.epoch, entry.seq));
    for check in [
        value::<room::Registered>,
        value::<room::Created>,
        value::<room::PolicySet>,
        value::<room::Archived>,
        value::<member::Belongs>,
        value::<member::Person>,
        value::<member::Removed>,
        value::<message::Posted>,
        value::<message::About>,
        value::<message::Reacted>,
        value::<question::Accepted>,
        value::<question::Marked>,
        value::<topic::Renamed>,
        value::<topic::Resolved>,
        value::<topic::Moved>,
        value::<topic::Merged>,
        value::<mailbox::Filed>,
        value::<mailbox::ReadMarked>,
        value::<PrincipalRegistered>,
    ] {
        check(entry.d.get());
    }
    for check in [
        value::<room::TitleWords>,
        value::<message::PostedWords>,
        value::<message::EditedWords>,
        value::<message::CardWords>,
        value::<message::MaybeReasonWords>,
        value::<message::ReasonWords>,
        value::<topic::TopicWords>,
        value::<PrincipalWords>,
    ] {
        check(entry.w.as_ref().map_or("{}", |words| words.get()));
    }
}

/// What reads as this type is written as the same.
fn value<T: DeserializeOwned + Serialize + Debug>(json: &str) {
    if let Ok(value) = serde_json::from_str::<T>(json) {
        let _ = format!("{value:?}");
        let written = text(&value);
        let again: T = serde_json::from_str(&written).expect("what is written reads");
        assert_eq!(text(&again), written, "a body changed on its way");
    }
}

fn error_comes_back(id: u64, error: &WireError) {
    let frame = envelope::reply::<()>(id, Err(error)).expect("what was read is written");
    match ServerFrame::decode(&frame) {
        Ok(ServerFrame::Reply(reply)) => {
            assert_eq!(reply.result.err().as_ref(), Some(error), "an error changed on its way");
        }
        _ => panic!("an error is no reply"),
    }
}

fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("what was read is written")
}
