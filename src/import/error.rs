//! What can be wrong with a file, a row, or the right to import it. Repeats nothing of any row.

use std::path::PathBuf;

use wardroom_client::Error;
use wardroom_protocol::code::ErrorCode;

/// Why an import stopped. Rows before it are in; importing the file again is harmless.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {kind}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// The first connection failed.
    #[error("cannot start the import: {0}")]
    Connect(#[source] Box<Error>),
    /// The token may not post on behalf of others.
    #[error(
        "this token may not import: it lacks the role import. \
         Make one with: wardroom token … --role import --role moderator"
    )]
    ImportRole,
    /// The token may not found the rooms that are missing.
    #[error(
        "line {line}: its room does not exist yet, and this token may not found rooms: it lacks the \
         role moderator. Found the room first, or make a token with: \
         wardroom token … --role import --role moderator"
    )]
    ModeratorRole {
        /// The first line that needs the room.
        line: u64,
    },
    /// A line is no row.
    #[error("line {line}: {error}. Nothing of this line was sent; the lines before it are in")]
    Row {
        /// The line, from 1 on.
        line: u64,
        /// What is wrong with it.
        error: RowError,
    },
    /// The server refused a row.
    #[error("line {line}: {}", refusal(error))]
    Refused {
        /// The line, from 1 on.
        line: u64,
        /// What the server said.
        error: Box<Error>,
    },
    /// The rooms could not be listed or founded.
    #[error("cannot prepare the rooms: {0}")]
    Rooms(#[source] Box<Error>),
}

fn refusal(error: &Error) -> String {
    match error.code() {
        Some(ErrorCode::MidReused) => "its mid stands in the room already, with another text. \
             Was the file changed since it was imported? Give the row a new mid"
            .into(),
        Some(ErrorCode::MidTaken) => {
            "its mid stands in the room already, posted by somebody else. \
             Import with the token of the first import"
                .into()
        }
        _ => error.to_string(),
    }
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowError {
    /// Longer than any message can be.
    #[error("longer than {} KiB", super::source::LONGEST_LINE / 1024)]
    TooLong,
    /// Not UTF-8.
    #[error("not UTF-8 text")]
    NotUtf8,
    /// Not JSON.
    #[error("not JSON (column {0})")]
    NotJson(usize),
    /// JSON, but not a row.
    #[error(
        "not a row: a row is room, topic, kind, author, mid, reply_to? and body, all text \
         (column {0})"
    )]
    Shape(usize),
    /// A field is missing.
    #[error("the field {0} is missing")]
    Missing(&'static str),
    /// A field holds what it may not hold.
    #[error("the field {field}: {rule}")]
    Field {
        /// The field.
        field: &'static str,
        /// What it may hold.
        rule: &'static str,
    },
}
