//! Whose certificates a client believes, for `wss://`.

use std::io;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::Connector;

use crate::address::OpenError;

/// The authorities of the system, or the ones given and no others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust(Option<Arc<ClientConfig>>);

impl Trust {
    /// Believes these authorities only: one or more certificates in PEM.
    pub(crate) fn only(pem: &[u8]) -> Result<Self, OpenError> {
        let bad = || OpenError::Address("the root certificate is not a certificate in PEM");
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
        }
        if roots.is_empty() {
            return Err(bad());
        }
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Some(Arc::new(config))))
    }

    /// `None`: those of the system.
    pub(crate) fn connector(&self) -> Option<Connector> {
        self.0.clone().map(Connector::Rustls)
    }
}

/// Whether a handshake failed over the certificate or the TLS version rather than the network.
pub(crate) fn is_of_tls(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some()
}
