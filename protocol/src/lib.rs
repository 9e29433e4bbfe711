//! The words of `wardroom.v1`, and nothing but words: identities, frames, ops, errors, limits.
//!
//! A server, a client and a test each import this crate; it imports none of them and does no IO.
//! `SPEC.md` beside it is the same contract in prose; tests keep the two equal.
//!
//! - [`ids`]: the names of things. The only part the domain may see.
//! - [`op`] and [`code`]: the two registries, one row per op and per error.
//! - [`envelope`]: the frame around a body, decoded in two steps so that an unknown op or a bad body
//!   can be answered and only a bad envelope closes the connection.
//! - `schema` (with the feature of that name): the bodies and frames as JSON Schemas.
//! - [`hello`], [`join`], [`room`], [`member`], [`topic`], [`message`], [`question`], [`mailbox`],
//!   [`history`], [`presence`], [`identity`], [`notice`]: bodies by noun.

/// `Debug` that shows these fields and no others: words, and bodies that hold words, never reach a
/// log line or a panic message by way of `{:?}`.
macro_rules! wordless {
    ($name:ident $(<$life:lifetime>)? { $($field:ident),* }) => {
        impl std::fmt::Debug for $name $(<$life>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}

pub mod code;
pub mod envelope;
pub mod hello;
pub mod history;
pub mod identity;
pub mod ids;
pub mod join;
pub mod limits;
pub mod mailbox;
pub mod member;
pub mod message;
pub mod notice;
pub mod op;
pub mod presence;
pub mod question;
pub mod room;
#[cfg(any(test, feature = "schema"))]
pub mod schema;
pub mod topic;

/// The WebSocket sub-protocol both sides must agree on.
pub const SUBPROTOCOL: &str = "wardroom.v1";
/// The path of the socket on the server.
pub const SOCKET_PATH: &str = "/v1/socket";
