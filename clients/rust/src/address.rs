//! The address of a server, and why no connection to it came to be.

use tokio_tungstenite::tungstenite::http::Uri;
use wardroom_protocol::SOCKET_PATH;

use crate::trust::Trust;
use crate::wire::OPEN_WITHIN;

/// Why no WebSocket came to be.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address is not one this client can use; the text says what one looks like.
    #[error("{0}; an address looks like ws://127.0.0.1:7420")]
    Address(&'static str),
    /// Nobody answered there.
    #[error("cannot reach {host}: {kind}; is the server running, and is this its address?")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
    /// Somebody answered, but not with a WebSocket.
    #[error("{host} answered the upgrade with HTTP status {status}")]
    Status {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The peer is no `wardroom.v1` server.
    #[error("{host} does not speak wardroom.v1; is this the address of a Wardroom server?")]
    NotWardroom {
        /// Host and port.
        host: String,
    },
    /// Somebody answered, but TLS did not come to be.
    #[error(
        "{host} could not be trusted: {why}; is the certificate for this name, in date, and its authority known here?"
    )]
    Untrusted {
        /// Host and port.
        host: String,
        /// What TLS said.
        why: String,
    },
    /// It took too long.
    #[error("{host} did not finish the upgrade within {} s", OPEN_WITHIN.as_secs())]
    TimedOut {
        /// Host and port.
        host: String,
    },
}

/// An address, checked: `ws://host[:port][/path]`, or `wss://` for TLS. Without a path it is the
/// socket's usual path.
#[derive(Clone, Debug)]
pub struct Address {
    uri: Uri,
    host: String,
    trust: Trust,
}

impl Address {
    /// Checks an address. Over `wss://` the certificate must be signed by an authority that the system
    /// knows, unless [`Self::trusting`] names another.
    pub fn parse(url: &str) -> Result<Self, OpenError> {
        let uri: Uri = url.parse().map_err(|_| OpenError::Address("this is not a URL"))?;
        let (scheme, port) = match uri.scheme_str() {
            Some("ws") => ("ws", 80),
            Some("wss") => ("wss", 443),
            Some(_) => {
                return Err(OpenError::Address("the address must begin with ws:// or wss://"));
            }
            None => return Err(OpenError::Address("the address has no ws:// before it")),
        };
        if uri.query().is_some() {
            return Err(OpenError::Address(
                "the address must have no query; the token goes into hello",
            ));
        }
        let authority = uri.authority().filter(|it| !it.host().is_empty());
        let authority = authority.ok_or(OpenError::Address("the address names no host"))?;
        if authority.as_str().contains('@') {
            return Err(OpenError::Address(
                "the address must hold no user or password; the token goes into hello",
            ));
        }
        let host = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(port));
        let path = match uri.path() {
            "" | "/" => SOCKET_PATH,
            path => path,
        };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(authority.as_str())
            .path_and_query(path)
            .build()
            .map_err(|_| OpenError::Address("this is not a URL"))?;
        Ok(Self { uri, host, trust: Trust::default() })
    }

    /// The same address, where only these authorities are believed: certificates in PEM.
    pub fn trusting(mut self, root_certificates: &[u8]) -> Result<Self, OpenError> {
        self.trust = Trust::only(root_certificates)?;
        Ok(self)
    }

    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Host and port, for people.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}
