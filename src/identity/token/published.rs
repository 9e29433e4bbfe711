//! The file of an issuer's public keys: read at the start, read again when it has changed. A file
//! that became bad leaves the last good keys in force.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::{Mutex, RwLock};

use super::jwks::KeySet;
use crate::config::Algorithm;

/// Largest file read, bytes.
const LARGEST: u64 = 1024 * 1024;

/// Why a file gives no keys.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The file system said no.
    #[error("failed to read the key file {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not what an issuer publishes.
    #[error("the key file {} cannot be used: {why}", path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
}

/// What tells one state of a file from another.
#[derive(PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

/// The public keys in a file.
pub(super) struct Published {
    path: PathBuf,
    pub(super) algorithms: Vec<Algorithm>,
    keys: RwLock<Arc<KeySet>>,
    /// The state read last, good or bad. `None`: the system did not tell.
    stamp: Mutex<Option<Stamp>>,
}

impl Published {
    pub(super) fn open(path: &Path, algorithms: &[Algorithm]) -> Result<Self, JwksError> {
        // Before the read: a file that changes meanwhile looks changed the next time.
        let stamp = stamp(path);
        let keys = read(path, algorithms)?;
        Ok(Self {
            path: path.to_path_buf(),
            algorithms: algorithms.to_vec(),
            keys: RwLock::new(Arc::new(keys)),
            stamp: Mutex::new(stamp),
        })
    }

    pub(super) fn keys(&self) -> Arc<KeySet> {
        Arc::clone(&self.keys.read())
    }

    /// Reads the file again if it is not as it was. True: there are other keys now.
    pub(super) fn look(&self) -> bool {
        self.look_by(read)
    }

    fn look_by(&self, read: impl FnOnce(&Path, &[Algorithm]) -> Result<KeySet, JwksError>) -> bool {
        let mut known = self.stamp.lock();
        let stamp = stamp(&self.path);
        if *known == stamp {
            return false;
        }
        let found = read(&self.path, &self.algorithms);
        // What could not be read is not known yet: the next look tries again.
        if !matches!(found, Err(JwksError::Io { .. })) {
            *known = stamp;
        }
        match found {
            Ok(keys) => {
                let file = self.path.display();
                tracing::info!(%file, keys = keys.len(), "read the changed keys of an issuer");
                *self.keys.write() = Arc::new(keys);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the last good keys of the issuer stay in force");
                false
            }
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some(Stamp { modified: found.modified().ok(), length: found.len(), inode: found.ino() })
}

fn read(path: &Path, algorithms: &[Algorithm]) -> Result<KeySet, JwksError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|source| JwksError::Io { path: path.to_path_buf(), source })?;
    let bad = |why| JwksError::Bad { path: path.to_path_buf(), why };
    if bytes.len() as u64 > LARGEST {
        return Err(bad("it is larger than 1 MiB"));
    }
    KeySet::parse(&bytes, algorithms).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_could_not_be_read_for_a_moment_are_read_at_the_next_look() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("idp.json");
        let publish = |id: &str| {
            let x = data_encoding::BASE64URL_NOPAD.encode(&[9; 32]);
            let key = serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": x });
            let text = serde_json::json!({ "keys": [key] }).to_string();
            fs::write(&path, text).expect("the directory is there");
        };
        publish("first");
        let published = Published::open(&path, &[Algorithm::EdDsa]).expect("keys");
        let holds = |id| published.keys().choose(Some(id), Algorithm::EdDsa).is_ok();
        publish("the second");
        let full = |path: &Path, _: &[Algorithm]| {
            let source = io::Error::other("too many open files");
            Err(JwksError::Io { path: path.to_path_buf(), source })
        };
        assert!(!published.look_by(full) && holds("first"));
        // The file is as it was at the look that failed.
        assert!(published.look() && holds("the second"));
        assert!(!published.look_by(full), "a file that was read is not read again");
        fs::write(&path, "{}").expect("the directory is there");
        assert!(!published.look() && holds("the second"));
        assert!(!published.look_by(|_, _| unreachable!("it is known to be bad")));
    }
}
