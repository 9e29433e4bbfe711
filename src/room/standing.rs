//! A log of the node's own, `~directory` or `~identity`: open for as long as the node is, and opened anew
//! if a bug has ended it.

use std::sync::Arc;

use wardroom_protocol::ids::LogName;

use super::doors::Doors;
use super::{Denied, Fault, Submission, Written};
use crate::guard::Screened;

/// One of them.
#[derive(Clone)]
pub struct Standing {
    pub(super) doors: Arc<Doors>,
    pub(super) log: LogName,
}

impl Standing {
    /// Submits a command and waits for its answer.
    pub async fn write(&self, submission: Screened<Submission>) -> Result<Written, Denied> {
        match self.doors.open(&self.log).await {
            Ok(open) => open.write(submission).await,
            Err(_) => Err(Denied::Fault(Fault::LogUnavailable)),
        }
    }
}
