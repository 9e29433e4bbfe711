//! The rooms a file speaks of: which there are, and founding those that are missing.

use std::collections::HashSet;

use wardroom_client::{Client, Error};
use wardroom_protocol::code::ErrorCode;
use wardroom_protocol::ids::{Mid, RoomId};
use wardroom_protocol::room::{Class, CreateRoom, JoinPolicy};

use super::error::ImportError;

pub(super) struct Rooms {
    known: HashSet<RoomId>,
    used: HashSet<RoomId>,
}

impl Rooms {
    /// Asks the server which rooms there are.
    pub(super) async fn list(client: &Client) -> Result<Self, ImportError> {
        let rooms =
            client.all_rooms().await.map_err(|error| ImportError::Rooms(Box::new(error)))?;
        Ok(Self { known: rooms.into_iter().map(|it| it.room).collect(), used: HashSet::new() })
    }

    /// Makes sure that a room exists, before the first message for it.
    pub(super) async fn ensure(
        &mut self,
        client: &Client,
        room: &RoomId,
        line: u64,
    ) -> Result<(), ImportError> {
        if self.used.contains(room) {
            return Ok(());
        }
        if !self.known.contains(room) {
            found(client, room, line).await?;
        }
        self.used.insert(room.clone());
        Ok(())
    }

    /// How many rooms the file has named so far.
    pub(super) fn used(&self) -> usize {
        self.used.len()
    }
}

async fn found(client: &Client, room: &RoomId, line: u64) -> Result<(), ImportError> {
    let create = CreateRoom {
        room: room.clone(),
        mid: founding_mid(client, room),
        title: title(room),
        class: Class::Discussion,
        specialty: Some(room.clone()),
        join: JoinPolicy::Open,
        with: Vec::new(),
    };
    match client.create_room(create).await {
        Ok(_) => Ok(()),
        // Somebody else was quicker. Whether we may post there, the first message tells.
        Err(error) if error.is(ErrorCode::RoomExists) => Ok(()),
        Err(error) if error.is(ErrorCode::Forbidden) => Err(ImportError::ModeratorRole { line }),
        Err(error @ Error::Refused(_)) => {
            Err(ImportError::Refused { line, error: Box::new(error) })
        }
        Err(error) => Err(ImportError::Rooms(Box::new(error))),
    }
}

/// The same for the same person and room, so that founding it twice is one act.
fn founding_mid(client: &Client, room: &RoomId) -> Mid {
    let mut hasher = blake3::Hasher::new_derive_key("wardroom import 2026-11 founding of a room");
    hasher.update(client.id().as_str().as_bytes());
    hasher.update(b"\0");
    hasher.update(room.as_str().as_bytes());
    let mut hash = [0; 16];
    hasher.finalize_xof().fill(&mut hash);
    Mid::derived(hash)
}

/// `medical-genetics` reads "Medical genetics".
fn title(room: &RoomId) -> String {
    let words = room.as_str().replace('-', " ");
    let words = words.trim();
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => room.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_reads_as_a_title() {
        for (slug, reads) in [
            ("medical-genetics", "Medical genetics"),
            ("icu", "Icu"),
            ("4-east", "4 east"),
            ("-", "-"),
        ] {
            let room: RoomId = slug.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(title(&room), reads);
        }
    }
}
