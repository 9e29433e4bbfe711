//! `hello`: the first frame, and all resumes in one round trip. `refresh`: a newer token later on.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::WireError;
use crate::identity::Profile;
use crate::ids::{LogName, Position, PrincipalId};
use crate::join::Joined;
use crate::limits::Limits;

/// A token in transit. Its `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// A token.
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// The token itself, for the verifier and for the wire only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.0.len())
    }
}

/// What the client calls itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// `hello`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Who you are.
    pub token: Token,
    /// What you call yourself. It is checked and not used yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientInfo>,
    /// Logs to resume, each from the last position held.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resume: BTreeMap<LogName, Position>,
}

/// `refresh`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// A newer token of the same issuer and subject.
    pub token: Token,
}

/// `refresh`'s answer: what holds from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Refreshed {
    /// Unix milliseconds at which the new token ends and the connection closes.
    pub expires_at: u64,
    /// What this connection may do at most.
    pub limits: Limits,
}

/// You, as others will see you.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Principal {
    /// The id in `by.id`.
    pub id: PrincipalId,
    /// The card that your entries carry.
    pub card: Profile,
    /// Roles granted by the token.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// One resumed log: joined, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Resumed {
    /// As `join` would have answered.
    Ok(Box<Joined>),
    /// Not joined.
    Error(WireError),
}

/// `hello`'s answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Greeting {
    /// This connection's id, for support.
    pub connection: String,
    /// You.
    pub principal: Principal,
    /// The node's name.
    pub node: String,
    /// Server time, unix milliseconds.
    pub now: u64,
    /// The server pings about this often, milliseconds.
    pub ping_ms: u64,
    /// Unix milliseconds at which the token ends and the connection closes.
    pub expires_at: u64,
    /// What this connection may do at most.
    pub limits: Limits,
    /// One result per resumed log.
    pub rooms: BTreeMap<LogName, Resumed>,
}
