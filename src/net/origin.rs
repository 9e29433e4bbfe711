//! Which pages' scripts may open a socket. A browser sends the page's origin and cannot be made to
//! lie about it; other programs send none, and prove themselves by their token alone.

use std::collections::BTreeSet;
use std::net::SocketAddr;

/// The allowed origins, compared whole: scheme, host and port.
#[derive(Clone, Debug)]
pub struct Origins(BTreeSet<String>);

/// An origin as browsers write it: in lower case, and without the port that its scheme has anyway.
fn as_sent(origin: &str) -> String {
    let mut origin = origin.to_ascii_lowercase();
    let default = if origin.starts_with("https://") { ":443" } else { ":80" };
    // An IPv6 address has brackets: if it ends in these digits, what ends here is `]`.
    if let Some(rest) = origin.strip_suffix(default) {
        origin.truncate(rest.len());
    }
    origin
}

impl Origins {
    /// The node's own pages, `http` or `https`, on the address it listens on, and what the operator
    /// adds.
    #[must_use]
    pub fn new(scheme: &str, listen: SocketAddr, added: &[String]) -> Self {
        let port = listen.port();
        let mut allowed: BTreeSet<String> =
            added.iter().map(|origin| as_sent(origin.trim_end_matches('/'))).collect();
        allowed.insert(as_sent(&format!("{scheme}://{listen}")));
        if listen.ip().is_loopback() {
            for host in ["127.0.0.1", "localhost", "[::1]"] {
                allowed.insert(as_sent(&format!("{scheme}://{host}:{port}")));
            }
        }
        Self(allowed)
    }

    /// Whether a request with this `Origin` header may open a socket.
    #[must_use]
    pub fn allow(&self, origin: Option<&[u8]>) -> bool {
        let Some(origin) = origin else { return true };
        std::str::from_utf8(origin).is_ok_and(|origin| self.0.contains(&as_sent(origin)))
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

    #[test]
    fn a_browser_leaves_the_port_of_its_scheme_out() {
        let allows = |scheme: &str, listen: &str, added: &[&str], sent: &str| {
            let added: Vec<_> = added.iter().map(|&origin| origin.to_owned()).collect();
            let listen = listen.parse().expect("an address");
            Origins::new(scheme, listen, &added).allow(Some(sent.as_bytes()))
        };
        let own = ["127.0.0.1", "localhost", "[::1]"];
        for (scheme, usual, other) in [("http", 80, 443), ("https", 443, 80)] {
            for (host, address) in own.into_iter().zip(["127.0.0.1", "127.0.0.1", "[::1]"]) {
                let sent = format!("{scheme}://{host}");
                assert!(allows(scheme, &format!("{address}:{usual}"), &[], &sent), "{sent}");
                // Of another scheme it is a port like any other.
                let listen = format!("{address}:{other}");
                assert!(!allows(scheme, &listen, &[], &sent), "{sent} of {listen}");
                assert!(allows(scheme, &listen, &[], &format!("{sent}:{other}")), "{sent}");
            }
        }
        let added =
            ["https://Wardroom.example:443", "http://[2001:db8::2]:80", "http://[2001:db8::80]"];
        for (sent, allowed) in [
            ("https://wardroom.example", true),
            ("http://wardroom.example", false),
            ("http://[2001:db8::2]", true),
            ("http://[2001:db8::80]", true),
            ("http://[2001:db8:]", false),
            ("https://[2001:db8::2]", false),
        ] {
            assert_eq!(allows("http", "127.0.0.1:7420", &added, sent), allowed, "{sent}");
        }
    }
}
