//! `SEAL` in a generation's folder: whether what lies there is what its engine left there.
//!
//! Where its file is damaged, the engine goes back without a word to what it held before, up to half a
//! mebibyte of changes at once: words that were erased since would be served again. And it writes over
//! what it no longer needs before what stands for it is on the platter, so a machine that goes down may
//! take along what was synced. Neither is to be seen from what it answers. So when a generation is
//! closed, every file of it is summed; while it is in use, the seal names the machine's start. A store
//! that is not as it was left, or that the machine went down with, is made anew from the journal before
//! it is used; one that only its process went down with is used, and made anew beside that.
//!
//! Nothing of it is synced: a seal that a power cut tears or takes back does not hold either.
//!
//! ```text
//! wardroom store seal 1
//! in use since <id of the machine's start>      or, for each file: <blake3> <bytes> <path>
//! and when its process ended                    perhaps, after the first
//! ```

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

const NAME: &str = "SEAL";
const HEAD: &str = "wardroom store seal 1\n";
const IN_USE: &str = "in use since ";
const BEFORE: &str = "and when its process ended\n";

/// Read at once.
const PIECE: usize = 1024 * 1024;

/// How a generation was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) enum Left {
    /// It was closed, and is as it was then.
    Closed,
    /// Its process ended while it was in use; the machine went on, and with it what was written.
    InUse,
    /// It cannot be trusted, for this reason.
    Broken(&'static str),
}

/// Looks how a generation was left.
pub(super) fn look(dir: &Path, boot: Option<&str>) -> io::Result<Left> {
    let text = match fs::read(dir.join(NAME)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Left::Broken("it has no seal that says how it was left"));
        }
        Err(error) => return Err(error),
    };
    let Some(body) = text.strip_prefix(HEAD.as_bytes()) else {
        return Ok(Left::Broken("its seal is damaged"));
    };
    if body.starts_with(IN_USE.as_bytes()) {
        return Ok(match boot {
            Some(boot) if body.starts_with(in_use(boot).as_bytes()) => Left::InUse,
            _ => Left::Broken("the machine went down while it was in use"),
        });
    }
    if body == listing(dir)?.as_bytes() {
        Ok(Left::Closed)
    } else {
        Ok(Left::Broken("its files are not what they were when it was closed"))
    }
}

fn in_use(boot: &str) -> String {
    format!("{IN_USE}{boot}\n")
}

/// Notes that somebody writes to a generation from now on. One that was in use before is never sealed as
/// closed: whoever has doubts makes another.
pub(super) fn open(dir: &Path, boot: Option<&str>, left: Left) -> io::Result<()> {
    let before = if left == Left::InUse { BEFORE } else { "" };
    let since = in_use(boot.unwrap_or("nobody knows when"));
    fs::write(dir.join(NAME), format!("{HEAD}{since}{before}"))
}

/// Takes the seal off: what lies here is not to be trusted, whoever closes it.
pub(super) fn take_off(dir: &Path) -> io::Result<()> {
    match fs::remove_file(dir.join(NAME)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Seals a generation that nobody writes to any more, unless there are doubts or none is to be had.
pub(super) fn close(dir: &Path) -> io::Result<()> {
    match fs::read(dir.join(NAME)) {
        Ok(text) if !text.ends_with(BEFORE.as_bytes()) => {}
        _ => return Ok(()),
    }
    fs::write(dir.join(NAME), format!("{HEAD}{}", listing(dir)?))
}

/// Every file but the seal, with its sum.
fn listing(dir: &Path) -> io::Result<String> {
    let mut paths = Vec::new();
    collect(dir, &mut paths)?;
    paths.sort();
    let mut text = String::new();
    for path in paths {
        let name = path.strip_prefix(dir).unwrap_or(&path);
        if name == Path::new(NAME) {
            continue;
        }
        let (sum, bytes) = sum(&path)?;
        let sum = sum.to_hex();
        // Into a string: that never fails.
        let _ = writeln!(text, "{sum} {bytes} {}", name.display());
    }
    Ok(text)
}

fn collect(dir: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), paths)?;
        } else {
            paths.push(entry.path());
        }
    }
    Ok(())
}

fn sum(path: &Path) -> io::Result<(blake3::Hash, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((hasher.finalize(), hasher.count())),
            len => hasher.update(&piece[..len]),
        };
    }
}

#[cfg(test)]
mod tests;
