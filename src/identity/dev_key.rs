//! The development key: one shared secret in the data directory, so that a fresh node can be tried
//! without an identity provider. The first issuer behind the seam, not the last.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use zeroize::Zeroizing;

use super::token::{Claims, Issuer, Verifier};

/// The file's name, inside the folder of keys.
pub const FILE: &str = "dev-token.key";
/// The key's id in a token's header.
const KEY_ID: &str = "dev";

/// Why there is no development key.
#[derive(Debug, thiserror::Error)]
pub enum DevKeyError {
    /// The file system said no.
    #[error("failed to {action} the development key {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What came of it.
        source: io::Error,
    },
    /// Others on this machine can read it, so others can sign with it.
    #[error("the development key {} can be read by others on this machine; take that away with: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// Not what this program writes.
    #[error("{} is not a development key: 64 hexadecimal digits are expected; remove it and a new one is made, which ends all tokens of the old one", .0.display())]
    Bad(PathBuf),
}

/// A key that signs development tokens. Shows nothing in `Debug`.
pub struct DevKey {
    secret: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for DevKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DevKey")
    }
}

impl DevKey {
    /// Opens `dir/dev-token.key`, or makes it (mode 0600, and the folder if need be). `dir` is the
    /// folder of keys, `<data>/keys`. Two processes that make it at once end up with the same key.
    pub fn open_or_create(dir: &Path) -> Result<Self, DevKeyError> {
        let path = dir.join(FILE);
        if !path.exists() {
            create(dir, &path)?;
        }
        let fail = |action| io_error(action, &path);
        let mode = fs::metadata(&path).map_err(fail("look at"))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(DevKeyError::Exposed(path));
        }
        let text = Zeroizing::new(fs::read(&path).map_err(fail("read"))?);
        let bytes = data_encoding::HEXLOWER_PERMISSIVE
            .decode(text.trim_ascii())
            .map(Zeroizing::new)
            .map_err(|_| DevKeyError::Bad(path.clone()))?;
        let secret =
            <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| DevKeyError::Bad(path.clone()))?;
        Ok(Self { secret: Zeroizing::new(secret) })
    }

    /// A key that lives and dies with the process.
    #[must_use]
    pub fn ephemeral() -> Self {
        Self { secret: random() }
    }

    /// A token with these claims.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(KEY_ID.to_owned());
        let key = EncodingKey::from_secret(&*self.secret);
        jsonwebtoken::encode(&header, claims, &key).expect("claims are plain data and always sign")
    }

    /// Believes what this key signed in the name of this issuer.
    #[must_use]
    pub fn verifier(&self, issuer: &str) -> Verifier {
        Verifier::new(vec![self.issuer(issuer)])
    }

    /// This key as the one of an issuer.
    #[must_use]
    pub fn issuer(&self, name: &str) -> Issuer {
        Issuer::hs256(name, KEY_ID, &*self.secret)
    }
}

fn random() -> Zeroizing<[u8; 32]> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *secret).expect("the operating system gives random bytes");
    secret
}

/// Writes a whole key beside its place and links it there: whoever comes second finds the first
/// one's key, never half of one.
fn create(dir: &Path, path: &Path) -> Result<(), DevKeyError> {
    let fail = |action| io_error(action, path);
    fs::create_dir_all(dir).map_err(fail("make the folder of"))?;
    let temporary = dir.join(format!("{FILE}.{}", uuid::Uuid::new_v4().simple()));
    let text = Zeroizing::new(data_encoding::HEXLOWER.encode(&*random()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| match fs::hard_link(&temporary, path) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        });
    // Whatever came of it, the key lies in one place only.
    let removed = fs::remove_file(&temporary);
    written.and(removed).map_err(fail("write"))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(fail("sync the folder of"))
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DevKeyError {
    let path = path.to_path_buf();
    move |source| DevKeyError::Io { action, path, source }
}
