//! What the wire says to a refusal or a fault: the one place where the domain's no becomes a code.

use serde::Serialize;
use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::{envelope, message};

use crate::domain::Refusal;
use crate::guard::{Finding, Reason};
use crate::room::{Denied, Fault, OpenFault, Written};

/// How long to wait before trying an overloaded or failing node again, milliseconds.
const RETRY_MS: u64 = 250;

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

pub(super) fn refused(refusal: &Refusal) -> WireError {
    match refusal {
        Refusal::NeedsRole(role) => WireError::new(
            ErrorCode::Forbidden,
            format!("this needs the role {role}; ask an operator for a token that grants it"),
        ),
        Refusal::NotGranted => {
            WireError::new(ErrorCode::Forbidden, "nobody may do this in a room of this class yet")
        }
        Refusal::UnknownRoom => {
            WireError::new(ErrorCode::UnknownRoom, "there is no such room; the op rooms lists them")
                .at("/d/room")
        }
        Refusal::RoomExists => WireError::new(
            ErrorCode::RoomExists,
            "a room of this name exists or existed; names are never reused, choose another",
        )
        .at("/d/room"),
        Refusal::UnknownMessage { field } => WireError::new(
            ErrorCode::UnknownMessage,
            "there is no message with this mid in this room",
        )
        .at(*field),
        Refusal::OutOfOrder => WireError::new(
            ErrorCode::OutOfOrder,
            "the mid in after is not logged yet; send that one first, then this one again",
        )
        .at("/d/after")
        .after_ms(RETRY_MS),
        Refusal::MidReused => WireError::new(
            ErrorCode::MidReused,
            "this mid was used before with another content; mint a new one for a new act",
        )
        .at("/d/mid"),
        Refusal::MidTaken => {
            WireError::new(ErrorCode::MidTaken, "this mid is somebody else's; mint a new one")
                .at("/d/mid")
        }
        Refusal::AlreadyErased { .. } => WireError::new(
            ErrorCode::UnknownMessage,
            "the words of this message are erased already",
        )
        .at("/d/of"),
        Refusal::WrongLog => {
            WireError::new(ErrorCode::BadRequest, "this log does not take this op").at("/d/room")
        }
    }
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
