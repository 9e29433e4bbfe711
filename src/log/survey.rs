//! Looking at the journal before anything is changed: which segments are used, what each holds, and
//! where it is damaged. Used by recovery, verify and scrub.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::Path;

use wardroom_protocol::ids::{LogName, Mid};

use super::disk::Disk;
use super::journal::{
    Footer, GroupAt, Places, Scan, Segment, SegmentName, TRAILER, list, open_segment, places_of,
    read_all, scan,
};
use super::record::{Rest, View};
use crate::domain::Event;
use crate::entry;

/// A record whose words are not what its header says: erased, or damaged.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    pub(super) log: LogName,
    pub(super) seq: u64,
    pub(super) mid: Mid,
    pub(super) group: u64,
    pub(super) offset: usize,
    pub(super) len: usize,
}

/// Bytes of a segment where groups are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) segment: SegmentName,
    pub(super) range: Range<usize>,
    /// Missing are the groups above this one …
    pub(super) before: u64,
    /// … and below this one.
    pub(super) behind: u64,
    /// Nothing stands there at all, up to the end of the segment, whose footer is to go behind what is put there.
    pub(super) blank: bool,
}

/// One segment in use.
pub(super) struct Surveyed {
    pub(super) segment: Segment,
    pub(super) footer: Option<Footer>,
    /// `None`: not looked at, its footer holds and it lies before the mark.
    pub(super) scan: Option<Scan>,
    pub(super) suspects: Vec<Suspect>,
    /// Where its good records lie, if its footer does not tell.
    pub(super) places: Option<Places>,
    pub(super) first_group: Option<u64>,
    pub(super) last_group: u64,
}

/// All segments in use, ascending.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) segments: Vec<Surveyed>,
    pub(super) journal: Option<[u8; 16]>,
    /// Entries whose words some redaction looked at erases.
    pub(super) erasures: BTreeSet<(LogName, u64)>,
    /// Segments that are no longer there although later ones are.
    pub(super) absent: Vec<SegmentName>,
    /// Segments made ahead and not used yet.
    pub(super) spares: Vec<SegmentName>,
}

/// Looks at the segments from number `from` on, and at the footers of those before.
pub(super) fn survey(disk: &dyn Disk, dir: &Path, from: SegmentName) -> io::Result<Survey> {
    let mut all = Survey::default();
    let mut last_group = 0;
    // A journal begins with its first segment, wherever that is kept.
    let mut expected = 1;
    for number in list(disk, dir)? {
        all.absent.extend(expected..number);
        expected = number + 1;
        let segment = open_segment(disk, dir, number)?;
        let footer = Footer::read(&*segment.file)?;
        let mut this = Surveyed {
            segment,
            scan: None,
            suspects: Vec::new(),
            places: None,
            first_group: footer.as_ref().map(|footer| footer.first_group),
            last_group,
            footer,
        };
        match &this.footer {
            Some(footer) if number < from => this.last_group = footer.last_group,
            _ => all.look(&mut this, last_group)?,
        }
        last_group = this.last_group;
        all.segments.push(this);
    }
    let used = all.segments.iter().rposition(Surveyed::is_used).map_or(0, |last| last + 1);
    let spares = all.segments.split_off(used);
    all.spares = spares.iter().map(|spare| spare.segment.number).collect();
    all.absent
        .retain(|absent| all.segments.last().is_some_and(|last| *absent < last.segment.number));
    Ok(all)
}

impl Surveyed {
    fn is_used(&self) -> bool {
        self.footer.is_some()
            || self.scan.as_ref().is_none_or(|scan| !scan.groups.is_empty() || scan.tail.is_some())
    }

    /// Where its groups end, for a closed segment whose footer holds.
    pub(super) fn groups_end(&self) -> Option<usize> {
        usize::try_from(self.footer.as_ref()?.groups_end).ok()
    }
}

impl Survey {
    fn look(&mut self, this: &mut Surveyed, before: u64) -> io::Result<()> {
        let bytes = read_all(&*this.segment.file)?;
        let found = scan(&bytes, this.groups_end().unwrap_or(bytes.len()), before);
        self.journal = self.journal.or(found.header.map(|header| header.journal));
        for group in &found.groups {
            self.look_at_group(this, &bytes, group);
        }
        let scanned = found.groups.last().map_or(before, GroupAt::last_number);
        this.first_group = this.first_group.or(found.groups.first().map(|group| group.number));
        this.last_group = this.footer.as_ref().map_or(scanned, |footer| footer.last_group);
        let whole =
            this.footer.is_some() && found.bad.is_empty() && Some(found.end) == this.groups_end();
        if !whole {
            this.places = Some(places_of(&bytes, &found.groups));
        }
        this.scan = Some(found);
        Ok(())
    }

