//! Moving closed segments to another folder, on another disk perhaps: the journal grows for ever, and
//! it is the second copy of everything. The store alone is no safe place to leave it: what a power cut
//! tears, its engine may clear away when it opens.
//!
//! A segment is copied, synced and compared; then a link of its name takes its place, in one step. To
//! everybody who reads the journal nothing has changed. If the archive is not there, the log does not
//! open and says why.
//!
//! The archive may take its time, or hang: nobody who writes waits for it. What is erased meanwhile is erased
//! in the copy as well before the link is made ([`Copying`]).

use std::io;
use std::path::Path;

use super::disk::{Disk, DiskFile};
use super::journal::{Catalog, Copying, SEGMENT_HEADER, SegmentHeader, SegmentName};

/// Copied at once, bytes.
const PIECE: usize = 1024 * 1024;

/// Moves one closed segment.
pub(super) fn move_there(catalog: &Catalog, archive: &Path, number: SegmentName) -> io::Result<()> {
    let disk = &**catalog.disk();
    let path = catalog.path(number);
    let kept = archive.join(format!("{number:08}.seg"));
    let made = kept.with_extension("new");
    // Before the first byte is read: what was erased earlier is not there to be copied.
    let copying = Copying::begin(catalog, number);
    let from = catalog.open(number)?.file;
    if let Ok(there) = disk.open(&kept, false)
        && header(&*there)? != header(&*from)?
    {
        let what = format!("{} belongs to another journal", kept.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
    }
    let copied = copy(disk, &*from, &made, &kept);
    if let Err(error) = copied {
        // What is erased later would stay in half a copy.
        let _ = disk.remove(&made);
        return Err(error);
    }
    let moved = link(catalog, archive, &copying, &*from, (&kept, &path));
    if moved.is_err() && !disk.is_link(&path) {
        // What is erased later would stay in it.
        let _ = disk.remove(&kept);
    }
    moved
}

/// Compares a copy and puts a link to it in its segment's place.
fn link(
    catalog: &Catalog,
    archive: &Path,
    copying: &Copying<'_>,
    from: &dyn DiskFile,
    (kept, path): (&Path, &Path),
) -> io::Result<()> {
    let disk = &**catalog.disk();
    disk.sync_dir(archive)?;
    let there = disk.open(kept, false)?;
    compare(copying, from, &*there)?;
    let link = path.with_extension("link");
    if disk.is_link(&link) {
        // A crash came between making it and naming it.
        disk.remove(&link)?;
    }
    disk.link(kept, &link)?;
    let replace = || {
        disk.rename(&link, path)?;
        disk.sync_dir(catalog.dir())
    };
    while !copying.replace(replace)? {
        copying.erase_again(&*there)?;
    }
    Ok(())
}

/// Copies a file to one beside, syncs it and gives it its name.
fn copy(disk: &dyn Disk, from: &dyn DiskFile, made: &Path, kept: &Path) -> io::Result<()> {
    let size = from.size()?;
    let to = disk.open(made, true)?;
    to.resize(0)?;
    let mut passed = false;
    pieces(size, |at, bytes| {
        from.read_at(bytes, at)?;
        to.write_at(bytes, at)?;
        if !passed && at + bytes.len() as u64 > size / 2 {
            passed = true;
            disk.point("trim_half");
        }
        Ok(())
    })?;
    to.sync()?;
    disk.rename(made, kept)
}

/// Reads a segment and its copy, which must be the same once the copy has every erasure.
fn compare(copying: &Copying<'_>, from: &dyn DiskFile, copy: &dyn DiskFile) -> io::Result<()> {
    let mut held = vec![0; PIECE];
    pieces(from.size()?, |at, bytes| {
        loop {
            let held = &mut held[..bytes.len()];
            from.read_at(bytes, at)?;
            copy.read_at(held, at)?;
            if held == bytes {
                return Ok(());
            }
            if !copying.erase_again(copy)? {
                return Err(io::Error::other("the copy differs"));
            }
        }
    })
}

fn header(file: &dyn DiskFile) -> io::Result<Option<(SegmentName, [u8; 16])>> {
    let mut bytes = [0; SEGMENT_HEADER];
    file.read_at(&mut bytes, 0)?;
    Ok(SegmentHeader::decode(&bytes).map(|header| (header.number, header.journal)))
}

/// Visits a file's pieces.
fn pieces(size: u64, mut visit: impl FnMut(u64, &mut [u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    let mut at = 0;
    while at < size {
        let len = usize::try_from(size - at).map_or(PIECE, |left| left.min(PIECE));
        visit(at, &mut buffer[..len])?;
        at += len as u64;
    }
    Ok(())
}
