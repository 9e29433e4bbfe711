//! The footer of a closed segment: which log's seqs lie where. Derived: when it is bad, a scan of the
//! segment makes it again.
//!
//! ```text
//! footer, right behind the last group
//!   table     4 count of logs; each: 2 length + name, 8 first seq, 8 last seq, 4 count, 4 index of
//!             its first place
//!   places    each: 8 seq, 4 offset of the record in the file
//! trailer, the last 64 bytes of the file
//!   0   8  "WRDRMEND"    8   4  offset of the table    12  4  bytes of table
//!   16  4  count of places    20  4  zero    24  8  first group    32  8  last group
//!   40  8  sum of the table   48  8  sum of the places   56  8  sum of bytes 0..56
//! ```

use std::collections::BTreeMap;
use std::io;

use wardroom_protocol::ids::LogName;

use super::super::bytes_in::{Cut, Cutter};
use super::super::disk::DiskFile;
use super::super::record::short;
use super::catalog::places_of;
use super::scan::{GroupAt, Scan};
use super::segment::Segment;

/// Bytes at the end of every closed segment.
pub(in crate::log) const TRAILER: usize = 64;
const MAGIC: &[u8; 8] = b"WRDRMEND";
const PLACE: usize = 12;

/// One log's part of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) struct Extent {
    pub(in crate::log) first: u64,
    pub(in crate::log) last: u64,
    pub(in crate::log) count: u32,
    start: u32,
}

/// The footer without its places, which stay on disk until somebody asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::log) struct Footer {
    pub(in crate::log) logs: BTreeMap<LogName, Extent>,
    pub(in crate::log) first_group: u64,
    pub(in crate::log) last_group: u64,
    /// Where the groups end and the footer begins.
    pub(in crate::log) groups_end: u64,
    places_at: u64,
    places: u32,
    places_sum: [u8; 8],
}

/// Records of a segment by log, each with its offset; seqs ascending.
pub(in crate::log) type Places = BTreeMap<LogName, Vec<(u64, u32)>>;

/// Bytes that the footer of these places needs, trailer included.
pub(in crate::log) fn size(names: usize, logs: usize, places: usize) -> u64 {
    (4 + names + logs * 26 + places * PLACE + TRAILER) as u64
}

/// The footer's bytes, to be written at `at`, and the trailer.
pub(super) fn encode(at: u64, groups: (u64, u64), places: &Places) -> (Vec<u8>, [u8; TRAILER]) {
    let mut table = Vec::new();
    let mut list = Vec::new();
    let count = |len: usize| u32::try_from(len).expect("a segment holds fewer than 4 G records");
    table.extend_from_slice(&count(places.len()).to_le_bytes());
    for (log, places) in places {
        let start = count(list.len() / PLACE);
        let name = log.as_str().as_bytes();
        let len = u16::try_from(name.len()).expect("a log's name is short");
        table.extend_from_slice(&len.to_le_bytes());
        table.extend_from_slice(name);
        let (first, last) = ends(places);
        table.extend_from_slice(&first.to_le_bytes());
        table.extend_from_slice(&last.to_le_bytes());
        table.extend_from_slice(&count(places.len()).to_le_bytes());
        table.extend_from_slice(&start.to_le_bytes());
        for (seq, offset) in places {
            list.extend_from_slice(&seq.to_le_bytes());
            list.extend_from_slice(&offset.to_le_bytes());
        }
    }
    let mut trailer = [0; TRAILER];
    trailer[..8].copy_from_slice(MAGIC);
    let at = u32::try_from(at).expect("a segment is below 4 GiB");
    trailer[8..12].copy_from_slice(&at.to_le_bytes());
    trailer[12..16].copy_from_slice(&count(table.len()).to_le_bytes());
    trailer[16..20].copy_from_slice(&count(list.len() / PLACE).to_le_bytes());
    trailer[24..32].copy_from_slice(&groups.0.to_le_bytes());
    trailer[32..40].copy_from_slice(&groups.1.to_le_bytes());
    trailer[40..48].copy_from_slice(&short(blake3::hash(&table).as_bytes()));
    trailer[48..56].copy_from_slice(&short(blake3::hash(&list).as_bytes()));
    let sum = short(blake3::hash(&trailer[..56]).as_bytes());
    trailer[56..].copy_from_slice(&sum);
    table.extend_from_slice(&list);
    (table, trailer)
}

/// Writes the footer of a segment from a scan of it, and syncs. `None` if the segment has no room for
/// one: it stays readable by scanning.
pub(in crate::log) fn write_footer(
    segment: &Segment,
    bytes: &[u8],
    found: &Scan,
    before: u64,
) -> io::Result<Option<Footer>> {
    let places = places_of(bytes, &found.groups);
    let first = found.groups.first().map_or(before + 1, |group| group.number);
    let last = found.groups.last().map_or(before, GroupAt::last_number);
    let (body, trailer) = encode(found.end as u64, (first, last), &places);
    let trailer_at = bytes.len() - TRAILER;
    if found.end + body.len() > trailer_at {
        return Ok(None);
    }
    segment.file.write_at(&body, found.end as u64)?;
    segment.file.write_at(&trailer, trailer_at as u64)?;
    segment.file.sync()?;
    Footer::read(&*segment.file)
}

