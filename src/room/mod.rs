//! Open rooms: who decides, and how others reach them.
//!
//! One actor owns a room and its lanes: one decide loop, a tail and a watermark per log. Everybody
//! else holds a [`RoomHandle`]. The system logs are rooms to this code.

mod actor;
mod deriving;
mod desk;
mod doors;
mod fold;
mod founding;
mod hall;
mod handle;
mod ledger;
mod mail;
mod mailboxes;
mod marking;
mod names;
mod opening;
mod patience;
mod recall;
mod registry;
mod reveal;
mod rights;
mod ruin;
pub mod snapshot;
mod standing;
mod submission;
mod view;
mod writing;

pub use hall::{Hall, OpenFault, Parts};
pub use handle::{Hold, RoomHandle};
pub use names::Names;
pub use patience::PATIENCE;
pub use registry::{Listed, Registry};
pub use rights::Permission;
pub use standing::Standing;
pub use submission::{Answer, Denied, Fault, Submission, Worded, Written};
pub use view::{Reading, Revealed, TopicView, View, Where};
