//! The identity of a message, minted by whoever sends it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::IdError;

/// A message id, minted by the sender: identity, idempotency key, echo match and permalink.
/// A UUID of version 7; any other but nil is taken as well. Nobody reads the time in it as the time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mid([u8; 16]);

impl Mid {
    /// A fresh id.
    #[must_use]
    pub fn fresh() -> Self {
        Self(uuid::Uuid::now_v7().into_bytes())
    }

    /// A derived id: the UUID version 8 over sixteen bytes of a hash. For entries that follow from
    /// another one and must come out the same however often they are proposed.
    #[must_use]
    pub fn derived(hash: [u8; 16]) -> Self {
        Self(uuid::Builder::from_custom_bytes(hash).into_uuid().into_bytes())
    }

    /// Whether it is of version 7, which begins with the time it was minted at.
    #[must_use]
    pub const fn begins_with_time(&self) -> bool {
        self.0[6] >> 4 == 7
    }

    /// From stored bytes; nil is refused.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, IdError> {
        (bytes != [0; 16]).then_some(Self(bytes)).ok_or(IdError::Mid)
    }

    /// Bytes of the text form.
    pub const TEXT: usize = uuid::fmt::Hyphenated::LENGTH;

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Puts the text form into `buffer`.
    pub fn encode<'a>(&self, buffer: &'a mut [u8; Self::TEXT]) -> &'a str {
        uuid::Uuid::from_bytes(self.0).as_hyphenated().encode_lower(buffer)
    }
}

impl fmt::Display for Mid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode(&mut [0; Self::TEXT]))
    }
}

impl FromStr for Mid {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 36 {
            return Err(IdError::Mid);
        }
        let uuid = uuid::Uuid::try_parse(text).map_err(|_| IdError::Mid)?;
        Self::from_bytes(uuid.into_bytes())
    }
}

text_form!(Mid, |mid| mid.encode(&mut [0; Mid::TEXT]));
