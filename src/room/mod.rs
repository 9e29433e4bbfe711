//! Open rooms: who decides, and how others reach them.
//!
//! One actor owns a room and its lanes: one decide loop, a tail and a watermark per log. Everybody
//! else holds a [`RoomHandle`]. The system logs are rooms to this code.

mod actor;
mod desk;
mod doors;
mod fold;
mod founding;
mod hall;
mod handle;
mod mail;
mod mailboxes;
mod names;
mod opening;
mod patience;
mod recall;
mod registry;
pub mod snapshot;
mod submission;
mod view;
mod writing;

pub use hall::{Hall, OpenFault, Parts, Reopen};
pub use handle::{Hold, RoomHandle};
pub use names::Names;
pub use patience::PATIENCE;
pub use registry::{Listed, Registry};
pub use submission::{Answer, Denied, Fault, Submission, Worded, Written};
pub use view::{Reading, Revealed, TopicView, View, Where};
