//! The web client's files, built by this crate's build script and embedded.
//!
//! Owns a static table of assets with their types, tags and encodings. Knows nothing of HTTP or sockets:
//! `net` asks [`asset`] and chooses the encoding. Where Node was missing at build time the table holds a
//! plain page instead, and [`BUILT`] says so.

include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// Whether the real client is embedded. `false`: a plain page that says how to build it.
pub const BUILT: bool = IS_BUILT;

/// Why the plain page stands in, in one sentence without a full stop; `None` when [`BUILT`].
/// Names no path of the build machine.
pub const FALLBACK_REASON: Option<&str> = REASON;

/// The `content-security-policy` every page of this client is to be served with. The client keeps to it:
/// no inline script or style, one origin, and text is only ever set as text.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// One file of the client.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its name, without a leading slash: `index.html`, `app-7QK2ZL5A.js`.
    pub path: &'static str,
    /// The value for `content-type`.
    pub content_type: &'static str,
    /// The value for `etag`, quotes included. Weak: one tag for all encodings.
    pub etag: &'static str,
    /// Whether its name changes with its bytes, so that caches may keep it for good. Everything else is
    /// to be served with `no-cache`.
    pub immutable: bool,
    /// The bytes as they are.
    pub identity: &'static [u8],
    /// The bytes for `content-encoding: gzip`; `None` where that was not worth it.
    pub gzip: Option<&'static [u8]>,
    /// The bytes for `content-encoding: br`; `None` where that was not worth it.
    pub brotli: Option<&'static [u8]>,
}

/// The asset at a URL path, with or without its leading slash. `/` is the page itself. `None` if there is
/// no such file; names are compared whole, so no path can leave the table.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Asset> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = if path.is_empty() { "index.html" } else { path };
    TABLE.binary_search_by(|asset| asset.path.cmp(path)).ok().and_then(|at| TABLE.get(at))
}

/// Every asset, by name.
#[must_use]
pub fn assets() -> &'static [Asset] {
    TABLE
}

/// What a first visit downloads, in bytes: of each file the smallest encoding. Licences are not part
/// of a visit.
#[must_use]
pub fn total_bytes() -> usize {
    TABLE
        .iter()
        .filter(|asset| asset.path != "licenses.txt")
        .map(|asset| {
            [Some(asset.identity), asset.gzip, asset.brotli]
                .into_iter()
                .flatten()
                .map(<[u8]>::len)
                .min()
                .unwrap_or(0)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{BUILT, FALLBACK_REASON, asset, assets, total_bytes};

    #[test]
    fn the_page_is_found_by_its_names_and_nothing_else_is() {
        let page = asset("/").expect("a build without a page does not compile");
        assert_eq!(page.path, "index.html");
        assert!(!page.immutable);
        assert_eq!(asset("index.html").map(|found| found.etag), Some(page.etag));
        for path in ["/../Cargo.toml", "/index", "//index.html", "/index.html/", "/app.js"] {
            assert!(asset(path).is_none(), "{path} must not be served");
        }
        assert_eq!(BUILT, FALLBACK_REASON.is_none());
    }

    #[test]
    fn every_file_the_page_names_is_in_the_table() {
        let page = asset("/").expect("a build without a page does not compile");
        let html = String::from_utf8_lossy(page.identity);
        let mut named = 0;
        for part in html.split(['"', '\'']).filter(|part| part.starts_with('/')) {
            if let Some((_, end)) = part.rsplit_once('.')
                && ["js", "css", "svg", "webmanifest"].contains(&end)
            {
                assert!(asset(part).is_some(), "{part} is named and missing");
                named += 1;
            }
        }
        assert!(named >= 1, "the page names at least its style");
    }

    #[test]
    fn names_are_sorted_and_encodings_are_smaller() {
        for pair in assets().windows(2) {
            assert!(pair[0].path < pair[1].path);
        }
        for asset in assets().iter().filter(|asset| asset.identity.len() > 2_000) {
            for encoded in [asset.gzip, asset.brotli].into_iter().flatten() {
                assert!(encoded.len() < asset.identity.len(), "{}", asset.path);
            }
        }
        let kinds = [".js", ".css"];
        for asset in assets() {
            let hashed = kinds.iter().any(|kind| asset.path.ends_with(kind)) && BUILT;
            assert_eq!(asset.immutable, hashed, "{}", asset.path);
        }
        assert!(total_bytes() > 0);
    }

    #[test]
    fn the_page_holds_nothing_inline() {
        // The policy would block it, and the page would be blank.
        let page = asset("/").expect("a build without a page does not compile");
        let html = String::from_utf8_lossy(page.identity).to_lowercase();
        assert!(!html.contains("<style"));
        assert!(!html.contains(" style="));
        for script in html.split("<script").skip(1) {
            assert!(script.contains("src="), "a script without src is inline");
        }
    }
}