    fn look_at_group(&mut self, this: &mut Surveyed, bytes: &[u8], group: &GroupAt) {
        for record in &group.records {
            let Ok(view) = View::read(&bytes[record.offset..record.offset + record.len]) else {
                continue;
            };
            let header = &view.header;
            if let Ok(Some(event)) = entry::event(header)
                && let Some(seq) = Event::erases(&event)
            {
                self.erasures.insert((header.log.clone(), seq));
            }
            if matches!(record.rest, Rest::Zeros | Rest::Damaged) {
                this.suspects.push(Suspect {
                    log: header.log.clone(),
                    seq: header.position.seq,
                    mid: header.mid,
                    group: group.number,
                    offset: record.offset,
                    len: record.len,
                });
            }
        }
    }

    /// Where groups are missing. The end of the open segment is not among it: see [`Self::torn`].
    pub(super) fn damage(&self) -> Vec<Damage> {
        let mut all = Vec::new();
        for (at, this) in self.segments.iter().enumerate() {
            let Some(scan) = &this.scan else {
                continue;
            };
            let number = this.segment.number;
            all.extend(scan.bad.iter().map(|bad| Damage {
                segment: number,
                range: bad.range.clone(),
                before: bad.before,
                behind: bad.behind,
                blank: false,
            }));
            let scanned = scan.groups.last().map(GroupAt::last_number);
            let before = scanned.unwrap_or_else(|| self.before(at));
            let blank = scan.tail.is_none() && this.footer.is_none();
            let (end, behind) = match (this.groups_end(), self.segments.get(at + 1)) {
                (Some(end), _) => (end, this.last_group + 1),
                (None, Some(next)) => {
                    let end = scan.tail.as_ref().map_or(scan.end, |tail| tail.end);
                    let end = if blank { usize::MAX } else { end };
                    let room = this.segment.file.size().unwrap_or(0);
                    let room = usize::try_from(room).unwrap_or(0).saturating_sub(TRAILER);
                    (end.min(room), next.first_group.unwrap_or(before + 1))
                }
                (None, None) => continue,
            };
            if behind > before + 1 {
                all.push(Damage {
                    segment: number,
                    range: scan.end..end.max(scan.end),
                    before,
                    behind,
                    blank,
                });
            }
        }
        all
    }

    fn before(&self, at: usize) -> u64 {
        at.checked_sub(1).map_or(0, |before| self.segments[before].last_group)
    }

    /// How far each log went, by the footers.
    pub(super) fn heads(&self) -> BTreeMap<LogName, u64> {
        let mut heads = BTreeMap::new();
        for (log, extent) in self
            .segments
            .iter()
            .filter_map(|this| this.footer.as_ref())
            .flat_map(|footer| &footer.logs)
        {
            let head = heads.entry(log.clone()).or_insert(0);
            *head = extent.last.max(*head);
        }
        heads
    }

    /// The segment that is written to, if the last one in use is still open.
    pub(super) fn open(&self) -> Option<&Surveyed> {
        self.segments.last().filter(|last| last.footer.is_none())
    }

    /// Where the unfinished end of the open segment begins and ends, if it has one. A last group
    /// above `stored` whose words did not all arrive belongs to it.
    pub(super) fn torn(&self, stored: u64) -> Option<(Range<usize>, u64)> {
        let open = self.open()?;
        let scan = open.scan.as_ref()?;
        let end = scan.tail.as_ref().map_or(scan.end, |tail| tail.end);
        if let Some(last) = scan.groups.last()
            && last.number > stored
            && open.suspects.iter().any(|suspect| {
                suspect.group == last.number
                    && !self.erasures.contains(&(suspect.log.clone(), suspect.seq))
            })
        {
            let before = scan.groups.len().checked_sub(2).map(|at| scan.groups[at].last_number());
            let before = before.unwrap_or_else(|| self.before(self.segments.len() - 1));
            return Some((last.offset..end, before));
        }
        scan.tail.as_ref().map(|tail| (tail.clone(), open.last_group))
    }

    /// The number of the newest group.
    pub(super) fn last_group(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.last_group)
    }

    /// Segments whose own header is damaged.
    pub(super) fn headless(&self) -> impl Iterator<Item = &Surveyed> {
        self.segments
            .iter()
            .filter(|this| this.scan.as_ref().is_some_and(|scan| scan.header.is_none()))
    }

    /// Closed segments whose footer is damaged.
    pub(super) fn footless(&self) -> impl Iterator<Item = &Surveyed> {
        let closed = self.segments.len().saturating_sub(1);
        self.segments[..closed].iter().filter(|this| this.footer.is_none())
    }
}
