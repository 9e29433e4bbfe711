//! Listing and copying folders. Skips what a developer's own runs leave behind.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// Folders that are no part of the built client.
const SKIPPED: [&str; 3] = ["node_modules", "dist", "test"];

/// Every file below `root`, sorted; none if there is no such folder.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !SKIPPED.iter().any(|name| entry.file_name() == *name) {
                    open.push(path);
                }
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Makes `to` a copy of `from`, and nothing else.
pub(crate) fn replace(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    copy(from, to)
}

/// Like [`replace`], but leaves an installed `node_modules` in `to` where it is.
pub(crate) fn refresh(from: &Path, to: &Path) -> io::Result<()> {
    for file in files(to) {
        if file.file_name() != Some(crate::node::STAMP.as_ref()) {
            fs::remove_file(file)?;
        }
    }
    copy(from, to)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for file in files(from) {
        let target = to.join(file.strip_prefix(from).map_err(io::Error::other)?);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        // Bytes only: a copied read-only mode would stop the next build from replacing the file.
        fs::write(&target, fs::read(&file)?)?;
    }
    Ok(())
}
