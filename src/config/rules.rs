//! What no single knob can tell: rules between them.

use tracing_subscriber::EnvFilter;

use super::place::{Place, Problem};
use super::{Loaded, Server};

/// Checks the whole.
pub(super) fn check(loaded: &Loaded, problems: &mut Vec<Problem>) {
    let config = &loaded.config;
    let place = |knob| loaded.origins.get(knob).cloned().unwrap_or(Place::Default);
    let mut say = |knob, what: String, next: &str| {
        problems.push(Problem { place: place(knob), what, next: next.to_owned() });
    };

    if !is_node_name(&config.node) {
        say(
            "node",
            "wrong value for `node`".to_owned(),
            "use 1 to 64 of a-z, 0-9 and -; it names this node in its cluster",
        );
    }
    let Server { listen, trusted_proxy, ref allowed_origins, ref tls_cert, ref tls_key, .. } =
        config.server;
    if let (Some(_), None) | (None, Some(_)) = (tls_cert, tls_key) {
        let (given, lacking) = match tls_cert {
            Some(_) => ("server.tls_cert", "server.tls_key"),
            None => ("server.tls_key", "server.tls_cert"),
        };
        say(
            given,
            format!("`{given}` without `{lacking}`"),
            "TLS needs both files: the certificate chain and its private key",
        );
    }
    if !listen.ip().is_loopback() && !trusted_proxy && config.server.tls().is_none() {
        say(
            "server.listen",
            format!("other machines could reach {listen} without TLS"),
            "three ways out: stay on this machine (--listen 127.0.0.1:7420), set server.tls_cert and server.tls_key, or put a proxy that ends TLS in front and set server.trusted_proxy = true",
        );
    }
    if let Some(at) = allowed_origins.iter().position(|o| !is_origin(o)) {
        say(
            "server.allowed_origins",
            format!("number {} of `server.allowed_origins` is not an origin", at + 1),
            "write scheme, host and port only, such as \"https://wardroom.example\"; no path, no *",
        );
    }
    if config.limits.silent_seconds <= config.limits.ping_seconds {
        say(
            "limits.silent_seconds",
            "`limits.silent_seconds` is not above `limits.ping_seconds`".to_owned(),
            "a connection must be pinged before it is called gone; 25 and 45 are the defaults",
        );
    }
    if config.limits.burst < config.limits.messages_per_second {
        say(
            "limits.burst",
            "`limits.burst` is below `limits.messages_per_second`".to_owned(),
            "let the burst be at least one second's messages",
        );
    }
    if EnvFilter::try_new(&config.telemetry.filter).is_err() {
        say(
            "telemetry.filter",
            "wrong value for `telemetry.filter`".to_owned(),
            "give a level (error, warn, info, debug, trace) or targets, such as info,wardroom=debug",
        );
    }
    let auth = &config.auth;
    for (index, issuer) in auth.issuers.iter().enumerate() {
        let own = auth.development && issuer.name == auth.development_issuer;
        let earlier = auth.issuers[..index].iter().any(|other| other.name == issuer.name);
        if own || earlier {
            problems.push(Problem {
                place: issuer.place.clone(),
                what: "two issuers of one name".to_owned(),
                next: if own {
                    "this is the name of the development key's issuer: change auth.development_issuer, or set auth.development = false"
                } else {
                    "keep one of the two tables: a token's iss must name one issuer"
                }
                .to_owned(),
            });
        }
    }
}

fn is_node_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<http::Uri>() else {
        return false;
    };
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.host().is_some_and(|host| !host.contains('*'));
    // `Uri` reads `https://host` and `https://host/` alike; a browser sends it without the slash.
    let bare = uri.path_and_query().is_none_or(|rest| rest == "/") && !text.ends_with('/');
    scheme && host && bare && !text.contains('@')
}
