//! Sealing: once, by the proposer, before the entry has a number (K3).

use std::sync::Arc;

use bytes::Bytes;
use wardroom_protocol::ids::{LogName, Mid, PrincipalId};

use super::derived::LogKeys;
use super::{Keyring, xchacha};

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
        associate(&mut data, self.version, key, self.mid, self.log, self.by.as_str());
        data
    }
}

/// The associated data: what words are bound to, as bytes.
fn associate(out: &mut Vec<u8>, version: u8, key: u32, mid: &Mid, log: &LogName, by: &str) {
    out.push(version);
    out.extend_from_slice(&key.to_be_bytes());
    out.extend_from_slice(mid.as_bytes());
    for part in [log.as_str(), by] {
        out.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(part.as_bytes());
    }
}

/// Sealed words where they lie, with what opens them.
#[derive(Clone, Copy, Debug)]
pub struct SealedWords<'a> {
    /// The master key that the log's key derives from.
    pub key: u32,
    /// The nonce.
    pub nonce: &'a [u8; 24],
    /// Ciphertext and tag.
    pub bytes: &'a [u8],
}

/// Opens the words of many entries of one log.
pub struct Opener<'a> {
    keys: Arc<LogKeys>,
    log: &'a LogName,
    associated: Vec<u8>,
}

impl<'a> Opener<'a> {
    /// For one log.
    #[must_use]
    pub fn new(keys: &Keyring, log: &'a LogName) -> Self {
        Self { keys: keys.of_log(log), log, associated: Vec::new() }
    }

    /// Puts the words, opened, behind what `out` holds. After an error `out` holds bytes that mean
    /// nothing. What opens is what was sealed: no other proof of the bytes is needed.
    pub fn open_behind(
        &mut self,
        out: &mut Vec<u8>,
        sealed: SealedWords<'_>,
        mid: &Mid,
        by: &str,
        version: u8,
    ) -> Result<(), OpenError> {
        let master = sealed.key;
        let key = self.keys.words(master).ok_or(OpenError::UnknownKey(master))?;
        self.associated.clear();
        associate(&mut self.associated, version, master, mid, self.log, by);
        let from = out.len();
        out.extend_from_slice(sealed.bytes);
        xchacha::open(key, sealed.nonce, &self.associated, out, from)
            .map_err(|_| OpenError::Changed)
    }
}

impl LogKeys {
    /// Seals words for one entry of this log.
    #[must_use]
    pub fn seal(&self, binding: Binding<'_>, words: &[u8]) -> Sealed {
        let (key, log_key) = self.newest_for_words();
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).expect("the operating system gives random bytes");
        let aad = binding.associated(key);
        let mut bytes = Vec::with_capacity(words.len() + xchacha::TAG);
        bytes.extend_from_slice(words);
        xchacha::seal(log_key, &nonce, &aad, &mut bytes)
            .expect("XChaCha20-Poly1305 takes any message below 256 GiB");
        let hash = *blake3::hash(&bytes).as_bytes();
        Sealed { key, nonce, bytes: bytes.into(), hash }
    }
}

impl Keyring {
    /// Seals words for one entry.
    #[must_use]
    pub fn seal(&self, binding: Binding<'_>, words: &[u8]) -> Sealed {
        self.of_log(binding.log).seal(binding, words)
    }

    /// Opens sealed words: `key` and `nonce` as the record's header names them.
    pub fn unseal(
        &self,
        binding: Binding<'_>,
        key: u32,
        nonce: &[u8; 24],
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let keys = self.of_log(binding.log);
        let log_key = keys.words(key).ok_or(OpenError::UnknownKey(key))?;
        let aad = binding.associated(key);
        let mut words = sealed.to_vec();
        xchacha::open(log_key, nonce, &aad, &mut words, 0).map_err(|_| OpenError::Changed)?;
        Ok(words)
    }
}
