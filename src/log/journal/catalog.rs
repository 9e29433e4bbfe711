//! Which segments there are and where each record lies. Shared: the writer adds, readers look up.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock};
use wardroom_protocol::ids::LogName;

use super::super::disk::{Disk, DiskFile};
use super::super::record::{AROUND, LARGEST, View};
use super::erasures::Erasures;
use super::footer::{Footer, Places};
use super::scan::scan;
use super::segment::{self, Segment, SegmentName};

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) struct Place {
    pub(in crate::log) segment: SegmentName,
    pub(in crate::log) offset: u32,
}

enum State {
    /// Closed: the places lie in the footer.
    Closed(Arc<Footer>),
    /// Open, or its footer is bad: the places are in memory.
    Open(Places),
}

/// See the module.
pub(in crate::log) struct Catalog {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segments: RwLock<BTreeMap<SegmentName, State>>,
    /// Held while words are overwritten, and while a link takes a segment's place. Of a segment that is being
    /// copied elsewhere: what was overwritten since.
    still: Mutex<Option<Erasures>>,
}

impl Catalog {
    pub(in crate::log) fn new(disk: Arc<dyn Disk>, dir: PathBuf) -> Self {
        Self { disk, dir, segments: RwLock::default(), still: Mutex::default() }
    }

    pub(in crate::log) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    pub(in crate::log) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The segments in use, ascending.
    pub(in crate::log) fn segments(&self) -> Vec<SegmentName> {
        self.segments.read().keys().copied().collect()
    }

