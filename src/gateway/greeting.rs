//! `hello`: who it is, and all resumes in one round trip.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use wardroom_protocol::code::{CloseCode, ErrorCode, WireError};
use wardroom_protocol::hello::{Greeting, Hello, Principal, Resumed, Token};
use wardroom_protocol::join::From;

use super::services::Services;
use super::work::Done;
use super::{answer, reading};
use crate::identity::{Claims, NotAdmitted, TokenError};

/// Answers a hello: verifies the token, makes the principal known, joins what is to be resumed.
pub(super) async fn greet(
    services: Arc<Services>,
    connection: String,
    id: u64,
    hello: Hello,
) -> Done {
    let refused =
        |error: &WireError, close| Done::Refused(answer::reply::<()>(id, Err(error)), close);
    let claims = match believe(&services, &connection, &hello.token).await {
        Ok(claims) => claims,
        Err(error) => {
            let close = match error {
                TokenError::Expired => CloseCode::TokenExpired,
                TokenError::Invalid(_) => CloseCode::TokenInvalid,
            };
            return refused(&not_believed(error), close);
        }
    };
    if hello.resume.len() > services.limits.logs_per_connection {
        let error = too_many(services.limits.logs_per_connection).at("/d/resume");
        return Done::Reply(answer::reply::<()>(id, Err(&error)));
    }
    let known = match services.principals.admit(&claims).await {
        Ok(known) => Arc::new(known),
        Err(NotAdmitted::Denied(denied)) => {
            return Done::Reply(answer::reply::<()>(id, Err(&answer::denied(&denied))));
        }
        Err(NotAdmitted::Name(finding)) => {
            return refused(&answer::found(&finding), CloseCode::TokenInvalid);
        }
    };
    let mut opened = Vec::new();
    for (log, position) in hello.resume {
        let room = reading::readable(&services, &known.principal, &log).await;
        opened.push((log, position, room));
    }
    // Together: each may wait for a sync, and they all wait for the same one.
    let principal = &*known.principal;
    let entering = opened.into_iter().map(|(log, position, room)| async move {
        let joined = match room {
            Ok(room) => reading::enter(room, principal, &log, From::Position(position)).await,
            Err(error) => Err(error),
        };
        (log, joined)
    });
    let mut joins = Vec::new();
    let mut rooms = BTreeMap::new();
    for (log, joined) in join_all(entering).await {
        let resumed = match joined {
            Ok((joined, join)) => {
                joins.push(join);
                Resumed::Ok(Box::new(joined))
            }
            Err(error) => Resumed::Error(error),
        };
        rooms.insert(log, resumed);
    }
    tracing::info!(connection, principal = %known.principal.id, resumed = joins.len(), "greeted");
    let now = services.bus.now_ms();
    let expires_at = claims.holds_until(now);
    let greeting = Greeting {
        connection,
        principal: Principal {
            id: known.principal.id.clone(),
            card: known.card.clone(),
            roles: claims.roles.clone(),
        },
        node: services.node.clone(),
        now,
        ping_ms: services.limits.ping_seconds * 1000,
        expires_at,
        limits: services.wire_limits(&known.principal),
        rooms,
    };
    Done::Greeted(known, expires_at, answer::reply(id, Ok(&greeting)), joins)
}

/// The claims of a token. Why it was refused stays here: a prober learns only that it did not work.
pub(super) async fn believe(
    services: &Services,
    connection: &str,
    token: &Token,
) -> Result<Claims, TokenError> {
    services.verifier.judge(token.expose(), services.bus.now_ms()).await.inspect_err(|error| {
        let reason = match error {
            TokenError::Expired => "expired",
            TokenError::Invalid(reason) => reason.as_str(),
        };
        tracing::info!(connection, reason, "a token was refused");
    })
}

/// What the sender of a refused token is told.
pub(super) fn not_believed(error: TokenError) -> WireError {
    match error {
        TokenError::Expired => expired(),
        TokenError::Invalid(_) => {
            let text = "this server does not accept the token; get a new one from its operator";
            WireError::new(ErrorCode::TokenInvalid, text).at("/d/token")
        }
    }
}

pub(super) fn expired() -> WireError {
    let text = "the token's time is over; get a new one and connect again";
    WireError::new(ErrorCode::TokenExpired, text).at("/d/token")
}

pub(super) fn too_many(most: usize) -> WireError {
    WireError::new(
        ErrorCode::TooManyLogs,
        format!(
            "a connection follows at most {most} logs; leave one first, or open another connection"
        ),
    )
}
