//! A JSON Web Key Set: the public keys of one issuer. Pure; the file is `published`'s.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use serde::Deserialize;

use super::Reason;
use crate::config::Algorithm;

/// Keys that can be used, in the order of the file.
pub(super) struct KeySet(Vec<Entry>);

struct Entry {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Raw {
    keys: Vec<serde_json::Value>,
}

/// Bytes of the smallest RSA modulus that counts: 2,048 bits.
const RSA_BYTES: usize = 256;

impl KeySet {
    /// The keys of a set that an issuer with these algorithms may use. Others are passed over, as RFC
    /// 7517 wants: a provider may publish keys for other ends beside them. The error says why there
    /// is none.
    pub(super) fn parse(bytes: &[u8], allowed: &[Algorithm]) -> Result<Self, &'static str> {
        let raw: Raw = serde_json::from_slice(bytes)
            .map_err(|_| "it is not a JSON Web Key Set, {\"keys\": […]}")?;
        let entries: Vec<_> = raw.keys.into_iter().filter_map(usable).collect();
        let entries: Vec<_> =
            entries.into_iter().filter(|entry| allowed.contains(&entry.algorithm)).collect();
        if entries.is_empty() {
            return Err("it has no public key for signatures of the issuer's algorithms");
        }
        Ok(Self(entries))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The key that a token names, for this algorithm; without a name, the only one for it.
    pub(super) fn choose(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&DecodingKey, Reason> {
        let mut fit = self.0.iter().filter(|entry| entry.algorithm == algorithm);
        let Some(id) = id else {
            return match (fit.next(), fit.next()) {
                (Some(only), None) => Ok(&only.key),
                _ => Err(Reason::UnknownKey),
            };
        };
        let named = |entry: &&Entry| entry.id.as_deref() == Some(id);
        match fit.find(named) {
            Some(entry) => Ok(&entry.key),
            // The key is there, for another algorithm.
            None if self.0.iter().any(|entry| named(&entry)) => Err(Reason::Algorithm),
            None => Err(Reason::UnknownKey),
        }
    }
}

/// A key, if it is public, for signatures, and of a kind in use here. Its type alone says for which
/// algorithm it is good; what the token says has no part in it.
fn usable(raw: serde_json::Value) -> Option<Entry> {
    let jwk: Jwk = serde_json::from_value(raw).ok()?;
    let common = &jwk.common;
    if common.public_key_use.as_ref().is_some_and(|it| *it != PublicKeyUse::Signature)
        || common.key_operations.as_ref().is_some_and(|it| !it.contains(&KeyOperations::Verify))
    {
        return None;
    }
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDsa, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::Es256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::RSA(key) if long_enough(&key.n) => {
            (Algorithm::Rs256, KeyAlgorithm::RS256)
        }
        _ => return None,
    };
    if common.key_algorithm.is_some_and(|it| it != named) {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some(Entry { id: jwk.common.key_id, algorithm, key })
}

fn long_enough(modulus: &str) -> bool {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(modulus.as_bytes()).unwrap_or_default();
    bytes.iter().skip_while(|byte| **byte == 0).count() >= RSA_BYTES
}
