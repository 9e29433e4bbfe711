//! Writing groups: a synchronous state machine over the open segment. Driven by the journal thread.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use wardroom_protocol::ids::LogName;

use super::super::progress::Progress;
use super::super::record::{self, EncodedHeader, View};
use super::catalog::{Catalog, Place};
use super::footer;
use super::group::{GROUP_HEADER, GroupHeader};
use super::segment::{Segment, SegmentName, zero};
use super::spare::Spares;
use crate::domain::Event;
use crate::entry::Record;
use crate::fault;

/// One record on its way through the journal and into the store.
#[derive(Debug)]
pub(in crate::log) struct Item {
    pub(in crate::log) record: Arc<Record>,
    pub(in crate::log) header: EncodedHeader,
    pub(in crate::log) progress: Arc<Progress>,
    /// What its facts say, if this program can read them.
    pub(in crate::log) event: Option<Event>,
    pub(in crate::log) queued: Instant,
}

impl Item {
    /// Bytes as stored.
    pub(in crate::log) fn len(&self) -> usize {
        record::stored_len(&self.header, self.record.header.words_len)
    }

    pub(in crate::log) fn seq(&self) -> u64 {
        self.record.header.position.seq
    }
}

/// What became of a group.
#[derive(Debug)]
pub(in crate::log) struct Written {
    pub(in crate::log) number: u64,
    pub(in crate::log) segment: SegmentName,
    /// A segment was closed before this group.
    pub(in crate::log) closed: bool,
    /// The entries whose words this group erased.
    pub(in crate::log) erased: Vec<(LogName, u64)>,
}

/// Where writing begins.
pub(in crate::log) struct Start {
    pub(in crate::log) segment: Segment,
    pub(in crate::log) end: u64,
    /// The number of the newest group.
    pub(in crate::log) last_group: u64,
    /// The number of the first group in this segment; one above `last_group` if it has none.
    pub(in crate::log) first_group: u64,
    /// Group numbers that were given out and are lost: the next group stands for them too.
    pub(in crate::log) lost: u64,
}

/// See the module.
pub(in crate::log) struct Writer {
    catalog: Arc<Catalog>,
    spares: Spares,
    segment: Segment,
    size: u64,
    end: u64,
    first_group: u64,
    last_group: u64,
    lost: u64,
    /// What the footer of the open segment will hold: the logs, and the count of places.
    logs: Logs,
    places: usize,
    buffer: Vec<u8>,
}

/// Logs, and the bytes of their names: a group must not cost more for every other log there is.
#[derive(Default)]
struct Logs {
    names: BTreeSet<LogName>,
    bytes: usize,
}

impl Logs {
    fn of(names: impl Iterator<Item = LogName>) -> Self {
        let names: BTreeSet<LogName> = names.collect();
        Self { bytes: names.iter().map(|name| name.as_str().len()).sum(), names }
    }

    fn add(&mut self, items: &[Item]) {
        for log in items.iter().map(|item| &item.record.header.log) {
            if !self.names.contains(log) {
                self.bytes += log.as_str().len();
                self.names.insert(log.clone());
            }
        }
    }
}

impl Writer {
    pub(in crate::log) fn new(
        catalog: Arc<Catalog>,
        spares: Spares,
        start: Start,
    ) -> io::Result<Self> {
        let places = catalog.open_places(start.segment.number);
        spares.order(start.segment.number + 1);
        Ok(Self {
            size: start.segment.file.size()?,
            catalog,
            spares,
            segment: start.segment,
            end: start.end,
            first_group: start.first_group,
            last_group: start.last_group,
            lost: start.lost,
            places: places.values().map(Vec::len).sum(),
            logs: Logs::of(places.into_keys()),
            buffer: Vec::new(),
        })
    }

    /// The newest group and the segment it would be followed in.
    pub(in crate::log) fn at(&self) -> (u64, SegmentName) {
        (self.last_group, self.segment.number)
    }

    /// Where its segments lie.
    pub(in crate::log) fn dir(&self) -> &Path {
        self.catalog.dir()
    }

    /// Writes one group and syncs it; then overwrites the words it erases and syncs that. After an
    /// error nothing more may be written: what a failed sync left behind is unknown.
    pub(in crate::log) fn write(&mut self, items: &mut [Item]) -> io::Result<Written> {
        items.sort_by(|a, b| {
            let (a, b) = (&a.record.header, &b.record.header);
            a.log.cmp(&b.log).then(a.position.seq.cmp(&b.position.seq))
        });
        let number = self.last_group + 1;
        let spans = u32::try_from(self.lost).unwrap_or(u32::MAX);
        let mut offsets = self.encode(number, spans, items);
        let whole = self.buffer.len() as u64;
        let closed = self.end + whole + self.footer_with(items) > self.size;
        if closed {
            self.switch()?;
        }
        let base = u32::try_from(self.end).map_err(io::Error::other)?;
        for (_, _, offset) in &mut offsets {
            *offset += base;
        }
        self.put()?;
        self.logs.add(items);
        self.places += items.len();
        self.end += whole;
        self.last_group = number + u64::from(spans);
        self.lost = 0;
        self.catalog.note(self.segment.number, offsets);
        let erased = self.erase(items)?;
        Ok(Written { number: self.last_group, segment: self.segment.number, closed, erased })
    }

