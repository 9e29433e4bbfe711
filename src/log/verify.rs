//! `wardroom log verify`: looks at everything and changes nothing.
//!
//! Every segment, group, header checksum and words hash; dense seqs and the chain of each log; that
//! the store's copy equals the journal's and its index is the one that follows from the entries.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use wardroom_protocol::ids::{LogName, Mid};

use super::disk::{Disk, RealDisk};
use super::finding::{Done, Finding, Hole, OpenError, Where, io};
use super::floors;
use super::journal::read_all;
use super::pour::stage_again;
use super::record::{Rest, View};
use super::recovery::lock;
use super::store::{Batch, Generations, Left, MemoryShelf, Opened, Shelf, chunk, seq_of};
use super::survey::{Survey, survey};
use crate::entry::{self, NO_LINK};

/// What verify found.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Damage. Empty: all is well.
    pub findings: Vec<Finding>,
    /// Entries that the journal lacks.
    pub holes: Vec<Hole>,
    /// Logs.
    pub logs: u64,
    /// Segments in use.
    pub segments: u64,
    /// Groups.
    pub groups: u64,
    /// Entries.
    pub entries: u64,
    /// Entries whose words were erased.
    pub erased: u64,
}

impl VerifyReport {
    /// Nothing is damaged or missing.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.findings.is_empty() && self.holes.is_empty()
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} logs, {} entries ({} erased), {} groups in {} segments",
            self.logs, self.entries, self.erased, self.groups, self.segments
        )?;
        self.findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))?;
        self.holes.iter().try_for_each(|hole| writeln!(f, "  missing: {hole}"))?;
        if self.ok() {
            write!(f, "All is well.")
        } else {
            write!(
                f,
                "Damage was found and nothing was changed. `wardroom log scrub` mends what another copy still holds."
            )
        }
    }
}

/// One entry as the journal holds it.
struct Seen {
    link: [u8; 32],
    hash: [u8; 32],
}

/// Looks at the log in a directory. Takes the directory's lock: the server must be stopped.
pub fn verify(dir: &Path) -> Result<VerifyReport, OpenError> {
    let journal = dir.join("journal");
    if !journal.is_dir() {
        return Err(OpenError::NoLog(dir.to_path_buf()));
    }
    let _lock = lock(dir)?;
    let mut report = VerifyReport::default();
    let found = survey(&RealDisk, &journal, 0).map_err(io("read", &journal))?;
    report.segments = found.segments.len() as u64;
    report.findings.extend(floors::look(&RealDisk, dir));
    segments(&found, &mut report);
    // What the store should hold, derived from the journal.
    let derived = MemoryShelf::default();
    let logs = entries(&RealDisk, &found, &derived, &mut report).map_err(io("read", &journal))?;
    chains(&logs, &mut report);
    store(dir, &derived, &logs, &mut report)?;
    Ok(report)
}

fn segments(found: &Survey, report: &mut VerifyReport) {
    let mut note = |path: &Path, offset: usize, what: String| {
        let place = Where::File(path.to_path_buf(), offset as u64);
        report.findings.push(Finding::new(place, what, Done::Named));
    };
    for number in &found.absent {
        note(Path::new(&format!("{number:08}.seg")), 0, "the segment is missing".to_owned());
    }
    for this in found.headless() {
        note(&this.segment.path, 0, "the segment's header is damaged".to_owned());
    }
    for this in found.footless() {
        let end = this.scan.as_ref().map_or(0, |scan| scan.end);
        note(&this.segment.path, end, "the footer is damaged".to_owned());
    }
    for this in &found.segments {
        if let Some(footer) = &this.footer
            && !matches!(footer.all(&*this.segment.file), Ok(Some(_)))
        {
            let end = this.groups_end().unwrap_or(0);
            note(&this.segment.path, end, "the list of places in the footer is damaged".to_owned());
        }
    }
    for damage in found.damage() {
        let path = found
            .segments
            .iter()
            .find(|this| this.segment.number == damage.segment)
            .map_or_else(|| Path::new(""), |this| &*this.segment.path);
        let what = format!("groups {} to {} are damaged", damage.before + 1, damage.behind - 1);
        note(path, damage.range.start, what);
    }
    if let (Some((range, _)), Some(open)) = (found.torn(u64::MAX), found.open()) {
        note(&open.segment.path, range.start, "an unfinished write".to_owned());
    }
}

type Logs = BTreeMap<LogName, BTreeMap<u64, Seen>>;

