//! Every reason for which the domain says no. Definite, unless it says otherwise: nothing happened.

use wardroom_protocol::ids::Position;

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The table grants it to this role only.
    NeedsRole(&'static str),
    /// The table grants it to nobody in a room of this class.
    NotGranted,
    /// It is for those who belong to the room.
    NotMember,
    /// It was for members, and this one was taken out.
    Removed,
    /// Moderators look first at what is said here, and this would be shown at once.
    LookedAtFirst,
    /// Only the message's author may.
    NotAuthor,
    /// There is no such room, or none that the principal may know of.
    UnknownRoom,
    /// The slug is taken.
    RoomExists,
    /// The room is closed for writing.
    Archived,
    /// No message with the mid in this field.
    UnknownMessage {
        /// The field that named it.
        field: &'static str,
    },
    /// The message was retracted, hidden or erased.
    Gone {
        /// The field that named it.
        field: &'static str,
    },
    /// The message is not of the kind that this is about.
    WrongKind {
        /// What it should be.
        needs: &'static str,
    },
    /// No topic with this id.
    UnknownTopic {
        /// The field that named it.
        field: &'static str,
    },
    /// The name leads to another topic.
    TopicExists,
    /// Nobody of this id belongs to the room.
    UnknownPerson,
    /// They are in already.
    AlreadyIn,
    /// A room keeps its last owner.
    LastOwner,
    /// As many of these as there may be.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
        /// The field that is too much.
        field: &'static str,
    },
    /// The announcement's time is over.
    Over,
    /// Announcements only.
    NotAnnouncement,
    /// The mid in `after` is not logged yet.
    OutOfOrder,
    /// The mid stands for something else already.
    MidReused,
    /// The mid is another principal's.
    MidTaken,
    /// Not definite: it is kept in the lane `moderators`, and waits there.
    Held {
        /// Where it stands in the lane.
        position: Position,
    },
    /// A moderator decided not to show it.
    Declined,
    /// Too soon after the one before.
    TooSoon {
        /// How long to wait, milliseconds.
        wait_ms: u64,
    },
    /// Ranges of ordinals that do not ascend, touch, or lie beyond what there is.
    Ranges,
    /// This kind of log does not take the command.
    WrongLog,
}
