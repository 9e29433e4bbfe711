//! Writes the table of assets as Rust source: one row per file, its bytes included by the compiler.
//! A file that is missing is a compile error, never an empty page.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::Hasher as _;
use std::path::Path;
use std::{fs, io};

/// Writes the rows for `dist` to `target`.
pub(crate) fn write(dist: &Path, target: &Path, reason: Option<&str>) -> io::Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dist)? {
        let name = entry?.file_name();
        let name =
            name.into_string().map_err(|_| io::Error::other("an asset's name is not UTF-8"))?;
        let copy = Path::new(&name)
            .extension()
            .is_some_and(|end| end == "br" || end == "gz" || end == "map");
        if !copy {
            names.push(name);
        }
    }
    // `asset` searches by halves.
    names.sort();
    let mut rust = String::new();
    let built = reason.is_none();
    let failed = |_| io::Error::other("the table could not be formatted");
    writeln!(rust, "const IS_BUILT: bool = {built};").map_err(failed)?;
    writeln!(rust, "const REASON: Option<&str> = {reason:?};").map_err(failed)?;
    writeln!(rust, "static TABLE: &[Asset] = &[").map_err(failed)?;
    for name in &names {
        let bytes = fs::read(dist.join(name))?;
        let copy = |end: &str| {
            let file = format!("{name}.{end}");
            if dist.join(&file).is_file() {
                format!("Some({})", include(&file))
            } else {
                "None".to_owned()
            }
        };
        writeln!(
            rust,
            "Asset {{ path: {name:?}, content_type: {:?}, etag: {:?}, immutable: {}, identity: {}, gzip: {}, brotli: {} }},",
            content_type(name),
            etag(&bytes),
            is_hashed(name),
            include(name),
            copy("gz"),
            copy("br"),
        )
        .map_err(failed)?;
    }
    writeln!(rust, "];").map_err(failed)?;
    fs::write(target, rust)
}

fn include(name: &str) -> String {
    format!("include_bytes!(concat!(env!(\"OUT_DIR\"), {:?}))", format!("/dist/{name}"))
}

/// Weak, because one tag stands for all three encodings. It only has to tell builds apart.
fn etag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("W/\"{:016x}\"", hasher.finish())
}

/// The bundler's names: `app-7QK2ZL5A.js`.
fn is_hashed(name: &str) -> bool {
    name.split_once('.').is_some_and(|(stem, _)| {
        stem.rsplit_once('-').is_some_and(|(_, hash)| {
            hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        })
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
