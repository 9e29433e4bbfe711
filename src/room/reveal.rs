//! What an entry brings about besides itself: who may do what from now on, and what others learn once it
//! is safe.

use std::sync::Arc;

use super::actor::RoomActor;
use super::{Listed, Submission};
use crate::delivery::Effect;
use crate::domain::{Event, LogState};

impl RoomActor {
    /// Shows everybody what an entry changed in who may do what, as ordered now and as safe once it is.
    /// Whoever follows a log of this room looks again whether they still may, if it took something away.
    pub(super) fn publish(&mut self, event: &Event, seq: u64) {
        if !matches!(event, Event::RoomCreated(_) | Event::Room(_) | Event::Member(_)) {
            return;
        }
        if let LogState::Room(room) = &self.desk.state {
            let access = Arc::new(room.access.clone());
            self.rights.order(Arc::clone(&access));
            let rights = self.rights.clone();
            let settle = move |safe| {
                if safe {
                    rights.settle(access);
                }
            };
            self.desk.channel.once_safe(seq, Box::new(settle), None);
        }
        if !event.bumps().is_empty() {
            for desk in std::iter::once(&self.desk).chain(self.lanes.values()) {
                desk.channel.look_again();
            }
        }
    }

    /// What else happens at the moment an entry is safe, before it is answered.
    pub(super) fn on_reveal(&self, event: &Event, submission: &Submission) -> Option<Effect> {
        let registry = Arc::clone(&self.registry);
        match event {
            Event::RoomRegistered(room, founding) => {
                let words = submission.words.as_ref();
                let listed = Listed {
                    founding: founding.clone(),
                    by: submission.principal.id.clone(),
                    mid: submission.mid,
                    title: words.and_then(|words| words.name.clone()),
                    words: words.map(|words| words.open.clone()),
                };
                let room = room.clone();
                Some(Box::new(move |safe| {
                    if safe {
                        registry.insert(room, listed);
                    }
                }))
            }
            Event::PrincipalRegistered { principal } => {
                let principal = principal.clone();
                Some(Box::new(move |safe| {
                    if safe {
                        registry.meet(principal);
                    }
                }))
            }
            _ => None,
        }
    }
}
