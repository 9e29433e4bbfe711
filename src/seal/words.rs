//! Sealing: once, by the proposer, before the entry has a number (K3).

use bytes::Bytes;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use wardroom_protocol::ids::{LogName, Mid, PrincipalId};

use super::Keyring;

/// Words as they rest and travel between nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The master key that the log's key derives from.
    pub key: u32,
    /// Random, 24 bytes.
    pub nonce: [u8; 24],
    /// Ciphertext and tag.
    pub bytes: Bytes,
    /// BLAKE3 of `bytes`.
    pub hash: [u8; 32],
}

/// Why words did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key file does not hold the master named.
    #[error("the key file holds no master key {0}; it may belong to another data directory")]
    UnknownKey(u32),
    /// The bytes, or what they are bound to, were changed.
    #[error("sealed words do not open: they were changed, or belong to another entry")]
    Changed,
}

/// What words are bound to: moved to another log, author or mid, they do not open. Never the
/// position, which is not known when they are sealed.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The log.
    pub log: &'a LogName,
    /// The entry's mid.
    pub mid: &'a Mid,
    /// The author.
    pub by: &'a PrincipalId,
    /// The record version.
    pub version: u8,
}

impl Binding<'_> {
    fn associated(&self, key: u32) -> Vec<u8> {
        let mut data = Vec::with_capacity(160);
        data.push(self.version);
        data.extend_from_slice(&key.to_be_bytes());
        data.extend_from_slice(self.mid.as_bytes());
        for part in [self.log.as_str(), self.by.as_str()] {
            data.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

impl Keyring {
    /// Seals words for one entry.
    #[must_use]
    pub fn seal(&self, binding: Binding<'_>, words: &[u8]) -> Sealed {
        let key = self.newest();
        let log_key = self.log_key(key, binding.log).expect("the newest master is in the ring");
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).expect("the operating system gives random bytes");
        let aad = binding.associated(key);
        let bytes = XChaCha20Poly1305::new(&Key::from(log_key))
            .encrypt(&XNonce::from(nonce), Payload { msg: words, aad: &aad })
            .expect("XChaCha20-Poly1305 takes any message below 256 GiB");
        let hash = *blake3::hash(&bytes).as_bytes();
        Sealed { key, nonce, bytes: bytes.into(), hash }
    }

    /// Opens sealed words: `key` and `nonce` as the record's header names them.
    pub fn unseal(
        &self,
        binding: Binding<'_>,
        key: u32,
        nonce: &[u8; 24],
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let log_key = self.log_key(key, binding.log).ok_or(OpenError::UnknownKey(key))?;
        let aad = binding.associated(key);
        XChaCha20Poly1305::new(&Key::from(log_key))
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map_err(|_| OpenError::Changed)
    }
}
