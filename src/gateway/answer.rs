//! What the wire says to a refusal or a fault: the one place where the domain's no becomes a code.

use serde::Serialize;
use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::{envelope, message};

use crate::domain::Refusal;
use crate::guard::{Finding, Reason};
use crate::room::{Denied, Fault, OpenFault, Written};

/// How long to wait before trying an overloaded or failing node again, milliseconds.
const RETRY_MS: u64 = 250;

/// How long to wait before asking what became of a held message, milliseconds.
const HELD_MS: u64 = 30_000;

/// A reply's frame text.
pub(super) fn reply<T: Serialize>(id: u64, result: Result<&T, &WireError>) -> String {
    envelope::reply(id, result).expect("a reply has string keys and no floats")
}

pub(super) fn written(written: &Written) -> message::Written {
    message::Written { position: written.position, at: written.at, duplicate: written.duplicate }
}

pub(super) fn denied(denied: &Denied) -> WireError {
    match denied {
        Denied::Refused(refusal) => refused(refusal),
        Denied::Fault(fault) => faulted(*fault),
    }
}

#[expect(clippy::too_many_lines, reason = "a table: a row for each refusal")]
pub(super) fn refused(refusal: &Refusal) -> WireError {
    use ErrorCode as Code;
    let (code, message, field) = match refusal {
        Refusal::NeedsRole(role) => return needs_role(role),
        Refusal::TooMany { what, most, field } => {
            let message = format!("at most {most} {what} are allowed here");
            return WireError::new(Code::TooMany, message).at(*field);
        }
        Refusal::WrongKind { needs } => {
            return WireError::new(Code::BadRequest, format!("this is for a {needs}")).at("/d");
        }
        Refusal::Held { .. } => return held(),
        Refusal::TooSoon { wait_ms } => {
            let message = "too soon after the one before; what it would say can wait and be merged";
            return WireError::new(Code::RateLimited, message).after_ms(*wait_ms);
        }
        Refusal::OutOfOrder => {
            let message =
                "the mid in after is not logged yet; send that one first, then this one again";
            return WireError::new(Code::OutOfOrder, message).at("/d/after").after_ms(RETRY_MS);
        }
        Refusal::NotGranted => (Code::Forbidden, "nobody may do this in a room of this class", ""),
        Refusal::NotMember => (
            Code::Forbidden,
            "this is for members of the room; where one must knock, member.knock asks to be let in",
            "",
        ),
        Refusal::Removed => {
            (Code::Forbidden, "a moderator of this room took you out of it", "/d/room")
        }
        Refusal::LookedAtFirst => (
            Code::Forbidden,
            "moderators of this room look at words before they are shown; say it in a new message",
            "",
        ),
        Refusal::NotAuthor => {
            (Code::Forbidden, "only the author of a message may do this", "/d/of")
        }
        Refusal::UnknownRoom => {
            (Code::UnknownRoom, "there is no such room; the op rooms lists them", "/d/room")
        }
        Refusal::RoomExists => (
            Code::RoomExists,
            "a room of this name exists or existed; names are never reused, choose another",
            "/d/room",
        ),
        Refusal::Archived => (
            Code::RoomArchived,
            "this room is archived: it can be read, and its owners can open it again",
            "/d/room",
        ),
        Refusal::UnknownMessage { field } => {
            (Code::UnknownMessage, "there is no message with this mid in this room", *field)
        }
        Refusal::Gone { field } => (
            Code::MessageGone,
            "this message was retracted, hidden or erased, and takes this no more",
            *field,
        ),
        Refusal::UnknownTopic { field } => {
            (Code::UnknownTopic, "there is no such topic in this room", *field)
        }
        Refusal::TopicExists => (
            Code::TopicExists,
            "this name leads to another topic already; topic.merge makes two topics one",
            "/d/name",
        ),
        Refusal::UnknownPerson => (
            Code::UnknownPerson,
            "nobody of this id is known here, or belongs to this room",
            "/d/person",
        ),
        Refusal::AlreadyIn => (Code::BadRequest, "they belong to this room already", "/d"),
        Refusal::LastOwner => {
            (Code::LastOwner, "a room keeps an owner; make somebody else an owner first", "/d/room")
        }
        Refusal::Over => (Code::AnnouncementOver, "this announcement's time is over", "/d/of"),
        Refusal::NotAnnouncement => {
            (Code::BadRequest, "this message asks for no acknowledgement", "/d/of")
        }
        Refusal::MidReused => (
            Code::MidReused,
            "this mid was used before with another content; mint a new one for a new act",
            "/d/mid",
        ),
        Refusal::MidTaken => {
            (Code::MidTaken, "this mid is somebody else's; mint a new one", "/d/mid")
        }
        Refusal::Declined => (
            Code::Declined,
            "this message is not shown and will not be: a moderator declined it, or its author took it back",
            "/d/mid",
        ),
        Refusal::Ranges => (
            Code::BadRequest,
            "ranges are [from, to], ascend, keep apart, and end at the room's newest ordinal",
            "/d/ranges",
        ),
        Refusal::WrongLog => (Code::BadRequest, "this log does not take this op", "/d/room"),
    };
    let error = WireError::new(code, message);
    if field.is_empty() { error } else { error.at(field) }
}

