//! Looking at a whole segment: every group, every record, and what is wrong. Pure: bytes in,
//! findings out. Used by recovery, verify, scrub and the rebuild of the store.

use std::ops::Range;

use super::super::record::{Rest, View};
use super::group::{GROUP_HEADER, GroupHeader, MAGIC};
use super::segment::{SEGMENT_HEADER, SegmentHeader};

/// A record's place in a segment.
#[derive(Clone, Debug)]
pub(in crate::log) struct RecordAt {
    /// Offset in the file.
    pub(in crate::log) offset: usize,
    /// Bytes.
    pub(in crate::log) len: usize,
    /// What its words say.
    pub(in crate::log) rest: Rest,
}

/// A group whose frame and headers hold. Its words are judged one by one.
#[derive(Clone, Debug)]
pub(in crate::log) struct GroupAt {
    pub(in crate::log) offset: usize,
    pub(in crate::log) len: usize,
    pub(in crate::log) number: u64,
    pub(in crate::log) spans: u32,
    pub(in crate::log) records: Vec<RecordAt>,
}

impl GroupAt {
    /// The last group number it stands for.
    pub(in crate::log) fn last_number(&self) -> u64 {
        self.number + u64::from(self.spans)
    }
}

/// Bytes between good groups that are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::log) struct Bad {
    /// The bytes.
    pub(in crate::log) range: Range<usize>,
    /// The group numbers that stood there: after the group before, until the group behind.
    pub(in crate::log) before: u64,
    pub(in crate::log) behind: u64,
}

/// A whole segment.
#[derive(Clone, Debug, Default)]
pub(in crate::log) struct Scan {
    /// Its header, if that holds.
    pub(in crate::log) header: Option<SegmentHeader>,
    pub(in crate::log) groups: Vec<GroupAt>,
    /// Damage between groups.
    pub(in crate::log) bad: Vec<Bad>,
    /// Where the last good group ends.
    pub(in crate::log) end: usize,
    /// Bytes behind that, up to `limit`, that are not zero.
    pub(in crate::log) tail: Option<Range<usize>>,
}

/// Scans the groups of a segment that lie below `limit`. `before` is the number of the group before
/// this segment.
pub(in crate::log) fn scan(bytes: &[u8], limit: usize, before: u64) -> Scan {
    let bytes = &bytes[..limit.min(bytes.len())];
    let mut found = Scan {
        header: SegmentHeader::decode(bytes),
        end: SEGMENT_HEADER.min(bytes.len()),
        ..Scan::default()
    };
    let used = used(bytes);
    let mut number = before;
    loop {
        let here = found.end;
        let next = match group_at(bytes, here, number) {
            Some(group) => Some(group),
            None => next_group(bytes, here..used, number),
        };
        let Some(group) = next else {
            break;
        };
        if group.offset > here {
            found.bad.push(Bad { range: here..group.offset, before: number, behind: group.number });
        }
        found.end = group.offset + group.len;
        number = group.last_number();
        found.groups.push(group);
    }
    if used > found.end {
        found.tail = Some(found.end..used);
    }
    found
}

/// Where the last byte that is not zero ends. By pages: most of an open segment is zeros.
fn used(bytes: &[u8]) -> usize {
    const PAGE: usize = 4096;
    let mut pages = bytes.chunks(PAGE);
    let Some(page) = pages.rposition(|page| page.iter().fold(0, |all, byte| all | byte) != 0)
    else {
        return 0;
    };
    let from = page * PAGE;
    let last = bytes[from..].iter().take(PAGE).rposition(|byte| *byte != 0);
    from + last.map_or(0, |last| last + 1)
}

/// The good group at an offset, if its number is above the one before.
fn group_at(bytes: &[u8], offset: usize, before: u64) -> Option<GroupAt> {
    let header = GroupHeader::decode(bytes.get(offset..offset + GROUP_HEADER)?)?;
    if header.number <= before {
        return None;
    }
    let start = offset + GROUP_HEADER;
    let body = bytes.get(start..start.checked_add(header.body as usize)?)?;
    let mut records = Vec::new();
    let mut sums = Vec::new();
    let mut at = 0;
    for _ in 0..header.count {
        let view = View::read(body.get(at..)?).ok()?;
        records.push(RecordAt { offset: start + at, len: view.bytes.len(), rest: view.rest });
        sums.push(super::super::record::short(&view.hash));
        at += view.bytes.len();
    }
    let filled = body[at..].iter().all(|byte| *byte == 0);
    (filled && header.sum_over(sums.iter()) == header.sum).then_some(GroupAt {
        offset,
        len: GROUP_HEADER + body.len(),
        number: header.number,
        spans: header.spans,
        records,
    })
}

/// The next good group behind an offset where none is. A sender cannot forge one in facts: those
/// are JSON and hold no zero bytes, which every frame needs.
fn next_group(bytes: &[u8], within: Range<usize>, before: u64) -> Option<GroupAt> {
    let mut at = within.start + 1;
    while let Some(step) =
        bytes.get(at..within.end)?.windows(MAGIC.len()).position(|four| four == MAGIC)
    {
        if let Some(group) = group_at(bytes, at + step, before) {
            return Some(group);
        }
        at += step + 1;
    }
    None
}

/// Every whole record in a range of bytes, wherever it starts: what can be saved from damage.
pub(in crate::log) fn salvage(bytes: &[u8], range: Range<usize>) -> Vec<RecordAt> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        match View::read(&bytes[at..range.end]) {
            Ok(view) => {
                found.push(RecordAt { offset: at, len: view.bytes.len(), rest: view.rest });
                at += view.bytes.len();
            }
            Err(_) => at += 1,
        }
    }
    found
}
