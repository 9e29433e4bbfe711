//! The keyring: wrapped master keys in two checksummed copies, and the key that wraps them.
//!
//! `keys/masters.a` and `keys/masters.b` are equal; either alone is enough. Each is written by
//! temporary file, fsync, rename, directory fsync. `keys/wrapping.key` may live elsewhere
//! (`keys.wrapping_file`), so that a copied data directory opens nothing by itself.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use wardroom_protocol::ids::LogName;
use zeroize::Zeroizing;

use super::derived::{Derived, LogKeys};

const MAGIC: &[u8; 8] = b"WRDKEYS1";
const COPIES: [&str; 2] = ["masters.a", "masters.b"];

pub(super) type Secret = Zeroizing<[u8; 32]>;

/// Why the keys are not at hand.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file system said no.
    #[error("failed to {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What came of it.
        source: io::Error,
    },
    /// Both copies are missing although there is a log, or both are damaged.
    #[error("no readable copy of the master keys in {}; restore masters.a or masters.b from a backup: without them no words open", .0.display())]
    Lost(PathBuf),
    /// The wrapping key is not the one the masters were wrapped with.
    #[error("the wrapping key {} does not open the master keys beside it", .0.display())]
    WrongWrappingKey(PathBuf),
    /// The wrapping key file is not 64 hexadecimal digits.
    #[error("{} is not a wrapping key: 64 hexadecimal digits are expected", .0.display())]
    BadWrappingKey(PathBuf),
}

/// All master keys. Cheap to share behind an `Arc`; shows nothing in `Debug`.
pub struct Keyring {
    masters: BTreeMap<u32, Secret>,
    derived: Derived,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} masters)", self.masters.len())
    }
}

impl Keyring {
    /// A ring that lives and dies with the process.
    #[must_use]
    pub fn ephemeral() -> Self {
        Self::of(BTreeMap::from([(1, random())]))
    }

    fn of(masters: BTreeMap<u32, Secret>) -> Self {
        Self { masters, derived: Derived::default() }
    }

    /// Opens the ring in `dir`, or makes one there. `wrapping` names the wrapping key's file; by
    /// default it lies beside the masters. `new` says whether the data directory is new: keys are
    /// never made anew beside an existing log.
    pub fn open(dir: &Path, wrapping: Option<&Path>, new: bool) -> Result<Self, KeyError> {
        let wrapping_path = wrapping.map_or_else(|| dir.join("wrapping.key"), Path::to_path_buf);
        if COPIES.iter().all(|name| !dir.join(name).exists()) {
            if !new {
                return Err(KeyError::Lost(dir.to_path_buf()));
            }
            return Self::create(dir, &wrapping_path);
        }
        let wrapping_key = read_wrapping(&wrapping_path)?;
        let mut found: Option<(&str, Self)> = None;
        let mut readable = false;
        let mut broken = Vec::new();
        for name in COPIES {
            match fs::read(dir.join(name)).ok().as_deref().and_then(unframe) {
                None => broken.push(name),
                Some(wrapped) => {
                    readable = true;
                    match unwrap_masters(&wrapping_key, wrapped) {
                        Some(masters) if found.is_none() => found = Some((name, Self::of(masters))),
                        Some(_) => {}
                        None => broken.push(name),
                    }
                }
            }
        }
        let Some((good, ring)) = found else {
            return Err(if readable {
                KeyError::WrongWrappingKey(wrapping_path)
            } else {
                KeyError::Lost(dir.to_path_buf())
            });
        };
        for name in broken {
            tracing::warn!(copy = name, "a copy of the master keys was unreadable and is restored");
            let from = dir.join(good);
            let bytes = fs::read(&from).map_err(|e| io_error("read", &from, e))?;
            write_private(&dir.join(name), &bytes)?;
        }
        Ok(ring)
    }

    fn create(dir: &Path, wrapping_path: &Path) -> Result<Self, KeyError> {
        fs::create_dir_all(dir).map_err(|e| io_error("create", dir, e))?;
        let wrapping_key = if wrapping_path.exists() {
            read_wrapping(wrapping_path)?
        } else {
            let key = random();
            let text = Zeroizing::new(data_encoding::HEXLOWER.encode(&*key));
            write_private(wrapping_path, text.as_bytes())?;
            key
        };
        let ring = Self::ephemeral();
        let framed = frame(&wrap_masters(&wrapping_key, &ring.masters));
        for name in COPIES {
            write_private(&dir.join(name), &framed)?;
        }
        Ok(ring)
    }

    /// The keys of a log, derived at most once while it is in use.
    #[must_use]
    pub fn of_log(&self, log: &LogName) -> Arc<LogKeys> {
        self.derived.of(&self.masters, log)
    }
}

fn random() -> Secret {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *key).expect("the operating system gives random bytes");
    key
}

fn wrap_masters(wrapping: &Secret, masters: &BTreeMap<u32, Secret>) -> Vec<u8> {
    let mut plain = Zeroizing::new(Vec::new());
    for (id, key) in masters {
        plain.extend_from_slice(&id.to_be_bytes());
        plain.extend_from_slice(&**key);
    }
    let mut nonce = [0; 24];
    getrandom::fill(&mut nonce).expect("the operating system gives random bytes");
    let sealed = XChaCha20Poly1305::new(&Key::from(**wrapping))
        .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: MAGIC })
        .expect("a short message seals");
    [&nonce[..], &sealed].concat()
}

fn unwrap_masters(wrapping: &Secret, wrapped: &[u8]) -> Option<BTreeMap<u32, Secret>> {
    let (nonce, sealed) = wrapped.split_first_chunk::<24>()?;
    let plain = XChaCha20Poly1305::new(&Key::from(**wrapping))
        .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: MAGIC })
        .ok()
        .map(Zeroizing::new)?;
    let mut masters = BTreeMap::new();
    for part in plain.chunks_exact(36) {
        let id = u32::from_be_bytes(part[..4].try_into().ok()?);
        masters.insert(id, Zeroizing::new(part[4..].try_into().ok()?));
    }
    (!masters.is_empty()).then_some(masters)
}

/// magic ‖ wrapped ‖ BLAKE3 of both.
fn frame(wrapped: &[u8]) -> Vec<u8> {
    let mut out = [&MAGIC[..], wrapped].concat();
    let sum = blake3::hash(&out);
    out.extend_from_slice(sum.as_bytes());
    out
}

fn unframe(bytes: &[u8]) -> Option<&[u8]> {
    let (body, sum) = bytes.split_last_chunk::<32>()?;
    let wrapped = body.strip_prefix(MAGIC)?;
    (blake3::hash(body) == *sum).then_some(wrapped)
}

fn read_wrapping(path: &Path) -> Result<Secret, KeyError> {
    let text = Zeroizing::new(fs::read(path).map_err(|e| io_error("read", path, e))?);
    let bytes = data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.trim_ascii())
        .map_err(|_| KeyError::BadWrappingKey(path.to_path_buf()))?;
    let key = <[u8; 32]>::try_from(bytes.as_slice())
        .map_err(|_| KeyError::BadWrappingKey(path.to_path_buf()))?;
    Ok(Zeroizing::new(key))
}

/// Writes a file of mode 0600 so that after a power cut it is either the old or the new one.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let fail = |action| move |e| io_error(action, path, e);
    let temporary = path.with_extension("new");
    let _ = fs::remove_file(&temporary);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(fail("create"))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail("write"))?;
    fs::rename(&temporary, path).map_err(fail("put in place"))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(fail("sync the folder of"))
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> KeyError {
    KeyError::Io { action, path: path.to_path_buf(), source }
}
