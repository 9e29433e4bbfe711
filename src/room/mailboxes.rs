//! The task that files notes in people's mailboxes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::sync::mpsc;
use wardroom_protocol::ids::LogName;

use super::doors::Doors;
use super::mail::Note;
use super::opening::Opener;
use super::{Denied, Parts, Submission};
use crate::domain::access::Principal;
use crate::domain::{Command, mailbox};
use crate::guard::{self, Screened};
use crate::log::Health;
use crate::seal::Keyring;
use crate::telemetry::metric;

/// How often filing a note is tried before it is left to the room's next opening.
const TRIES: u32 = 20;
/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// A note has no words of anybody's.
struct Wordless(Submission);

impl guard::Worded for Wordless {
    fn words(&self, _show: &mut dyn FnMut(&'static str, guard::Rule, &str)) {}
}

/// Files notes until the node stops. What then waits is sent again when its room is opened.
pub(super) async fn deliver(opener: Opener, doors: Arc<Doors>, mut notes: mpsc::Receiver<Note>) {
    let Parts { log, keys, stop, .. } = &opener.parts;
    loop {
        let note = tokio::select! {
            () = stop.cancelled() => return,
            note = notes.recv() => note,
        };
        let Some(note) = note else { return };
        let mut tries = 1;
        while let Err(error) = file(&doors, keys, &note).await {
            if tries == TRIES || stop.is_cancelled() {
                counter!(metric::NOTES_LEFT).increment(1);
                tracing::error!(
                    mailbox = %note.to, log = %note.filed.room, error,
                    "a note was not filed; it is tried again when its room is next opened",
                );
                opener.noted.lock().remove(&note.filed.room);
                break;
            }
            // A disk that hangs or is full may do so for long, and nothing comes meanwhile.
            tries += u32::from(log.health() == Health::Ready);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn file(doors: &Doors, keys: &Keyring, note: &Note) -> Result<(), &'static str> {
    let log = LogName::mailbox(&note.to);
    let mailbox = doors.open(&log).await.map_err(|_| "the mailbox could not be opened")?;
    match mailbox.write(entry(&log, keys, note)).await {
        // Refused: it stands there, from another try.
        Ok(_) | Err(Denied::Refused(_)) => Ok(()),
        Err(Denied::Fault(_)) => Err("the mailbox could not be written"),
    }
}

fn entry(log: &LogName, keys: &Keyring, note: &Note) -> Screened<Submission> {
    let (owner, mid) = &note.owner;
    let roles = BTreeSet::new();
    let submission = Submission {
        principal: Arc::new(Principal { id: note.by.clone(), roles }),
        mid: keys.derived_mid(owner, mid, log),
        command: Command::Mailbox(mailbox::Command::File(note.filed.clone())),
        submit: keys.submit_hash(log, "notification.filed", mid.as_bytes()),
        words: None,
    };
    guard::screen(Wordless(submission)).map_or_else(
        |_| unreachable!("nothing was shown, so nothing was found"),
        |screened| screened.map(|wordless| wordless.0),
    )
}
