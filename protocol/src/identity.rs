//! People as others see them.

use serde::{Deserialize, Serialize};

/// A card: what an entry says of its author. Words, every part of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct Profile {
    /// The name.
    pub name: String,
    /// The profession, e.g. `physician`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profession: Option<String>,
    /// Specialties.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub specialties: Vec<String>,
    /// How far the identity is verified; 0 is a name that nobody checked.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub level: u8,
    /// The organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(level: &u8) -> bool {
    *level == 0
}

/// Facts of `principal.registered`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct PrincipalRegistered {
    /// The id minted.
    pub principal: crate::ids::PrincipalId,
}

/// Words of `principal.registered`: what the token called this principal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
pub struct PrincipalWords {
    /// The token's issuer.
    pub issuer: String,
    /// The token's subject.
    pub sub: String,
    /// The card at the first hello.
    pub card: Profile,
}

wordless!(Profile { level });
wordless!(PrincipalWords {});