fn ends(places: &[(u64, u32)]) -> (u64, u64) {
    let first = places.first().map_or(0, |place| place.0);
    (first, places.last().map_or(0, |place| place.0))
}

impl Footer {
    /// Reads trailer and table; `None` if there is no whole footer.
    pub(in crate::log) fn read(file: &dyn DiskFile) -> io::Result<Option<Self>> {
        let size = file.size()?;
        let Some(trailer_at) = size.checked_sub(TRAILER as u64) else {
            return Ok(None);
        };
        let mut trailer = [0; TRAILER];
        file.read_at(&mut trailer, trailer_at)?;
        let Ok(front) = Front::decode(&trailer) else {
            return Ok(None);
        };
        let end = front.table_at + u64::from(front.table_len) + front.places_len();
        if end > trailer_at {
            return Ok(None);
        }
        let mut table = vec![0; front.table_len as usize];
        file.read_at(&mut table, front.table_at)?;
        Ok(front.with_table(&table).ok().flatten())
    }

    /// All places of one log. `None` if the places are damaged.
    pub(in crate::log) fn places(
        &self,
        file: &dyn DiskFile,
        log: &LogName,
    ) -> io::Result<Option<Vec<(u64, u32)>>> {
        let Some(extent) = self.logs.get(log) else {
            return Ok(Some(Vec::new()));
        };
        let Some(list) = self.list(file)? else {
            return Ok(None);
        };
        let from = extent.start as usize * PLACE;
        let to = from + extent.count as usize * PLACE;
        Ok(list.get(from..to).map(parse_places))
    }

    /// Every place. `None` if they are damaged.
    pub(in crate::log) fn all(&self, file: &dyn DiskFile) -> io::Result<Option<Places>> {
        let Some(list) = self.list(file)? else {
            return Ok(None);
        };
        let mut all = Places::new();
        for (log, extent) in &self.logs {
            let from = extent.start as usize * PLACE;
            let to = from + extent.count as usize * PLACE;
            let Some(part) = list.get(from..to) else {
                return Ok(None);
            };
            all.insert(log.clone(), parse_places(part));
        }
        Ok(Some(all))
    }

    fn list(&self, file: &dyn DiskFile) -> io::Result<Option<Vec<u8>>> {
        let mut list = vec![0; self.places as usize * PLACE];
        file.read_at(&mut list, self.places_at)?;
        let whole = short(blake3::hash(&list).as_bytes()) == self.places_sum;
        Ok(whole.then_some(list))
    }
}

fn parse_places(bytes: &[u8]) -> Vec<(u64, u32)> {
    let place = |bytes: &[u8]| -> Result<(u64, u32), Cut> {
        let mut cut = Cutter::new(bytes);
        Ok((cut.u64()?, cut.u32()?))
    };
    bytes.chunks_exact(PLACE).filter_map(|bytes| place(bytes).ok()).collect()
}

struct Front {
    table_at: u64,
    table_len: u32,
    places: u32,
    groups: (u64, u64),
    table_sum: [u8; 8],
    places_sum: [u8; 8],
}

impl Front {
    fn decode(trailer: &[u8; TRAILER]) -> Result<Self, Cut> {
        let mut cut = Cutter::new(trailer);
        let magic: [u8; 8] = cut.array()?;
        let table_at = u64::from(cut.u32()?);
        let table_len = cut.u32()?;
        let places = cut.u32()?;
        cut.u32()?;
        let groups = (cut.u64()?, cut.u64()?);
        let table_sum = cut.array()?;
        let places_sum = cut.array()?;
        let sum: [u8; 8] = cut.array()?;
        if magic != *MAGIC || sum != short(blake3::hash(&trailer[..56]).as_bytes()) {
            return Err(Cut);
        }
        Ok(Self { table_at, table_len, places, groups, table_sum, places_sum })
    }

    fn places_len(&self) -> u64 {
        u64::from(self.places) * PLACE as u64
    }

    fn with_table(&self, table: &[u8]) -> Result<Option<Footer>, Cut> {
        if short(blake3::hash(table).as_bytes()) != self.table_sum {
            return Ok(None);
        }
        let mut cut = Cutter::new(table);
        let mut logs = BTreeMap::new();
        for _ in 0..cut.u32()? {
            let Some(Ok(log)) = cut.text()?.map(str::parse) else {
                return Ok(None);
            };
            let extent = Extent {
                first: cut.u64()?,
                last: cut.u64()?,
                count: cut.u32()?,
                start: cut.u32()?,
            };
            logs.insert(log, extent);
        }
        Ok(Some(Footer {
            logs,
            first_group: self.groups.0,
            last_group: self.groups.1,
            groups_end: self.table_at,
            places_at: self.table_at + u64::from(self.table_len),
            places: self.places,
            places_sum: self.places_sum,
        }))
    }
}
