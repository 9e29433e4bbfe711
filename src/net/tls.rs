//! TLS in process: the certificate and its key, read at the start and again when asked to.
//!
//! A new pair counts for connections that come after it. One that is wrong changes nothing.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("failed to read {what} {}: {source}\n  check the path and that this user may read it", path.display())]
    Unreadable {
        /// Which of the two, with its knob.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{what} {} holds none in PEM\n  it begins with a line such as -----BEGIN {label}-----", path.display())]
    NotPem {
        /// Which of the two, with its knob.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What PEM calls it.
        label: &'static str,
    },
    /// The two do not serve.
    #[error("the certificate {} and the key {} do not serve: {source}\n  the first certificate in the file must be the node's own, and the key must be its", cert.display(), key.display())]
    Pair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What TLS said.
        source: rustls::Error,
    },
}

/// The pair in force.
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tls({}, {})", self.cert.display(), self.key.display())
    }
}

impl Tls {
    /// Reads a pair of PEM files. Blocks; not for a thread that serves connections.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let config = RwLock::new(read(cert, key)?);
        Ok(Self { cert: cert.to_path_buf(), key: key.to_path_buf(), config })
    }

    /// Reads the files again. On an error the pair in force stays. Blocks.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = read(&self.cert, &self.key)?;
        *self.config.write() = config;
        Ok(())
    }

    /// Makes handshakes with the pair in force.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config.read()))
    }
}

fn read(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let what = "the certificate of server.tls_cert";
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad(what, cert, "CERTIFICATE", error))?;
    if chain.is_empty() {
        return Err(bad(what, cert, "CERTIFICATE", pem::Error::NoItemsFound));
    }
    let what = "the private key of server.tls_key";
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| bad(what, key, "PRIVATE KEY", error))?;
    let pair = |source| TlsError::Pair { cert: cert.into(), key: key.into(), source };
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A reconnect storm resumes by tickets that cost the node no memory. Without them it only pays more.
    match Ticketer::new() {
        Ok(ticketer) => config.ticketer = ticketer,
        Err(error) => tracing::warn!(error = %error, "no session tickets: handshakes cost more"),
    }
    Ok(Arc::new(config))
}

fn bad(what: &'static str, path: &Path, label: &'static str, error: pem::Error) -> TlsError {
    let path = path.to_path_buf();
    match error {
        pem::Error::Io(source) => TlsError::Unreadable { what, path, source },
        // Said without what the file holds, whatever that is.
        _ => TlsError::NotPem { what, path, label },
    }
}
