//! One group: the unit of a write and a sync. Framing only, no files.

use wardroom_protocol::ids::LogName;

use super::super::bytes_in::Cutter;
use super::super::record::{View, short};

/// Bytes before a group's body.
pub(in crate::log) const GROUP_HEADER: usize = 32;
pub(super) const MAGIC: &[u8; 4] = b"WGRP";

/// A record's bytes on their way into a group.
#[derive(Clone, Debug)]
pub(in crate::log) struct Stored {
    pub(in crate::log) log: LogName,
    pub(in crate::log) seq: u64,
    pub(in crate::log) sum: [u8; 8],
    pub(in crate::log) bytes: Vec<u8>,
}

impl Stored {
    /// From bytes that read as a record.
    pub(in crate::log) fn from_view(view: &View<'_>) -> Self {
        Self {
            log: view.header.log.clone(),
            seq: view.header.position.seq,
            sum: short(&view.hash),
            bytes: view.bytes.to_vec(),
        }
    }
}

/// A group's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) struct GroupHeader {
    pub(in crate::log) body: u32,
    pub(in crate::log) number: u64,
    pub(in crate::log) count: u32,
    pub(in crate::log) spans: u32,
    pub(in crate::log) sum: [u8; 8],
}

impl GroupHeader {
    pub(super) fn new(body: usize, number: u64, count: usize, spans: u32) -> Self {
        Self {
            body: u32::try_from(body).expect("a group fits a segment"),
            number,
            count: u32::try_from(count).expect("a group fits a segment"),
            spans,
            sum: [0; 8],
        }
    }

    fn front(&self) -> [u8; 24] {
        let mut out = [0; 24];
        out[..4].copy_from_slice(MAGIC);
        out[4..8].copy_from_slice(&self.body.to_le_bytes());
        out[8..16].copy_from_slice(&self.number.to_le_bytes());
        out[16..20].copy_from_slice(&self.count.to_le_bytes());
        out[20..24].copy_from_slice(&self.spans.to_le_bytes());
        out
    }

    /// The sum over this header and the records' checksums.
    pub(super) fn sum_over<'a>(&self, sums: impl Iterator<Item = &'a [u8; 8]>) -> [u8; 8] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.front());
        for sum in sums {
            hasher.update(sum);
        }
        short(hasher.finalize().as_bytes())
    }

    pub(super) fn encode(&self) -> [u8; GROUP_HEADER] {
        let mut out = [0; GROUP_HEADER];
        out[..24].copy_from_slice(&self.front());
        out[24..].copy_from_slice(&self.sum);
        out
    }

    /// Parses; proves nothing.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut cut = Cutter::new(bytes);
        let magic: [u8; 4] = cut.array().ok()?;
        let header = Self {
            body: cut.u32().ok()?,
            number: cut.u64().ok()?,
            count: cut.u32().ok()?,
            spans: cut.u32().ok()?,
            sum: cut.array().ok()?,
        };
        (magic == *MAGIC).then_some(header)
    }
}

/// Appends a group. `records` are sorted by log and seq. The body is filled up with zeros to `body`
/// bytes, if that is more than it needs.
pub(in crate::log) fn encode(
    out: &mut Vec<u8>,
    number: u64,
    spans: u32,
    records: &[Stored],
    body: usize,
) {
    let needed: usize = records.iter().map(|record| record.bytes.len()).sum();
    let body = body.max(needed);
    let mut header = GroupHeader::new(body, number, records.len(), spans);
    header.sum = header.sum_over(records.iter().map(|record| &record.sum));
    out.extend_from_slice(&header.encode());
    for record in records {
        out.extend_from_slice(&record.bytes);
    }
    out.resize(out.len() + body - needed, 0);
}
