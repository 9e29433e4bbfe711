//! Builds the web client while cargo builds this crate, and writes the table that `src/lib.rs` includes.
//!
//! Order: `WARDROOM_WEB=skip` (or docs.rs) embeds the fallback page; `WARDROOM_WEB_DIST=FOLDER` copies a
//! finished build; otherwise `app/` is copied to the output folder and built there with Node and npm.
//! Any failure embeds the fallback page and warns once, unless `WARDROOM_WEB=require` makes it an error.
//! Never writes into the source tree.

mod folder;
mod node;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// What went wrong, in one sentence for people. Names no path, so it may be embedded.
pub(crate) struct Failure {
    /// The sentence, without a full stop.
    reason: String,
    /// What the tool said last, for the build's warning only; may hold paths.
    detail: String,
}

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), detail: String::new() }
    }

    pub(crate) fn said(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

fn main() -> ExitCode {
    let (Some(here), Some(out)) = (folder_of("CARGO_MANIFEST_DIR"), folder_of("OUT_DIR")) else {
        eprintln!("the build script of wardroom-web runs under cargo only");
        return ExitCode::FAILURE;
    };
    for name in ["WARDROOM_WEB", "WARDROOM_WEB_DIST", "DOCS_RS"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    for source in ["build", "fallback", "app"] {
        // File by file: cargo watches a folder with all below it, and a developer's own `node_modules`
        // would start this script on every build.
        for file in folder::files(&here.join(source)) {
            println!("cargo:rerun-if-changed={}", file.display());
        }
    }

    let mode = env::var("WARDROOM_WEB").unwrap_or_default();
    let dist = out.join("dist");
    let built = match mode.as_str() {
        "" | "require" => obtain(&here, &out, &dist),
        "skip" => Err(Failure::new("it was built with WARDROOM_WEB=skip")),
        _ => {
            eprintln!("WARDROOM_WEB is \"skip\", \"require\" or not set at all.");
            return ExitCode::FAILURE;
        }
    };
    let reason = match built {
        Ok(()) => None,
        Err(failure) if mode == "require" => {
            eprintln!(
                "\nThe web client was not built, and WARDROOM_WEB=require asks for it: {}. \
                 Install Node {} or newer with npm and build again, or set WARDROOM_WEB_DIST to a \
                 folder that holds a finished build.\n{}",
                failure.reason,
                node::OLDEST,
                failure.detail
            );
            return ExitCode::FAILURE;
        }
        Err(failure) => {
            if mode != "skip" {
                println!(
                    "cargo:warning=The web client was not built; a plain page stands in for it: {}. \
                     For the real one, install Node {} or newer with npm and build once with \
                     WARDROOM_WEB=require.",
                    failure.reason,
                    node::OLDEST
                );
            }
            if let Err(error) = folder::replace(&here.join("fallback"), &dist) {
                eprintln!("the fallback page could not be copied: {error}");
                return ExitCode::FAILURE;
            }
            Some(failure.reason)
        }
    };
    match table::write(&dist, &out.join("table.rs"), reason.as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the table of web assets could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn folder_of(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from)
}

/// Puts the real client into `dist`.
fn obtain(here: &Path, out: &Path, dist: &Path) -> Result<(), Failure> {
    if env::var_os("DOCS_RS").is_some() {
        return Err(Failure::new("documentation builds have no network"));
    }
    if let Some(finished) = folder_of("WARDROOM_WEB_DIST") {
        for file in folder::files(&finished) {
            println!("cargo:rerun-if-changed={}", file.display());
        }
        if !finished.join("index.html").is_file() {
            return Err(Failure::new("the folder named by WARDROOM_WEB_DIST holds no index.html"));
        }
        return folder::replace(&finished, dist).map_err(|error| {
            Failure::new("the folder named by WARDROOM_WEB_DIST could not be copied")
                .said(error.to_string())
        });
    }
    let work = out.join("web");
    fs::create_dir_all(&work).and_then(|()| folder::refresh(&here.join("app"), &work)).map_err(
        |error| {
            Failure::new("its sources could not be copied to cargo's output folder")
                .said(error.to_string())
        },
    )?;
    node::build(&work, dist)
}
