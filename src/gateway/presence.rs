//! Signals of people: who is in a room, and who is writing. Nothing of it is logged.

use std::sync::Arc;

use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::envelope::{self, Command};
use wardroom_protocol::ids::{LogKind, LogName};
use wardroom_protocol::limits;
use wardroom_protocol::message::{Typing, TypingSignal};
use wardroom_protocol::presence::{Present, ReadPresence};

use super::connection::Connection;
use super::following::Followed;
use super::services::Services;
use super::work::Done;
use super::writing::{at_hand, writable};
use super::{answer, reading};
use crate::delivery::{Carded, Presence, signal_key};
use crate::domain::Refusal;
use crate::domain::access::{Action, Principal};
use crate::domain::presence::PEOPLE;
use crate::identity::Known;
use crate::room::Permission;

impl Carded for Known {
    fn card(&self) -> &wardroom_protocol::identity::Profile {
        &self.card
    }
}

/// Who is in the room that is followed, if it is the room's own log.
fn of(followed: &Followed) -> Option<&Arc<Presence>> {
    (followed.channel.log().kind() == LogKind::Room).then(|| followed.hold.presence())
}

/// Answers `presence`.
pub(super) async fn page(
    services: &Services,
    principal: &Principal,
    body: ReadPresence,
) -> Result<Present, WireError> {
    let limit = reading::page_size(body.limit, limits::PEOPLE_NAMED)?;
    let room = reading::readable(services, principal, &body.room).await?;
    if body.room.kind() != LogKind::Room {
        return Err(answer::refused(&Refusal::WrongLog));
    }
    Ok(room.presence().page(body.after.as_ref(), limit))
}

impl Connection {
    /// This connection follows the log from now on: its person is in the room.
    pub(super) fn arrive(&self, followed: &Followed) {
        if let (Some(who), Some(presence)) = (&self.who, of(followed)) {
            presence.arrive(&who.principal.id, Arc::clone(who) as _);
        }
    }

    /// A newer token may have another card: it is shown in every room that is followed.
    pub(super) fn show_card(&self) {
        let Some(who) = &self.who else { return };
        for presence in self.joined.iter().filter_map(of) {
            presence.show(&who.principal.id, Arc::clone(who) as _);
        }
    }

    /// This connection follows the log no more.
    pub(super) fn depart(&self, followed: &Followed) {
        if let (Some(who), Some(presence)) = (&self.who, of(followed)) {
            presence.depart(&who.principal.id);
        }
    }

    /// Passes on that somebody is writing, to all others who follow the room.
    pub(super) fn typing(
        &mut self,
        who: &Arc<Known>,
        command: &Command<'_>,
    ) -> Result<(), WireError> {
        let body: Typing = command.body()?;
        let room = at_hand(&self.services, &body.room);
        let permission = room.as_ref().map(|room| room.may(&who.principal, Action::Post));
        if !matches!(permission, Some(Permission::Granted)) {
            // What costs a look is limited alike, whether there is such a room or not.
            self.within_rate(who)?;
        }
        let (Some(handle), Some(permission)) = (room, permission) else {
            // Nobody is there to be told; but whether there is such a room is told as ever.
            self.typing_nowhere(who, command.id, body.room);
            return Ok(());
        };
        match permission {
            Permission::Granted => {}
            Permission::Refused(refusal) => return Err(answer::refused(&refusal)),
            Permission::Pending => return Ok(()),
        }
        self.services.quota.take_typing(&who.principal).map_err(|wait| {
            let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
            let message = "that you are writing is passed on once a second; this one was dropped";
            WireError::new(ErrorCode::RateLimited, message).after_ms(ms)
        })?;
        // A crowd would hear of nothing else.
        let Some(channel) = handle.channel(&body.room) else { return Ok(()) };
        if handle.presence().online() > PEOPLE as u64 {
            return Ok(());
        }
        let by = &who.principal.id;
        let signal = TypingSignal { topic: body.topic, card: Some(who.card.clone()) };
        let text = envelope::signal(&body.room, "typing", Some(by), &signal)
            .expect("a signal has string keys and no floats");
        channel.signal(signal_key(&body.room, Some(by)), text.as_bytes(), Some(&self.gate));
        Ok(())
    }

    fn typing_nowhere(&mut self, who: &Arc<Known>, id: Option<u64>, log: LogName) {
        let (services, who) = (Arc::clone(&self.services), Arc::clone(who));
        self.begin(async move {
            let permitted = async {
                let room = writable(&services, &log).await?;
                reading::permitted(&room, &who.principal, Action::Post).await
            };
            match permitted.await {
                Ok(()) => Done::Nothing,
                Err(error) => Done::reply::<()>(id, Err(&error)),
            }
        });
    }
}