    /// Fills the buffer; returns each record's offset in it.
    fn encode(&mut self, number: u64, spans: u32, items: &[Item]) -> Vec<(LogName, u64, u32)> {
        let out = &mut self.buffer;
        out.clear();
        out.resize(GROUP_HEADER, 0);
        let mut offsets = Vec::with_capacity(items.len());
        for item in items {
            let offset = u32::try_from(out.len()).expect("a group is far below 4 GiB");
            offsets.push((item.record.header.log.clone(), item.seq(), offset));
            record::put(out, &item.record, &item.header);
        }
        let mut header = GroupHeader::new(out.len() - GROUP_HEADER, number, items.len(), spans);
        let sums: Vec<[u8; 8]> = items.iter().map(|item| item.header.sum()).collect();
        header.sum = header.sum_over(sums.iter());
        out[..GROUP_HEADER].copy_from_slice(&header.encode());
        offsets
    }

    /// Bytes of the footer once these records are in.
    fn footer_with(&self, items: &[Item]) -> u64 {
        let logs = || items.iter().map(|item| &item.record.header.log);
        let fresh: BTreeSet<&LogName> =
            logs().filter(|log| !self.logs.names.contains(*log)).collect();
        footer::size(
            self.logs.bytes + fresh.iter().map(|log| log.as_str().len()).sum::<usize>(),
            self.logs.names.len() + fresh.len(),
            self.places + items.len(),
        )
    }

    /// One write, one sync.
    fn put(&self) -> io::Result<()> {
        let disk = self.catalog.disk();
        let file = &self.segment.file;
        if disk.wants_halves() {
            let (front, rest) = self.buffer.split_at(self.buffer.len() / 2);
            file.write_at(front, self.end)?;
            disk.point("journal_half");
            file.write_at(rest, self.end + front.len() as u64)?;
        } else {
            file.write_at(&self.buffer, self.end)?;
        }
        disk.point("journal_written");
        disk.point("before_sync");
        fault::hangs("journal_hangs");
        fault::fails("journal_fails")?;
        file.sync()?;
        disk.point("after_sync");
        Ok(())
    }

    /// Closes the open segment with its footer and goes on in the next one.
    fn switch(&mut self) -> io::Result<()> {
        let places = self.catalog.open_places(self.segment.number);
        let groups = (self.first_group, self.last_group);
        let (body, trailer) = footer::encode(self.end, groups, &places);
        let file = &self.segment.file;
        file.write_at(&body, self.end)?;
        file.write_at(&trailer, self.size - trailer.len() as u64)?;
        self.catalog.disk().point("segment_switch");
        file.sync()?;
        if let Some(footer) = footer::Footer::read(&**file)? {
            self.catalog.put_closed(self.segment.number, footer);
        }
        let next = self.spares.take(self.segment.number + 1)?;
        self.size = next.file.size()?;
        self.end = super::SEGMENT_HEADER as u64;
        self.first_group = self.last_group + 1;
        self.logs = Logs::default();
        self.places = 0;
        self.spares.order(next.number + 1);
        self.catalog.put_open(next.number, footer::Places::new());
        self.segment = next;
        Ok(())
    }

    fn erase(&self, items: &[Item]) -> io::Result<Vec<(LogName, u64)>> {
        let mut erased = Vec::new();
        for item in items {
            let Some(seq) = item.event.as_ref().and_then(Event::erases) else {
                continue;
            };
            let log = &item.record.header.log;
            if let Some(place) = self.catalog.locate(log, seq)? {
                erase_at(&self.catalog, place)?;
            }
            erased.push((log.clone(), seq));
        }
        Ok(erased)
    }
}

/// Overwrites the words of the record at a place with zeros and syncs. Says whether there was
/// anything to overwrite.
pub(in crate::log) fn erase_at(catalog: &Catalog, place: Place) -> io::Result<bool> {
    let mut still = catalog.hold_still();
    let Some(bytes) = catalog.read(place)? else {
        // Its header is damaged: whoever mends it takes the store's copy, which is erased.
        return Ok(false);
    };
    let Ok(view) = View::read(&bytes) else {
        return Ok(false);
    };
    if view.words.iter().all(|byte| *byte == 0) {
        return Ok(false);
    }
    let file = catalog.open(place.segment)?.file;
    let from = u64::from(place.offset) + view.words_at() as u64;
    if let Some(erasures) = &mut *still {
        erasures.note(place.segment, from..from + view.words.len() as u64);
    }
    zero(&*file, from, from + view.words.len() as u64)?;
    file.sync()?;
    Ok(true)
}
