//! Everybody's mailbox, opened when it is first needed, and the task that files notes in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use parking_lot::Mutex;
use tokio::sync::{OnceCell, mpsc};
use wardroom_protocol::ids::{LogName, PrincipalId};

use super::mail::Note;
use super::opening::{Opener, open_log};
use super::{Denied, OpenFault, RoomHandle, Submission};
use crate::domain::access::Principal;
use crate::domain::{Command, mailbox};
use crate::guard::{self, Screened};
use crate::telemetry::metric;

/// How often filing a note is tried before it is left to the room's next opening.
const TRIES: u32 = 20;
/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// All open mailboxes.
pub(super) struct Mailboxes {
    pub(super) opener: Opener,
    open: Mutex<BTreeMap<PrincipalId, Arc<OnceCell<RoomHandle>>>>,
}

/// A note has no words of anybody's.
struct Wordless(Submission);

impl guard::Worded for Wordless {
    fn words(&self, _show: &mut dyn FnMut(&'static str, guard::Rule, &str)) {}
}

impl Mailboxes {
    pub(super) fn new(opener: Opener) -> Self {
        Self { opener, open: Mutex::default() }
    }

    /// A person's mailbox, if it is open already.
    pub(super) fn at_hand(&self, person: &PrincipalId) -> Option<RoomHandle> {
        let cell = self.open.lock().get(person).map(Arc::clone)?;
        cell.get().cloned()
    }

    /// A person's mailbox, opened if it is not.
    pub(super) async fn of(&self, person: &PrincipalId) -> Result<RoomHandle, OpenFault> {
        let cell = Arc::clone(self.open.lock().entry(person.clone()).or_default());
        let log = LogName::mailbox(person);
        let handle = cell.get_or_try_init(|| open_log(&self.opener, &log)).await?;
        Ok(handle.clone())
    }

    /// Files notes until the node stops. What then waits is sent again when its room is opened.
    pub(super) async fn deliver(self: Arc<Self>, mut notes: mpsc::Receiver<Note>) {
        let stop = self.opener.parts.stop.clone();
        loop {
            let note = tokio::select! {
                () = stop.cancelled() => return,
                note = notes.recv() => note,
            };
            let Some(note) = note else { return };
            let mut tries = 1;
            while let Err(error) = self.file(&note).await {
                if tries == TRIES || stop.is_cancelled() {
                    counter!(metric::NOTES_LEFT).increment(1);
                    tracing::error!(
                        mailbox = %note.to, log = %note.filed.room, error,
                        "a note was not filed; it is tried again when its room is next opened",
                    );
                    break;
                }
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn file(&self, note: &Note) -> Result<(), &'static str> {
        let mailbox = self.of(&note.to).await.map_err(|_| "the mailbox could not be opened")?;
        match mailbox.write(self.entry(note)).await {
            // Refused: it stands there, from another try.
            Ok(_) | Err(Denied::Refused(_)) => Ok(()),
            Err(Denied::Fault(_)) => Err("the mailbox could not be written"),
        }
    }

    fn entry(&self, note: &Note) -> Screened<Submission> {
        let log = LogName::mailbox(&note.to);
        let keys = &self.opener.parts.keys;
        let (owner, mid) = &note.owner;
        let roles = BTreeSet::new();
        let submission = Submission {
            principal: Arc::new(Principal { id: note.by.clone(), roles }),
            mid: keys.derived_mid(owner, mid, &log),
            command: Command::Mailbox(mailbox::Command::File(note.filed.clone())),
            submit: keys.submit_hash(&log, "notification.filed", mid.as_bytes()),
            words: None,
        };
        guard::screen(Wordless(submission)).map_or_else(
            |_| unreachable!("nothing was shown, so nothing was found"),
            |screened| screened.map(|wordless| wordless.0),
        )
    }
}
