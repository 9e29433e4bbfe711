//! Rooms: founding one, listing them, their topics, and the state that a join answers.

use serde::{Deserialize, Serialize};

use crate::identity::Profile;
use crate::ids::{LogName, Mid, Position, RoomId, TopicId};

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
    /// The line of epochs: each with the last seq before it.
    pub epochs: Vec<EpochBase>,
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
    /// Its name at first use; absent once erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many messages it holds.
    pub messages: u64,
    /// Its first message's seq.
    pub first: u64,
    /// Its newest message's seq.
    pub last: u64,
}

wordless!(CreateRoom { room, mid, class, specialty });
wordless!(TitleWords {});
wordless!(RoomState { class, specialty, topics, members, epochs });
wordless!(RoomSummary { room, class, specialty, position, n, online });
wordless!(TopicSummary { topic, messages, first, last });
