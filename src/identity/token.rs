//! Tokens: what they claim, and whether to believe it.
//!
//! A `Verifier` knows a list of issuers. An issuer fixes its algorithms and its keys; the token may
//! only choose among them. `kid` selects a key by equality and is never a path or an address; `jku`,
//! `jwk` and `x5u` are not looked at. Time is an argument. Why a token was refused is for the audit
//! trail only; everybody else hears that it is not valid.

mod issuer;
mod jwks;
mod published;
mod seen;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jsonwebtoken::dangerous;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::access::Role;

pub use issuer::{Issuer, NoKeys};
pub use published::JwksError;
use seen::Seen;

/// Longest token looked at, bytes.
pub const LONGEST: usize = 8 * 1024;
/// How far clocks may differ, seconds.
pub const LEEWAY: u64 = 30;
/// After a look at the issuers' files for a key nobody knows, none for this long, milliseconds.
const PAUSE_MS: u64 = 30_000;
/// Latest end, unix seconds: its milliseconds still fit a JSON number exactly.
const LATEST: u64 = (1 << 53) / 1000 - LEEWAY;

/// What a token says of its bearer. `Debug` shows nothing personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// Who bears it: the issuer's own id, opaque to everybody else.
    pub sub: String,
    /// The name others see.
    pub name: String,
    /// The profession, e.g. `physician`.
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub profession: Option<String>,
    /// Specialties, e.g. `cardiology`; the first 32.
    #[serde(default, deserialize_with = "specialties", skip_serializing_if = "Vec::is_empty")]
    pub specialties: Vec<String>,
    /// How far the identity is verified; 0 is a name that nobody checked.
    #[serde(default)]
    pub level: u8,
    /// Roles granted that this program knows, e.g. `moderator`. An issuer may name many others.
    #[serde(default, deserialize_with = "roles", skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The organisation.
    #[serde(default, deserialize_with = "told", skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// Issued at, unix seconds; 0 if its issuer does not say.
    #[serde(default)]
    pub iat: u64,
    /// Ends at, unix seconds.
    pub exp: u64,
}

/// Issuers send `null` and `""` for what they do not know.
fn told<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|text| !text.is_empty()))
}

fn specialties<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let all = Option::<Vec<String>>::deserialize(from)?.unwrap_or_default();
    Ok(all.into_iter().filter(|text| !text.is_empty()).take(32).collect())
}

fn roles<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let mut all = Option::<Vec<String>>::deserialize(from)?.unwrap_or_default();
    all.retain(|name| Role::parse(name).is_some());
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claims({} roles, level {}, exp {})", self.roles.len(), self.level, self.exp)
    }
}

impl Claims {
    /// When a connection that is greeted with it ends, unix milliseconds: with the token, or, where it is
    /// over by this clock already, with the leeway that let it in. Whoever is let in can stay for a while
    /// and be told to bring a newer one.
    #[must_use]
    pub fn holds_until(&self, now_ms: u64) -> u64 {
        let end = self.exp.saturating_mul(1000);
        if end > now_ms { end } else { end.saturating_add(LEEWAY * 1000) }
    }

    /// Bounds that every part of the house may rely on. What a name may look like is the guard's.
    fn fit(&self) -> bool {
        let short = |text: &String| !text.is_empty() && text.chars().count() <= 256;
        short(&self.sub)
            && short(&self.name)
            && self.profession.iter().all(short)
            && self.org.iter().all(short)
            && self.specialties.iter().all(short)
            && self.exp <= LATEST
    }
}

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It never was one of ours.
    #[error("the token is not valid")]
    Invalid(Reason),
    /// It was, until a while ago.
    #[error("the token has expired")]
    Expired,
}

/// Why exactly; for the audit trail only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Above `LONGEST`.
    TooLong,
    /// Not three parts of base64url with JSON inside.
    Malformed,
    /// From somebody we do not know.
    UnknownIssuer,
    /// Names a key that its issuer does not have.
    UnknownKey,
    /// Wants another algorithm than its issuer's.
    Algorithm,
    /// Signed by another key, or changed.
    Signature,
    /// For another audience.
    Audience,
    /// Not valid yet.
    NotYet,
    /// A claim is missing, of the wrong type or out of bounds.
    Claims,
}

impl Reason {
    /// A stable word for the audit trail.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::UnknownIssuer => "unknown_issuer",
            Self::UnknownKey => "unknown_key",
            Self::Algorithm => "algorithm",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::NotYet => "not_yet",
            Self::Claims => "claims",
        }
    }
}

/// Believes tokens, or not. Cheap to share.
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

