//! How a room begins. `~directory` owns creation; the room's first entry derives from the
//! registration, with a mid hashed from it, so that it comes out the same however often and by
//! whichever task or node it is proposed. Opening a registered room that is still empty writes it.

use std::collections::BTreeSet;
use std::sync::Arc;

use wardroom_protocol::ids::{LogName, RoomId};

use super::{Denied, Listed, RoomHandle, Submission, Worded, Written};
use crate::domain::Command;
use crate::domain::access::Principal;
use crate::entry::RECORD_VERSION;
use crate::guard::{self, Screened};
use crate::seal::{Binding, Keyring};

/// Words that the guard has seen already, when the room was registered.
struct Again(Submission);

impl guard::Worded for Again {
    fn words(&self, _show: &mut dyn FnMut(&'static str, guard::Rule, &str)) {}
}

/// The room's first entry, as its registration determines it.
fn first_entry(room: &RoomId, listed: &Listed, keys: &Keyring) -> Screened<Submission> {
    let log = room.log();
    let mid = keys.derived_mid(&LogName::directory(), &listed.mid, &log);
    // An erased registration founds a room without words.
    let open = listed.words.clone().unwrap_or_else(|| bytes::Bytes::from_static(b"{}"));
    let binding = Binding { log: &log, mid: &mid, by: &listed.by, version: RECORD_VERSION };
    let submission = Submission {
        principal: Arc::new(Principal { id: listed.by.clone(), roles: BTreeSet::new() }),
        mid,
        command: Command::CreateRoom(listed.founding.clone()),
        submit: keys.submit_hash(&log, "room.created", listed.mid.as_bytes()),
        words: Some(Worded {
            sealed: keys.seal(binding, &open),
            log: log.clone(),
            open,
            name: listed.title.clone(),
        }),
    };
    guard::screen(Again(submission)).map_or_else(
        |_| unreachable!("nothing was shown, so nothing was found"),
        |screened| screened.map(|again| again.0),
    )
}

/// Writes the room's first entry, or finds it written.
pub(super) async fn found(
    handle: &RoomHandle,
    room: &RoomId,
    listed: &Listed,
    keys: &Keyring,
) -> Result<Written, Denied> {
    handle.write(first_entry(room, listed, keys)).await
}
