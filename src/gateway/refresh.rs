//! `refresh`: a newer token on a connection that lives, and what changes with it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::hello::{Refresh, Refreshed};

use super::connection::Connection;
use super::services::Services;
use super::work::Done;
use super::{answer, greeting};
use crate::identity::{Known, NotAdmitted};

/// Verifies the newer token of somebody who said hello. Whatever fails, the old one holds.
pub(super) async fn refresh(
    services: Arc<Services>,
    connection: String,
    id: Option<u64>,
    who: Arc<Known>,
    refresh: Refresh,
) -> Done {
    match renewed(&services, &connection, &who, &refresh).await {
        Ok((known, expires_at)) => {
            tracing::info!(connection, principal = %known.principal.id, "refreshed");
            let limits = services.wire_limits(&known.principal);
            let refreshed = Refreshed { expires_at, limits };
            let frame = id.map(|id| answer::reply(id, Ok(&refreshed)));
            Done::Refreshed(Arc::new(known), expires_at, frame)
        }
        Err(error) => {
            id.map_or(Done::Nothing, |id| Done::Reply(answer::reply::<()>(id, Err(&error))))
        }
    }
}

async fn renewed(
    services: &Services,
    connection: &str,
    who: &Known,
    refresh: &Refresh,
) -> Result<(Known, u64), WireError> {
    let claims = greeting::believe(services, connection, &refresh.token)
        .await
        .map_err(greeting::not_believed)?;
    // Compared before it is admitted: a refresh makes nobody known.
    if services.keys.principal_id(&claims.iss, &claims.sub) != who.principal.id {
        tracing::info!(connection, reason = "another_principal", "a token was refused");
        let message = "the token is not of this connection's person; open another connection";
        return Err(WireError::new(ErrorCode::TokenInvalid, message).at("/d/token"));
    }
    // The leeway is for clocks that differ at a hello; here it would end what lives.
    let expires_at = claims.exp.saturating_mul(1000);
    if expires_at <= services.bus.now_ms() {
        return Err(greeting::expired());
    }
    match services.principals.admit(&claims).await {
        Ok(known) => Ok((known, expires_at)),
        Err(NotAdmitted::Denied(denied)) => Err(answer::denied(&denied)),
        Err(NotAdmitted::Name(finding)) => Err(answer::found(&finding)),
    }
}

impl Connection {
    /// The token in force from now on, and when it ends, unix milliseconds.
    pub(super) fn holds(&mut self, who: Arc<Known>, expires_at: u64) {
        let left = expires_at.saturating_sub(self.services.bus.now_ms());
        // A far future would overflow the clock; the sign-in outlives the process anyway.
        let now = Instant::now();
        self.clocks.token(now, now.checked_add(Duration::from_millis(left)));
        self.expires_at = expires_at;
        self.who = Some(who);
    }

    /// A newer token: what it may not read is let go first, then its bearer is told.
    pub(super) fn refreshed(&mut self, who: Arc<Known>, expires_at: u64, frame: Option<&str>) {
        let removed = self.unfollow_unreadable(&who.principal);
        self.holds(who, expires_at);
        self.show_card();
        if let Some(frame) = frame {
            self.gate.reply(frame.as_bytes());
        }
        self.tell_removed(removed);
    }
}
