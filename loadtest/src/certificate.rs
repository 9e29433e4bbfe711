//! A certificate for one run: self-signed, for this machine only, believed by this run's clients only.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::failure::Failure;

/// A certificate and its key, written down for the server.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate's file.
    pub cert: PathBuf,
    /// The key's file.
    pub key: PathBuf,
    /// The certificate in PEM, which is its own authority.
    pub pem: String,
}

impl Certificate {
    /// Makes one and writes it into a folder.
    pub fn write(folder: &Path) -> Result<Self, Failure> {
        let names = ["127.0.0.1", "localhost"].map(str::to_owned);
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).map_err(|error| Failure::Io {
                action: "make a certificate".to_owned(),
                source: std::io::Error::other(error),
            })?;
        let (pem, paths) = (cert.pem(), ["cert.pem", "key.pem"].map(|name| folder.join(name)));
        let [cert, key] = paths;
        for (path, text) in [(&cert, &pem), (&key, &signing_key.serialize_pem())] {
            fs::write(path, text).map_err(Failure::io(format!("write {}", path.display())))?;
        }
        Ok(Self { cert, key, pem })
    }
}