    /// Nobody else overwrites words in a segment while this is held. Never held for what happens in the
    /// archive: the journal waits for it.
    pub(super) fn hold_still(&self) -> MutexGuard<'_, Option<Erasures>> {
        self.still.lock()
    }

    /// Closed segments whose footer holds, ascending.
    pub(in crate::log) fn closed(&self) -> Vec<SegmentName> {
        let segments = self.segments.read();
        let closed = segments.iter().filter(|(_, state)| matches!(state, State::Closed(_)));
        closed.map(|(number, _)| *number).collect()
    }

    /// Where a segment lies.
    pub(in crate::log) fn path(&self, number: SegmentName) -> PathBuf {
        segment::path(&self.dir, number)
    }

    pub(in crate::log) fn open(&self, number: SegmentName) -> io::Result<Segment> {
        segment::open_segment(&*self.disk, &self.dir, number)
    }

    pub(in crate::log) fn put_closed(&self, number: SegmentName, footer: Footer) {
        self.segments.write().insert(number, State::Closed(Arc::new(footer)));
    }

    pub(in crate::log) fn put_open(&self, number: SegmentName, places: Places) {
        self.segments.write().insert(number, State::Open(places));
    }

    /// Adds synced records to an open segment.
    pub(in crate::log) fn note(&self, number: SegmentName, records: Vec<(LogName, u64, u32)>) {
        let mut segments = self.segments.write();
        let state = segments.entry(number).or_insert_with(|| State::Open(Places::new()));
        if let State::Open(places) = state {
            for (log, seq, offset) in records {
                let list = places.entry(log).or_default();
                // At the end, except for records that recovery wrote back late.
                let at = list.partition_point(|place| place.0 <= seq);
                list.insert(at, (seq, offset));
            }
        }
    }

    /// The places of an open segment, for its footer.
    pub(in crate::log) fn open_places(&self, number: SegmentName) -> Places {
        match self.segments.read().get(&number) {
            Some(State::Open(places)) => places.clone(),
            _ => Places::new(),
        }
    }

    /// The newest seq of every log.
    pub(in crate::log) fn heads(&self) -> BTreeMap<LogName, u64> {
        let mut heads: BTreeMap<LogName, u64> = BTreeMap::new();
        let mut raise = |log: &LogName, seq| {
            heads.entry(log.clone()).and_modify(|head| *head = (*head).max(seq)).or_insert(seq);
        };
        for state in self.segments.read().values() {
            match state {
                State::Closed(footer) => {
                    footer.logs.iter().for_each(|(log, extent)| raise(log, extent.last));
                }
                State::Open(places) => {
                    for (log, places) in places {
                        for place in places {
                            raise(log, place.0);
                        }
                    }
                }
            }
        }
        heads
    }

    /// Every place of a log: seq → where. A seq kept twice is given where it was written last.
    pub(in crate::log) fn places(&self, log: &LogName) -> io::Result<BTreeMap<u64, Place>> {
        let mut all = BTreeMap::new();
        for number in self.segments() {
            for (seq, offset) in self.places_in(number, log, None)? {
                all.insert(seq, Place { segment: number, offset });
            }
        }
        Ok(all)
    }

    /// Where the newest entry of every log lies.
    pub(in crate::log) fn ends(&self) -> io::Result<BTreeMap<LogName, Place>> {
        let mut ends: BTreeMap<LogName, (u64, Place)> = BTreeMap::new();
        for segment in self.segments() {
            for (log, places) in self.all_places_in(segment)? {
                if let Some(&(seq, offset)) = places.last() {
                    let here = (seq, Place { segment, offset });
                    let end = ends.entry(log).or_insert(here);
                    if seq >= end.0 {
                        *end = here;
                    }
                }
            }
        }
        Ok(ends.into_iter().map(|(log, (_, place))| (log, place)).collect())
    }

    fn all_places_in(&self, number: SegmentName) -> io::Result<Places> {
        let footer = match self.segments.read().get(&number) {
            None => return Ok(Places::new()),
            Some(State::Open(places)) => return Ok(places.clone()),
            Some(State::Closed(footer)) => Arc::clone(footer),
        };
        let file = self.open(number)?.file;
        match footer.all(&*file)? {
            Some(places) => Ok(places),
            None => scanned(&footer, &*file),
        }
    }

    /// Where a record lies.
    pub(in crate::log) fn locate(&self, log: &LogName, seq: u64) -> io::Result<Option<Place>> {
        for number in self.segments().into_iter().rev() {
            let places = self.places_in(number, log, Some(seq))?;
            if let Ok(at) = places.binary_search_by_key(&seq, |place| place.0) {
                return Ok(Some(Place { segment: number, offset: places[at].1 }));
            }
        }
        Ok(None)
    }

    fn places_in(
        &self,
        number: SegmentName,
        log: &LogName,
        only: Option<u64>,
    ) -> io::Result<Vec<(u64, u32)>> {
        let footer = match self.segments.read().get(&number) {
            None => return Ok(Vec::new()),
            Some(State::Open(places)) => {
                let places = places.get(log).map(Vec::as_slice).unwrap_or_default();
                return Ok(match only {
                    // One place, not a copy of all.
                    Some(seq) => places
                        .binary_search_by_key(&seq, |place| place.0)
                        .map(|at| vec![places[at]])
                        .unwrap_or_default(),
                    None => places.to_vec(),
                });
            }
            Some(State::Closed(footer)) => {
                let Some(extent) = footer.logs.get(log) else {
                    return Ok(Vec::new());
                };
                if only.is_some_and(|seq| seq < extent.first || seq > extent.last) {
                    return Ok(Vec::new());
                }
                Arc::clone(footer)
            }
        };
        let file = self.open(number)?.file;
        if let Some(places) = footer.places(&*file, log)? {
            return Ok(places);
        }
        Ok(scanned(&footer, &*file)?.remove(log).unwrap_or_default())
    }

    /// The bytes of the record at a place; `None` if no record with a good header lies there.
    pub(in crate::log) fn read(&self, place: Place) -> io::Result<Option<Vec<u8>>> {
        let file = self.open(place.segment)?.file;
        let at = u64::from(place.offset);
        let mut bytes =
            vec![
                0;
                usize::try_from(file.size()?.saturating_sub(at)).unwrap_or(0).min(LARGEST + AROUND)
            ];
        file.read_at(&mut bytes, at)?;
        let len = View::read(&bytes).ok().map(|view| view.bytes.len());
        Ok(len.map(|len| {
            bytes.truncate(len);
            bytes
        }))
    }
}

/// The places in a closed segment whose footer's list is damaged: the records themselves still tell.
fn scanned(footer: &Footer, file: &dyn DiskFile) -> io::Result<Places> {
    let bytes = segment::read_all(file)?;
    let limit = usize::try_from(footer.groups_end).unwrap_or(bytes.len());
    let found = scan(&bytes, limit, footer.first_group.saturating_sub(1));
    Ok(places_of(&bytes, &found.groups))
}

/// The places of the records in groups.
pub(in crate::log) fn places_of(bytes: &[u8], groups: &[super::GroupAt]) -> Places {
    let mut places = Places::new();
    for record in groups.iter().flat_map(|group| &group.records) {
        if let Ok(view) = View::read(&bytes[record.offset..record.offset + record.len]) {
            let offset = u32::try_from(record.offset).expect("a segment is below 4 GiB");
            places.entry(view.header.log).or_default().push((view.header.position.seq, offset));
        }
    }
    for list in places.values_mut() {
        list.sort_unstable();
    }
    places
}