struct Inner {
    issuers: Vec<Issuer>,
    seen: Seen,
    /// Rises when an issuer has other keys: what was verified before is verified again.
    generation: AtomicU64,
    /// When a key nobody knew was looked for last. Held while looking, so that whoever comes
    /// meanwhile waits for what is found.
    looked: tokio::sync::Mutex<Option<u64>>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} issuers)", self.inner.issuers.len())
    }
}

/// What is read before anything is believed: whose rules to apply.
#[derive(Deserialize)]
struct Peek {
    iss: String,
}

/// The claims and what only the verifier looks at.
#[derive(Deserialize)]
struct Body {
    #[serde(flatten)]
    claims: Claims,
    #[serde(default)]
    nbf: Option<u64>,
}

impl Verifier {
    /// A verifier for these issuers. Their names differ.
    #[must_use]
    pub fn new(issuers: Vec<Issuer>) -> Self {
        debug_assert_eq!(
            issuers.iter().map(|i| &i.name).collect::<BTreeSet<_>>().len(),
            issuers.len(),
            "two issuers of one name"
        );
        let inner = Inner {
            issuers,
            seen: Seen::default(),
            generation: AtomicU64::new(0),
            looked: tokio::sync::Mutex::new(None),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The same as [`Self::verify`]; and if the token names a key that its issuer does not have, the
    /// files of keys are looked at first, at most every 30 seconds.
    pub async fn judge(&self, token: &str, now_ms: u64) -> Result<Claims, TokenError> {
        let generation = self.generation();
        let judged = self.verify(token, now_ms);
        if judged != Err(TokenError::Invalid(Reason::UnknownKey)) {
            return judged;
        }
        let mut looked = self.inner.looked.lock().await;
        if looked.is_none_or(|at| now_ms.abs_diff(at) >= PAUSE_MS) {
            *looked = Some(now_ms);
            let verifier = self.clone();
            if tokio::task::spawn_blocking(move || verifier.look()).await.is_err() {
                tracing::error!("looking at the keys of the issuers ended by a bug");
            }
        }
        drop(looked);
        if self.generation() == generation { judged } else { self.verify(token, now_ms) }
    }

    /// Looks whether an issuer's file of keys has changed, and takes the new keys. Reads files: not
    /// for a thread that serves connections.
    pub fn look(&self) {
        let changed = self.inner.issuers.iter().filter(|issuer| issuer.look()).count();
        if changed > 0 {
            self.inner.generation.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn generation(&self) -> u64 {
        self.inner.generation.load(Ordering::Acquire)
    }

    /// The claims of a token, if it is to be believed at `now_ms` (unix milliseconds). A token that
    /// was verified before is looked up by its hash until it ends.
    pub fn verify(&self, token: &str, now_ms: u64) -> Result<Claims, TokenError> {
        if token.len() > LONGEST {
            return Err(TokenError::Invalid(Reason::TooLong));
        }
        // Read before the keys are: what older keys said is never kept under a newer number.
        let generation = self.generation();
        let hash = *blake3::hash(token.as_bytes()).as_bytes();
        let claims = match self.inner.seen.get(&hash, generation) {
            Some(claims) => claims,
            None => Arc::new(self.inner.believe(token, now_ms)?),
        };
        if now_ms > claims.exp.saturating_add(LEEWAY).saturating_mul(1000) {
            return Err(TokenError::Expired);
        }
        self.inner.seen.put(hash, generation, &claims, now_ms / 1000);
        Ok(Claims::clone(&claims))
    }
}

impl Inner {
    fn believe(&self, token: &str, now_ms: u64) -> Result<Claims, TokenError> {
        let refuse = |reason| TokenError::Invalid(reason);
        let header = jsonwebtoken::decode_header(token).map_err(|_| refuse(Reason::Malformed))?;
        let Peek { iss } =
            dangerous::insecure_decode_claims(token).map_err(|_| refuse(Reason::UnknownIssuer))?;
        let issuer = self
            .issuers
            .iter()
            .find(|issuer| issuer.name == iss)
            .ok_or(refuse(Reason::UnknownIssuer))?;
        if header.crit.is_some() {
            // The sender insists on something that we would not do.
            return Err(refuse(Reason::Malformed));
        }
        let body = issuer.open(token, &header).map_err(refuse)?;
        let soon = (now_ms / 1000).saturating_add(LEEWAY);
        if body.nbf.is_some_and(|from| from > soon) || body.claims.iat > soon {
            return Err(refuse(Reason::NotYet));
        }
        if !body.claims.fit() {
            return Err(refuse(Reason::Claims));
        }
        Ok(body.claims)
    }
}

#[cfg(test)]
mod tests;