fn entries(
    disk: &dyn Disk,
    found: &Survey,
    derived: &MemoryShelf,
    report: &mut VerifyReport,
) -> std::io::Result<Logs> {
    let mut logs = Logs::new();
    let mut mids: BTreeSet<(LogName, Mid)> = BTreeSet::new();
    let mut late = BTreeSet::new();
    let mut before = 0;
    for this in &found.segments {
        let Some(scan) = &this.scan else {
            continue;
        };
        let bytes = read_all(&*disk.open(&this.segment.path, false)?)?;
        for group in &scan.groups {
            report.groups += 1;
            if group.number != before + 1 {
                let place = Where::File(this.segment.path.clone(), group.offset as u64);
                let what = format!("group {} follows group {before}", group.number);
                report.findings.push(Finding::new(place, what, Done::Named));
            }
            before = group.last_number();
            let mut batch = Batch::new(derived);
            for record in &group.records {
                let Ok(view) = View::read(&bytes[record.offset..record.offset + record.len]) else {
                    continue;
                };
                let header = &view.header;
                let (log, seq) = (&header.log, header.position.seq);
                let mut bad = |what: &str| {
                    let place = Where::Log(log.clone(), seq, seq);
                    report.findings.push(Finding::new(place, what, Done::Named));
                };
                let erased = found.erasures.contains(&(log.clone(), seq));
                match record.rest {
                    Rest::Damaged => bad("the words are damaged"),
                    Rest::Zeros if !erased => bad("the words are gone and no redaction says why"),
                    Rest::Whole if erased => bad("the words are still there after their redaction"),
                    Rest::Zeros => report.erased += 1,
                    Rest::None | Rest::Whole => {}
                }
                if !mids.insert((log.clone(), header.mid)) {
                    bad("its mid is already used in this log");
                }
                let held = logs.get(log).and_then(|entries| entries.last_key_value());
                if held.is_some_and(|(head, _)| seq < *head) {
                    late.insert(log.clone());
                }
                let seen = Seen { link: header.link, hash: view.hash };
                if logs.entry(log.clone()).or_default().insert(seq, seen).is_some() {
                    bad("it stands twice in the journal");
                }
                report.entries += 1;
                let event = entry::event(header).ok().flatten();
                // The memory twin never fails.
                let _ = batch.stage(header, view.bytes.to_vec(), event.as_ref());
            }
            let _ = batch.commit(None);
        }
    }
    for log in &late {
        let _ = stage_again(derived, log);
    }
    report.logs = logs.len() as u64;
    Ok(logs)
}

fn chains(logs: &Logs, report: &mut VerifyReport) {
    for (log, entries) in logs {
        let mut link = Some(NO_LINK);
        let mut expected = 1;
        for (&seq, seen) in entries {
            if seq != expected {
                report.holes.push(Hole { log: log.clone(), from: expected, to: seq - 1 });
                // The header that this one links to is lost; the chain goes on from here.
                link = None;
            }
            if link.is_some_and(|link| link != seen.link) {
                report.findings.push(Finding::new(
                    Where::Log(log.clone(), seq, seq),
                    "it does not link to the entry before it",
                    Done::Named,
                ));
            }
            link = Some(seen.hash);
            expected = seq + 1;
        }
    }
}

/// Compares the store with what follows from the journal.
fn store(
    dir: &Path,
    derived: &MemoryShelf,
    logs: &Logs,
    report: &mut VerifyReport,
) -> Result<(), OpenError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let generations = Generations::new(dir.join("store"), 16 * 1024 * 1024, &disk);
    let path = generations.dir().to_path_buf();
    let mut note = |what: String| {
        let place = Where::Store(path.clone());
        report.findings.push(Finding::new(place, what, Done::Named));
    };
    // Opened on a copy: opening sled writes, and verify changes nothing.
    let copy = match generations.copy_current() {
        Ok(copy) => copy,
        Err(error) => return Err(io("copy the store in", &path)(error)),
    };
    let Some(copy) = copy else {
        if !logs.is_empty() {
            note("the store is missing".to_owned());
        }
        return Ok(());
    };
    let shelf = match copy.generations.open_current() {
        Ok(Opened::Yes { shelf, moved, left, .. }) => {
            if let Left::Broken(why) = left {
                note(why.to_owned());
            }
            for (name, why) in moved {
                note(format!("{name} has to be set aside before it opens: {why}"));
            }
            shelf
        }
        Ok(Opened::No(_, error)) => {
            note(error.to_string());
            return Ok(());
        }
        Ok(Opened::None) => return Ok(()),
        Err(error) => return Err(io("open", &path)(error)),
    };
    for kind in [b"e", b"m", b"t"] {
        compare(&shelf, derived, kind[0], &mut note);
    }
    Ok(())
}

/// Reports at most this many differences of a kind.
const MOST: usize = 20;

fn compare(shelf: &dyn Shelf, derived: &dyn Shelf, kind: u8, note: &mut dyn FnMut(String)) {
    let what = match kind {
        b'e' => "an entry",
        b'm' => "a row of the index",
        _ => "a place in a topic",
    };
    let mut from = vec![kind];
    let to = [kind + 1];
    let mut reported = 0;
    loop {
        let piece = |shelf: &dyn Shelf| chunk(shelf, &from, &to, false, 512, usize::MAX);
        let wanted = piece(derived).unwrap_or_default();
        let held = match piece(shelf) {
            Ok(held) => held,
            Err(error) => return note(error.to_string()),
        };
        let end = wanted.last().map(|(key, _)| key).max(held.last().map(|(key, _)| key));
        let Some(end) = end.cloned() else {
            return;
        };
        if wanted != held {
            let held: BTreeMap<_, _> = held.into_iter().collect();
            for (key, value) in &wanted {
                if held.get(key) != Some(value) && reported < MOST {
                    reported += 1;
                    let log = super::store::log_of(key);
                    let log = log.map_or_else(String::new, |log| format!(" of {log}"));
                    let seq =
                        if kind == b'm' { String::new() } else { format!(" ({})", seq_of(key)) };
                    note(format!("{what}{log}{seq} is missing or differs from the journal's"));
                }
            }
            if held.keys().any(|key| !wanted.iter().any(|(wanted, _)| wanted == key))
                && reported < MOST
            {
                reported += 1;
                note(format!("{what} is in the store and not in the journal"));
            }
        }
        from = [&end[..], &[0]].concat();
    }
}
