//! What comes to a room, and what goes back.

use std::sync::Arc;

use bytes::Bytes;
use wardroom_protocol::ids::{LogName, Mid, Position};

use crate::delivery::Gate;
use crate::domain::access::Principal;
use crate::domain::{Command, Refusal};
use crate::seal::Sealed;

/// A command with all that an entry needs besides its place. Made on the caller's task: words never
/// come from decide.
#[derive(Debug)]
pub struct Submission {
    /// Who asks.
    pub principal: Arc<Principal>,
    /// The identity of the act.
    pub mid: Mid,
    /// The facts.
    pub command: Command,
    /// Keyed hash of what was submitted.
    pub submit: [u8; 32],
    /// The words; derived entries of mailboxes have none.
    pub words: Option<Worded>,
}

/// Words, sealed for the log they most likely go to, and still in hand for those who read live. The
/// room seals them again where they go elsewhere: into a lane, or under another mid.
#[derive(Debug)]
pub struct Worded {
    /// The log that they are sealed for.
    pub log: LogName,
    /// As they rest.
    pub sealed: Sealed,
    /// As they read: the proposer's JSON.
    pub open: Bytes,
    /// The name they carry, if they do: a title, or a topic's name.
    pub name: Option<Arc<str>>,
}

/// A command that became an entry, now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where it stands.
    pub position: Position,
    /// When it was ordered, unix milliseconds.
    pub at: u64,
    /// Whether it had been written before.
    pub duplicate: bool,
}

/// Why it did not become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The domain said no.
    Refused(Refusal),
    /// The infrastructure failed.
    Fault(Fault),
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The node cannot write its log; nothing was done.
    LogUnavailable,
    /// A bounded queue is full; nothing was done.
    Overloaded,
    /// Ordered, but its safety was not confirmed.
    Unknown,
    /// The log holds entries of a newer version and is read-only here.
    UpgradeNeeded,
    /// The entry would be larger than a log stores.
    TooLarge,
}

type Give = Box<dyn FnOnce(Result<Written, Denied>) -> Option<Arc<Gate>> + Send>;

/// Takes the answer, once what it rests on is safe. One that is dropped before says that the outcome is
/// not known: whatever a bug ends, nobody waits for ever.
pub struct Answer(Option<Give>);

impl Answer {
    /// Calls this with the answer, once. It returns the gate to push, if there is one.
    pub fn new(
        give: impl FnOnce(Result<Written, Denied>) -> Option<Arc<Gate>> + Send + 'static,
    ) -> Self {
        Self(Some(Box::new(give)))
    }

    /// Gives it. Returns the gate to push, if there is one.
    #[must_use]
    pub fn give(mut self, outcome: Result<Written, Denied>) -> Option<Arc<Gate>> {
        self.0.take().and_then(|give| give(outcome))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(give) = self.0.take()
            && let Some(gate) = give(Err(Denied::Fault(Fault::Unknown)))
        {
            gate.push();
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    #[test]
    fn an_answer_is_given_once_and_never_lost() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let answer = || {
            let told = Arc::clone(&told);
            Answer::new(move |outcome| {
                told.lock().push(outcome);
                None
            })
        };
        let refused = Err(Denied::Fault(Fault::Overloaded));
        assert!(answer().give(refused.clone()).is_none());
        assert_eq!(
            told.lock().as_slice(),
            std::slice::from_ref(&refused),
            "not once more when it goes"
        );
        drop(answer());
        assert_eq!(*told.lock(), [refused, Err(Denied::Fault(Fault::Unknown))]);
    }
}
