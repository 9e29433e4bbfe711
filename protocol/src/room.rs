//! Rooms: founding one, listing them, their topics, and the state that a join answers.

use serde::{Deserialize, Serialize};

use crate::identity::Profile;
use crate::ids::{LogName, Mid, Position, PrincipalId, RoomId, TopicId};
use crate::member::RoomRole;

/// What kind of talk a room is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Class {
    /// No patient cases.
    Discussion,
    /// Case conferences.
    Case,
    /// A fixed few.
    Direct,
    /// Patients take part.
    Mixed,
}

/// How one gets into a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JoinPolicy {
    /// Whoever may know of it is in.
    #[default]
    Open,
    /// Everybody may know of it; one asks to get in.
    Knock,
    /// Only who was invited knows of it.
    Invite,
}

/// What happens to what members post.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Posting {
    /// It stands at once.
    #[default]
    Free,
    /// A moderator looks at it first.
    Held,
}

/// `room.create`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateRoom {
    /// The slug; never reused.
    pub room: RoomId,
    /// The identity of this act.
    pub mid: Mid,
    /// Words: what people call it.
    pub title: String,
    /// What kind of talk it is for.
    pub class: Class,
    /// A slug of the specialty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<RoomId>,
    /// How one gets in. A direct room has no way in, and takes none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub join: JoinPolicy,
    /// Direct rooms only: the others, 1 to 11, by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<PrincipalId>,
}

/// Facts of `room.registered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Registered {
    /// The slug claimed.
    pub room: RoomId,
    /// What kind of talk it is for.
    pub class: Class,
    /// A slug of the specialty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<RoomId>,
    /// How one gets in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub join: JoinPolicy,
    /// Direct rooms only: the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<PrincipalId>,
}

/// Facts of `room.created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Created {
    /// What kind of talk it is for.
    pub class: Class,
    /// A slug of the specialty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<RoomId>,
    /// How one gets in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub join: JoinPolicy,
    /// Direct rooms only: the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<PrincipalId>,
}

/// Words of `room.registered` and `room.created`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct TitleWords {
    /// Who founded it.
    pub card: Profile,
    /// What people call it.
    pub title: String,
}

/// A log's state as a join answers it: counts and names, at most 64 KiB; the rest by pages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct RoomState {
    /// What kind of talk the room is for.
    pub class: Class,
    /// What people call it; absent once erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A slug of the specialty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<RoomId>,
    /// How many topics there are; `topics` lists them.
    pub topics: u64,
    /// How many people have written here.
    pub members: u64,
    /// How one gets in; absent: `open`. A direct room has no way in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub join: JoinPolicy,
    /// What happens to what members post; absent: `free`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub posting: Posting,
    /// Whether the room is archived: it takes nothing new until it is opened again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// The messages pinned, oldest pin first; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Pin>,
    /// What you are here; absent for who is no member, also for a moderator by token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoomRole>,
    /// The line of epochs: each with the last seq before it.
    pub epochs: Vec<EpochBase>,
}

/// A message that moderators keep in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Pin {
    /// The message.
    pub of: Mid,
    /// Its seq.
    pub seq: u64,
}

/// One step of the line: entries of `epoch` are numbered from `base + 1` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct EpochBase {
    /// The epoch.
    pub epoch: u64,
    /// The last seq before it.
    pub base: u64,
}

/// `rooms`' body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListRooms {
    /// Rooms after this one, by slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RoomId>,
    /// At most this many, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `rooms`' answer, ordered by slug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Rooms {
    /// The page.
    pub rooms: Vec<RoomSummary>,
    /// Pass it as `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<RoomId>,
}

/// One room of a list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct RoomSummary {
    /// The slug.
    pub room: RoomId,
    /// What kind of talk it is for.
    pub class: Class,
    /// What people call it; absent once erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A slug of the specialty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specialty: Option<RoomId>,
    /// The room's head; `{0,0}` for an instant after its founding.
    pub position: Position,
    /// How many entries count as reading matter.
    pub n: u64,
    /// How many people are in the room now.
    #[serde(default)]
    pub online: u64,
}

/// `topics`' body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ListTopics {
    /// The room.
    pub room: LogName,
    /// Topics after this one, in order of first use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<TopicId>,
    /// At most this many, 1 to 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `topics`' answer, in order of first use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[expect(clippy::struct_field_names, reason = "the wire calls the page by its noun")]
pub struct Topics {
    /// The room's head: what this page describes.
    pub position: Position,
    /// The page.
    pub topics: Vec<TopicSummary>,
    /// Pass it as `after` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<TopicId>,
}

/// One topic of a list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct TopicSummary {
    /// Its id.
    pub topic: TopicId,
    /// Its newest name; absent once erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many messages it holds.
    pub messages: u64,
    /// The lowest seq of a message that was ever in it.
    pub first: u64,
    /// The highest seq of a message that was ever in it.
    pub last: u64,
    /// Whether it is settled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resolved: bool,
    /// It ended: its messages and names are that topic's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<TopicId>,
}

/// `room.archive`'s body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// `true` closes the room for writing, `false` opens it again.
    pub archived: bool,
    /// Words: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `room.policy`'s body. What is left out stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SetPolicy {
    /// The room.
    pub room: LogName,
    /// The identity of this act.
    pub mid: Mid,
    /// How one gets in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<JoinPolicy>,
    /// What happens to what members post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posting: Option<Posting>,
}

/// Facts of `room.archived`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Archived {
    /// Whether it is closed.
    pub archived: bool,
}

/// Facts of `room.policy_set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct PolicySet {
    /// How one gets in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<JoinPolicy>,
    /// What happens to what members post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posting: Option<Posting>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

wordless!(CreateRoom { room, mid, class, specialty, join, with });
wordless!(Archive { room, mid, archived });
wordless!(TitleWords {});
wordless!(RoomState { class, specialty, topics, members, join, posting, archived, epochs });
wordless!(RoomSummary { room, class, specialty, position, n, online });
wordless!(TopicSummary { topic, messages, first, last });
