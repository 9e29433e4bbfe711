//! Segment files: their names, their header, reading them whole, zeroing a part.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::bytes_in::Cutter;
use super::super::disk::{Disk, DiskFile};
use super::super::record::short;

/// Bytes before the first group.
pub(in crate::log) const SEGMENT_HEADER: usize = 64;
const MAGIC: &[u8; 8] = b"WRDRMSEG";
const VERSION: u32 = 1;
/// Zeros are written in pieces of this size, bytes.
const PIECE: usize = 1024 * 1024;

/// A segment's number: its place in the order of all.
pub(in crate::log) type SegmentName = u32;

/// The path of a segment.
pub(in crate::log) fn path(dir: &Path, number: SegmentName) -> PathBuf {
    dir.join(format!("{number:08}.seg"))
}

/// The segments in a directory, ascending. Half-made spares (`*.new`) are not among them.
pub(in crate::log) fn list(disk: &dyn Disk, dir: &Path) -> io::Result<Vec<SegmentName>> {
    let mut found: Vec<SegmentName> = disk
        .list(dir)?
        .iter()
        .filter_map(|path| path.file_name()?.to_str()?.strip_suffix(".seg")?.parse().ok())
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) struct SegmentHeader {
    /// Its number.
    pub(in crate::log) number: SegmentName,
    /// Which journal it belongs to.
    pub(in crate::log) journal: [u8; 16],
    /// Bytes in the file.
    pub(in crate::log) size: u64,
}

impl SegmentHeader {
    pub(in crate::log) fn encode(&self) -> [u8; SEGMENT_HEADER] {
        let mut out = [0; SEGMENT_HEADER];
        out[..8].copy_from_slice(MAGIC);
        out[8..12].copy_from_slice(&VERSION.to_le_bytes());
        out[12..16].copy_from_slice(&self.number.to_le_bytes());
        out[16..32].copy_from_slice(&self.journal);
        out[32..40].copy_from_slice(&self.size.to_le_bytes());
        let sum = short(blake3::hash(&out[..56]).as_bytes());
        out[56..].copy_from_slice(&sum);
        out
    }

    /// `None` if the bytes are no header of a version this program knows, or damaged.
    pub(in crate::log) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..SEGMENT_HEADER)?;
        if bytes[56..] != short(blake3::hash(&bytes[..56]).as_bytes()) {
            return None;
        }
        let mut cut = Cutter::new(bytes);
        let magic: [u8; 8] = cut.array().ok()?;
        let version = cut.u32().ok()?;
        let number = cut.u32().ok()?;
        let journal = cut.array().ok()?;
        let size = cut.u64().ok()?;
        (magic == *MAGIC && version == VERSION).then_some(Self { number, journal, size })
    }
}

/// An open segment file.
#[derive(Clone)]
pub(in crate::log) struct Segment {
    pub(in crate::log) number: SegmentName,
    pub(in crate::log) path: PathBuf,
    pub(in crate::log) file: Arc<dyn DiskFile>,
}

/// Opens a segment that exists.
pub(in crate::log) fn open_segment(
    disk: &dyn Disk,
    dir: &Path,
    number: SegmentName,
) -> io::Result<Segment> {
    let path = path(dir, number);
    let file = disk.open(&path, false).map_err(|error| {
        let away = error.kind() == io::ErrorKind::NotFound && disk.is_link(&path);
        let hint = if away { "; it was moved to log.archive, which is not there" } else { "" };
        io::Error::new(error.kind(), format!("{}: {error}{hint}", path.display()))
    })?;
    Ok(Segment { number, path, file })
}

/// All bytes of a file.
pub(in crate::log) fn read_all(file: &dyn DiskFile) -> io::Result<Vec<u8>> {
    let size = usize::try_from(file.size()?).map_err(io::Error::other)?;
    let mut bytes = vec![0; size];
    file.read_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Writes zeros from `from` to `to`. The caller syncs.
pub(in crate::log) fn zero(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; PIECE.min(usize::try_from(to.saturating_sub(from)).unwrap_or(PIECE))];
    let mut at = from;
    while at < to {
        let len = (to - at).min(zeros.len() as u64);
        file.write_at(&zeros[..usize::try_from(len).unwrap_or(PIECE)], at)?;
        at += len;
    }
    Ok(())
}
