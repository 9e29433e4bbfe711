//! Which pages' scripts may open a socket. A browser sends the page's origin and cannot be made to
//! lie about it; other programs send none, and prove themselves by their token alone.

use std::collections::BTreeSet;
use std::net::SocketAddr;

/// The allowed origins, compared whole: scheme, host and port.
#[derive(Clone, Debug)]
pub struct Origins(BTreeSet<String>);

impl Origins {
    /// The node's own pages, `http` or `https`, on the address it listens on, and what the operator
    /// adds.
    #[must_use]
    pub fn new(scheme: &str, listen: SocketAddr, added: &[String]) -> Self {
        let port = listen.port();
        let mut allowed: BTreeSet<String> =
            added.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect();
        allowed.insert(format!("{scheme}://{listen}"));
        if listen.ip().is_loopback() {
            for host in ["127.0.0.1", "localhost", "[::1]"] {
                allowed.insert(format!("{scheme}://{host}:{port}"));
            }
        }
        Self(allowed)
    }

    /// Whether a request with this `Origin` header may open a socket.
    #[must_use]
    pub fn allow(&self, origin: Option<&[u8]>) -> bool {
        let Some(origin) = origin else { return true };
        std::str::from_utf8(origin)
            .is_ok_and(|origin| self.0.contains(&origin.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_whole() {
        let listen = "127.0.0.1:7420".parse().expect("an address");
        let origins = Origins::new("http", listen, &["https://wardroom.example/".into()]);
        let allow = |origin: &str| origins.allow(Some(origin.as_bytes()));
        assert!(origins.allow(None));
        assert!(allow("http://127.0.0.1:7420"));
        assert!(allow("http://localhost:7420"));
        assert!(allow("https://wardroom.example"));
        for foreign in [
            "null",
            "",
            "http://127.0.0.1:7421",
            "https://127.0.0.1:7420",
            "http://wardroom.example",
            "https://wardroom.example.evil.example",
            "https://wardroom.example:8443",
            "https://evil.example/https://wardroom.example",
        ] {
            assert!(!allow(foreign), "{foreign}");
        }
    }
}
