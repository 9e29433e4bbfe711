//! Somebody whose tokens count: a name, its algorithms, its keys. A token may only choose among them.

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};

use super::published::{JwksError, Published};
use super::{Body, Reason};
use crate::config;

/// Somebody whose tokens count.
pub struct Issuer {
    pub(super) name: String,
    audience: Option<String>,
    keys: Keys,
}

enum Keys {
    /// One secret that both sides hold.
    Shared { id: &'static str, key: DecodingKey },
    /// Public keys in a file. No secret is ever taken from it.
    Published(Published),
}

/// Why the tokens of a configured issuer cannot be verified.
#[derive(Debug, thiserror::Error)]
#[error("{place}: the issuer {name} has no keys: {source}")]
pub struct NoKeys {
    place: String,
    name: String,
    source: JwksError,
}

impl Issuer {
    /// An issuer that signs by HMAC-SHA-256 with a shared secret.
    #[must_use]
    pub fn hs256(name: &str, key_id: &'static str, secret: &[u8]) -> Self {
        let key = DecodingKey::from_secret(secret);
        let keys = Keys::Shared { id: key_id, key };
        Self { name: name.to_owned(), audience: None, keys }
    }

    /// An issuer that publishes its keys in a file, which is read here.
    pub fn published(configured: &config::Issuer) -> Result<Self, NoKeys> {
        let keys =
            Published::open(&configured.jwks_file, &configured.algorithms).map_err(|source| {
                NoKeys {
                    place: configured.place.to_string(),
                    name: configured.name.clone(),
                    source,
                }
            })?;
        Ok(Self {
            name: configured.name.clone(),
            audience: configured.audience.clone(),
            keys: Keys::Published(keys),
        })
    }

    /// Looks whether the keys have changed. True: they have.
    pub(super) fn look(&self) -> bool {
        match &self.keys {
            Keys::Shared { .. } => false,
            Keys::Published(keys) => keys.look(),
        }
    }

    /// What a token says, if one of the keys signed it. Time is not looked at.
    pub(super) fn open(&self, token: &str, header: &Header) -> Result<Body, Reason> {
        let id = header.kid.as_deref();
        match &self.keys {
            Keys::Shared { id: own, key } => {
                if id.is_some_and(|id| id != *own) {
                    return Err(Reason::UnknownKey);
                }
                self.decode(token, key, Algorithm::HS256)
            }
            Keys::Published(published) => {
                let mut allowed = published.algorithms.iter();
                let algorithm = allowed
                    .find(|algorithm| wire(**algorithm) == header.alg)
                    .ok_or(Reason::Algorithm)?;
                let keys = published.keys();
                self.decode(token, keys.choose(id, *algorithm)?, wire(*algorithm))
            }
        }
    }

    fn decode(&self, token: &str, key: &DecodingKey, by: Algorithm) -> Result<Body, Reason> {
        let mut rules = Validation::new(by);
        // The library reads the clock for these two; here time is an argument.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        rules.required_spec_claims.clear();
        rules.set_issuer(&[&self.name]);
        if let Some(audience) = &self.audience {
            rules.set_audience(&[audience]);
            rules.set_required_spec_claims(&["aud"]);
        }
        let decoded = jsonwebtoken::decode(token, key, &rules);
        decoded.map(|data| data.claims).map_err(|error| reason(&error))
    }
}

const fn wire(algorithm: config::Algorithm) -> Algorithm {
    match algorithm {
        config::Algorithm::EdDsa => Algorithm::EdDSA,
        config::Algorithm::Es256 => Algorithm::ES256,
        config::Algorithm::Rs256 => Algorithm::RS256,
    }
}

fn reason(error: &jsonwebtoken::errors::Error) -> Reason {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidAlgorithm => Reason::Algorithm,
        ErrorKind::InvalidSignature => Reason::Signature,
        ErrorKind::InvalidIssuer => Reason::UnknownIssuer,
        ErrorKind::InvalidAudience => Reason::Audience,
        ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => Reason::Audience,
        ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) => Reason::Claims,
        _ => Reason::Malformed,
    }
}