fn needs_role(role: &str) -> WireError {
    let message = format!("this needs the role {role}; ask whoever can give it to you");
    WireError::new(ErrorCode::Forbidden, message)
}

/// Not definite: it is kept, and a moderator decides.
fn held() -> WireError {
    let message = "kept for a moderator to look at; the same mid tells later what became of it";
    WireError::new(ErrorCode::Held, message).after_ms(HELD_MS)
}

pub(super) fn faulted(fault: Fault) -> WireError {
    match fault {
        Fault::LogUnavailable => WireError::new(
            ErrorCode::LogUnavailable,
            "the node cannot write its log now; nothing was done, try again with the same mid",
        )
        .after_ms(4 * RETRY_MS),
        Fault::Overloaded => WireError::new(
            ErrorCode::Overloaded,
            "the node has too much to do; nothing was done, try again with the same mid",
        )
        .after_ms(RETRY_MS),
        Fault::Unknown => WireError::new(
            ErrorCode::Unknown,
            "the node cannot say whether this was kept; send the same mid again to learn it",
        )
        .after_ms(4 * RETRY_MS),
        Fault::UpgradeNeeded => WireError::new(
            ErrorCode::LogUnavailable,
            "the log was written by a newer version and is read-only on this node",
        )
        .after_ms(60_000),
        Fault::TooLarge => WireError::new(
            ErrorCode::TooLarge,
            "the entry would be larger than a log stores; split the text",
        )
        .at("/d/body"),
    }
}

/// What an answer says of words that were erased while it waited for its reader.
pub(super) fn erased_meanwhile() -> WireError {
    let message = "words of this answer were erased before it could leave; ask again";
    WireError::new(ErrorCode::Overloaded, message).after_ms(RETRY_MS)
}

pub(super) fn not_open(fault: OpenFault) -> WireError {
    match fault {
        OpenFault::Unknown => refused(&Refusal::UnknownRoom),
        OpenFault::Log => faulted(Fault::LogUnavailable),
        OpenFault::Busy => faulted(Fault::Overloaded),
    }
}

pub(super) fn found(finding: &Finding) -> WireError {
    match finding.reason {
        Reason::Blank => WireError::new(ErrorCode::BadText, "this text may not be blank"),
        Reason::TooLong(limit) => WireError::new(
            ErrorCode::TooLarge,
            format!("this text is longer than its limit of {limit}"),
        ),
        Reason::Control => WireError::new(
            ErrorCode::BadText,
            "this text holds control characters, or a line break where a name is expected",
        ),
    }
    .at(finding.field)
}
