//! Bits that flip and ends that are torn off, in every kind of file: what comes of it is one of
//! *served whole*, *served with named holes*, *refused with a code*. Anything else fails.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use wardroom::entry::Record;
use wardroom::log::Log;

use crate::damage::template;
use crate::world::{Author, Dice, close, copy_dir, files, quick_dir, read, small};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Whole,
    NamedHoles,
    Refused,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "served whole",
            Self::NamedHoles => "served with named holes",
            Self::Refused => "refused with a code",
        })
    }
}

/// What becomes of a damaged directory; `Err` if it is none of the three.
///
/// That an end is lost which nobody can name is said once, at the first start: `end_lost` remembers it.
fn outcome(dir: &Path, rooms: &[Author], end_lost: &mut bool) -> Result<Outcome, String> {
    let opened = catch_unwind(AssertUnwindSafe(|| Log::open(dir, small())));
    let (log, recovery) = match opened {
        Err(_) => return Err("opening it panicked".to_owned()),
        // Every way not to open has its words and its code.
        Ok(Err(_)) => return Ok(Outcome::Refused),
        Ok(Ok(opened)) => opened,
    };
    *end_lost |= recovery.tail_lost;
    let mut whole = true;
    for room in rooms {
        let (records, holes) = read(&log, &room.name);
        let missing = |seq: u64| holes.iter().any(|hole| (hole.0..=hole.1).contains(&seq));
        let named: Vec<&Record> =
            room.records.iter().filter(|it| !missing(it.header.position.seq)).collect();
        let lacks_end = *end_lost && records.len() <= named.len();
        if !records.iter().eq(named.iter().take(records.len()).copied())
            || (records.len() != named.len() && !lacks_end)
        {
            return Err(format!(
                "{}: {} of {} entries, holes {holes:?}: other bytes, or a gap that nobody named",
                room.name,
                records.len(),
                room.records.len()
            ));
        }
        whole &= records.len() == room.records.len();
    }
    close(log);
    Ok(if whole { Outcome::Whole } else { Outcome::NamedHoles })
}

/// Counts of each outcome by what was done to which kind of file.
#[derive(Default)]
struct Table(BTreeMap<String, BTreeMap<Outcome, u64>>);

impl Table {
    /// With `whole`, another copy has everything: nothing less will do. Nor may anything be refused that the
    /// log can name.
    fn judge(&mut self, kind: &str, what: &str, dir: &Path, rooms: &[Author], whole: bool) {
        // Twice: what a first start made of it must stand at the second.
        let mut end_lost = false;
        for start in ["first", "second"] {
            match outcome(dir, rooms, &mut end_lost) {
                Ok(Outcome::NamedHoles | Outcome::Refused) if whole => {
                    panic!("{what}, {start} start: the other copy was not used")
                }
                Ok(Outcome::Refused) => panic!("{what}, {start} start: refused"),
                Ok(outcome) if start == "first" => {
                    *self.0.entry(kind.to_owned()).or_default().entry(outcome).or_default() += 1;
                }
                Ok(_) => {}
                Err(wrong) => panic!("{what}, {start} start: {wrong}"),
            }
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, outcomes) in &self.0 {
            write!(f, "\n{kind:34}")?;
            for outcome in [Outcome::Whole, Outcome::NamedHoles, Outcome::Refused] {
                let count = outcomes.get(&outcome).copied().unwrap_or(0);
                write!(f, "  {count:4} {outcome}")?;
            }
        }
        Ok(())
    }
}

fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// The files of a log, by kind. The last segment in use is the open one; those behind are spares.
fn kinds(dir: &Path) -> BTreeMap<&'static str, Vec<PathBuf>> {
    let mut kinds: BTreeMap<&'static str, Vec<PathBuf>> = BTreeMap::new();
    let mut segments: Vec<PathBuf> = files(&dir.join("journal"))
        .into_iter()
        .filter(|path| used(&fs::read(path).unwrap()) > 64)
        .collect();
    segments.sort();
    kinds.insert("open segment", segments.pop().into_iter().collect());
    kinds.insert("closed segment", segments);
    for path in files(&dir.join("store")) {
        let kind = if path.ends_with("db") { "store" } else { "beside the store" };
        kinds.entry(kind).or_default().push(path);
    }
    kinds.insert("mark", vec![dir.join("store.mark")]);
    kinds
}

#[test]
fn a_flipped_bit_is_served_named_or_refused() {
    let original = quick_dir();
    let rooms = template(original.path());
    let kinds = kinds(original.path());
    let mut dice = Dice(301);
    let mut table = Table::default();
    let places = [("closed segment", 60), ("open segment", 40), ("store", 100)];
    for (kind, count) in places.into_iter().chain([("beside the store", 10), ("mark", 10)]) {
        for _ in 0..count {
            let dir = quick_dir();
            copy_dir(original.path(), dir.path());
            // Now and then the other copy is gone as well: then holes must be named.
            let alone = kind.ends_with("segment") && dice.below(4) == 0;
            if alone {
                fs::remove_dir_all(dir.path().join("store")).unwrap();
            }
            let all = &kinds[kind];
            let file = all[dice.below(all.len())].strip_prefix(original.path()).unwrap();
            let mut bytes = fs::read(dir.path().join(file)).unwrap();
            let at = dice.below(used(&bytes).max(1));
            let bit = dice.below(8);
            bytes[at] ^= 1 << bit;
            fs::write(dir.path().join(file), bytes).unwrap();
            let what = format!("bit {bit} of byte {at} of {}, alone: {alone}", file.display());
            let row = if alone { format!("{kind}, no store") } else { kind.to_owned() };
            table.judge(&row, &what, dir.path(), &rooms, !alone);
        }
    }
    println!("bits flipped, by file:{table}");
}

#[test]
fn a_torn_end_is_served_named_or_refused() {
    let original = quick_dir();
    let rooms = template(original.path());
    let kinds = kinds(original.path());
    let mut dice = Dice(311);
    let mut table = Table::default();
    for round in 0..72 {
        let dir = quick_dir();
        copy_dir(original.path(), dir.path());
        let zeroed = round / 6 % 2 == 0;
        let targets: &[&str] = [
            &["open segment"][..],
            &["closed segment"],
            &["store"],
            &["beside the store"],
            &["open segment", "store"],
            &["mark"],
        ][round % 6];
        let mut done = Vec::new();
        for kind in targets {
            let all = &kinds[kind];
            let file = all[dice.below(all.len())].strip_prefix(original.path()).unwrap();
            let mut bytes = fs::read(dir.path().join(file)).unwrap();
            let used = used(&bytes);
            // From one byte to a mebibyte, every size as likely as its double.
            let len = (1_usize << dice.below(21)).min(used);
            let from = used - len;
            if zeroed {
                bytes[from..used].fill(0);
            } else {
                bytes.truncate(from);
            }
            fs::write(dir.path().join(file), bytes).unwrap();
            done.push(format!("{} without its last {len} bytes", file.display()));
        }
        let row = format!("{}, {}", targets.join(" and "), if zeroed { "zeroed" } else { "cut" });
        let what = format!("{}, zeroed: {zeroed}", done.join(" and "));
        table.judge(&row, &what, dir.path(), &rooms, targets.len() == 1);
    }
    println!("ends torn off, by file:{table}");
}
