//! Presence: who is in a room now. Told by signals and on demand; never logged.

use serde::{Deserialize, Serialize};

use crate::identity::Profile;
use crate::ids::{LogName, PrincipalId};

/// Somebody who is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Person {
    /// The id in `by.id`.
    pub id: PrincipalId,
    /// What to show them by.
    pub card: Profile,
}

/// `presence`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReadPresence {
    /// The room.
    pub room: LogName,
    /// People after this one, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<PrincipalId>,
    /// At most this many, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `presence`'s answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Present {
    /// The signal `presence` that this rests on: it and those before it are contained. Of several pages
    /// keep the first one's.
    pub rev: u64,
    /// How many people are here.
    pub online: u64,
    /// The page, ordered by id. Absent: there are too many people to name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub people: Option<Vec<Person>>,
    /// Pass it as `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<PrincipalId>,
}

/// The body of the signal `presence`. With nobody in `joined` and `left` only the number is told,
/// and whatever names a client holds are void.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct PresenceSignal {
    /// Its number: one more than that of the signal before, so that a lost one is noticed.
    pub rev: u64,
    /// How many people are here.
    pub online: u64,
    /// Who came since the signal before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<Person>,
    /// Who left since the signal before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<PrincipalId>,
}
