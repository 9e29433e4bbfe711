//! `store.mark`: up to which group the store is known to be on the platter. Written only after its
//! sync. Two slots, written in turn, so that a torn write leaves the other.
//!
//! ```text
//! slot at 0 and at 4096: 0 8 "WRDRMARK" · 8 8 turn · 16 8 group · 24 4 segment · 28 4 generation ·
//! 32 8 sum of bytes 0..32
//! ```

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::super::bytes_in::{Cut, Cutter};
use super::super::disk::{Disk, DiskFile};
use super::super::record::short;

const MAGIC: &[u8; 8] = b"WRDRMARK";
const SLOT: usize = 40;
const APART: u64 = 4096;

/// What the mark says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::log) struct Mark {
    /// The newest group that is surely in the store.
    pub(in crate::log) group: u64,
    /// The segment it stands in: replay begins there.
    pub(in crate::log) segment: u32,
    /// The generation of the store that this is said of.
    pub(in crate::log) generation: u32,
}

/// The open file.
pub(in crate::log) struct MarkFile {
    file: Arc<dyn DiskFile>,
    turn: u64,
}

fn decode(bytes: &[u8; SLOT]) -> Result<Option<(u64, Mark)>, Cut> {
    let mut cut = Cutter::new(bytes);
    let magic: [u8; 8] = cut.array()?;
    let turn = cut.u64()?;
    let group = cut.u64()?;
    let segment = cut.u32()?;
    let generation = cut.u32()?;
    let sum: [u8; 8] = cut.array()?;
    let mark = Mark { group, segment, generation };
    let holds = magic == *MAGIC && sum == short(blake3::hash(&bytes[..32]).as_bytes());
    Ok(holds.then_some((turn, mark)))
}

impl MarkFile {
    /// Opens the file, or makes it, and reads the newest slot that holds.
    pub(in crate::log) fn open(disk: &dyn Disk, path: &Path) -> io::Result<(Self, Option<Mark>)> {
        let file = disk.open(path, true)?;
        if file.size()? < APART + SLOT as u64 {
            file.resize(APART + SLOT as u64)?;
            file.sync()?;
            if let Some(dir) = path.parent() {
                disk.sync_dir(dir)?;
            }
        }
        let mut newest: Option<(u64, Mark)> = None;
        for slot in 0..2 {
            let mut bytes = [0; SLOT];
            file.read_at(&mut bytes, slot * APART)?;
            if let Ok(Some((turn, mark))) = decode(&bytes)
                && newest.is_none_or(|(newest, _)| turn > newest)
            {
                newest = Some((turn, mark));
            }
        }
        let turn = newest.map_or(0, |(turn, _)| turn);
        Ok((Self { file, turn }, newest.map(|(_, mark)| mark)))
    }

    /// Writes the mark into the older slot and syncs it.
    pub(in crate::log) fn write(&mut self, mark: Mark) -> io::Result<()> {
        self.turn += 1;
        let mut bytes = [0; SLOT];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&self.turn.to_le_bytes());
        bytes[16..24].copy_from_slice(&mark.group.to_le_bytes());
        bytes[24..28].copy_from_slice(&mark.segment.to_le_bytes());
        bytes[28..32].copy_from_slice(&mark.generation.to_le_bytes());
        let sum = short(blake3::hash(&bytes[..32]).as_bytes());
        bytes[32..].copy_from_slice(&sum);
        self.file.write_at(&bytes, self.turn % 2 * APART)?;
        self.file.sync()
    }
}
