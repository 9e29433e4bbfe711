//! Every reason for which the domain says no. Definite: nothing happened.

use wardroom_protocol::ids::Position;

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The table grants it to this role only.
    NeedsRole(&'static str),
    /// The table grants it to nobody in a room of this class.
    NotGranted,
    /// There is no such room.
    UnknownRoom,
    /// The slug is taken.
    RoomExists,
    /// No message with the mid in this field.
    UnknownMessage {
        /// The field that named it.
        field: &'static str,
    },
    /// The mid in `after` is not logged yet.
    OutOfOrder,
    /// The mid stands for something else already.
    MidReused,
    /// The mid is another principal's.
    MidTaken,
    /// The words are gone already.
    AlreadyErased {
        /// Where the message stands.
        position: Position,
    },
    /// This kind of log does not take the command.
    WrongLog,
}
