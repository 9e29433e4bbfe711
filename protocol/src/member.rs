//! Membership: who belongs to a room, as what, and how one gets in and out.

use serde::{Deserialize, Serialize};

use crate::ids::{LogName, Mid, PrincipalId};

/// What a member of a room is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RoomRole {
    /// Reads and writes.
    #[default]
    Member,
    /// Keeps order.
    Moderator,
    /// Decides who keeps order, and what the room is.
    Owner,
}

/// `member.invite`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The person, by id.
    pub person: PrincipalId,
    /// As what.
    #[serde(default)]
    pub role: RoomRole,
}

/// `member.knock`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Knock {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// Words: why you ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `member.admit`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Admit {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The mid of the knock, as the lane `moderators` shows it.
    pub of: Mid,
}

/// `member.leave`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LeaveRoom {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
}

/// `member.remove`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Remove {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The person, by id.
    pub person: PrincipalId,
    /// Whether they stay out of a room that is open to everybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ban: bool,
    /// Words: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `member.role`'s body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetRole {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// The person, by id: a member.
    pub person: PrincipalId,
    /// As what.
    pub role: RoomRole,
}

/// Facts of `member.invited`, `member.admitted` and `member.role_set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Belongs {
    /// The person.
    pub person: PrincipalId,
    /// As what.
    pub role: RoomRole,
}

/// Facts of `member.knocked` and `member.left`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Person {
    /// The person.
    pub person: PrincipalId,
}

/// Facts of `member.removed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Removed {
    /// The person.
    pub person: PrincipalId,
    /// Whether they stay out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ban: bool,
}

wordless!(Knock { room, mid });
wordless!(Remove { room, mid, person, ban });
