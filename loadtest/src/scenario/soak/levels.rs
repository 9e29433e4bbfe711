//! What a node holds at one moment, and whether it is back at its level.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::resident;
use crate::failure::Failure;
use crate::meter::as_f64;
use crate::metrics::Metrics;
use crate::process::Process;
use crate::scenario::Outcome;
use crate::target::Target;

/// How long after the last client a node may take to be at rest: a person's grace, the seconds after
/// which an idle room closes, and the ten after which a runtime lets go of an idle thread.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Files by which two looks may differ: the journal's next segment, and the one it has just left.
const SPARE_FILES: f64 = 2.0;
const ENTRIES: &str = "wardroom_entries_total";
const TASKS: &str = "wardroom_tasks";
/// Gauges that have a level, or are no matter of clients at all.
const NEVER_ZERO: [&str; 2] = ["wardroom_disk_free_bytes", TASKS];

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) struct Level {
    rss: Option<f64>,
    descriptors: Option<f64>,
    threads: Option<f64>,
    tasks: Option<f64>,
    disk: Option<f64>,
    entries: Option<f64>,
    /// Gauges that are not zero and should be.
    gauges: Vec<(String, f64)>,
}

impl Level {
    pub(super) async fn of(target: &Target) -> Result<Self, Failure> {
        let page = Metrics::of(target).await?;
        let process = target.process;
        let number = |value: Option<io::Result<u64>>| value.and_then(Result::ok).map(as_f64);
        Ok(Self {
            rss: number(process.map(Process::resident)),
            descriptors: number(process.map(Process::descriptors)),
            threads: number(process.map(Process::threads)),
            tasks: page.value(TASKS),
            disk: target.data.as_deref().and_then(|data| size(data).ok()).map(as_f64),
            entries: page.value(ENTRIES),
            gauges: page
                .gauges()
                .filter(|(name, value)| !NEVER_ZERO.contains(name) && *value != 0.0)
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        })
    }

    /// Whether this is no more than another.
    fn is_down_to(&self, other: &Self) -> bool {
        let below = |ours: Option<f64>, theirs: Option<f64>| {
            ours.zip(theirs).is_none_or(|(ours, theirs)| ours <= theirs)
        };
        below(self.descriptors, other.descriptors.map(|files| files + SPARE_FILES))
            && below(self.threads, other.threads)
            && below(self.tasks, other.tasks)
    }
}

/// Waits until a node is at rest: every gauge at zero, at a level if one is given, and nothing moves for
/// `calm` looks; or, where it does not come to that, nothing for three times as many, or for a while.
/// What it holds then.
pub(super) async fn settled(
    target: &Target,
    level: Option<&Level>,
    calm: u32,
) -> Result<Level, Failure> {
    let begun = Instant::now();
    let (mut before, mut unmoved, mut agree) = (Level::of(target).await?, 0, 0);
    loop {
        tokio::time::sleep(PAUSE).await;
        let now = Level::of(target).await?;
        let still = now.is_down_to(&before) && before.is_down_to(&now);
        let down = level.is_none_or(|level| now.is_down_to(level));
        unmoved = if still { unmoved + 1 } else { 0 };
        agree = if still && down && now.gauges.is_empty() { agree + 1 } else { 0 };
        if agree >= calm || unmoved >= 3 * calm || begun.elapsed() > PATIENCE {
            return Ok(now);
        }
        before = now;
    }
}

/// What is left of descriptors, threads, tasks and gauges.
pub(super) fn compare(outcome: &mut Outcome, begun: &Level, ended: &Level) {
    let left = |from: Option<f64>, to: Option<f64>| Some(to? - from?);
    outcome.figure("descriptors_left", left(begun.descriptors, ended.descriptors), "files");
    outcome.figure("threads_left", left(begun.threads, ended.threads), "threads");
    outcome.figure("tasks_left", left(begun.tasks, ended.tasks), "tasks");
    outcome.figure("gauges_left", as_f64(ended.gauges.len() as u64), "gauges");
    for (name, value) in &ended.gauges {
        outcome.notes.push(format!("{name} stands at {value} after the last client has left"));
    }
}

/// The last quarter's memory, that when nobody spoke any more, and that after all was read again, over
/// that of the second quarter.
pub(super) fn memory(outcome: &mut Outcome, length: Duration, rested: &Level, ended: &Level) {
    let seconds = &outcome.seconds;
    let level = resident(seconds, length, 0.25, 0.5);
    let late = resident(seconds, length, 0.75, 1.1);
    let over = |value: Option<f64>| Some(value? / level?);
    let (trend, end, reread) = (over(late), over(rested.rss), over(ended.rss));
    outcome.figure("rss_level_bytes", level, "bytes");
    outcome.figure("rss_trend_ratio", trend, "x level");
    outcome.figure("rss_end_ratio", end, "x level");
    outcome.figure("rss_reread_ratio", reread, "x level");
}

/// What an entry took on disk in the second half of the run, over that of the first.
pub(super) fn disk(outcome: &mut Outcome, looks: &[Level]) {
    let [first, .., last] = looks else { return };
    let middle = &looks[looks.len() / 2];
    let each = |from: &Level, to: &Level| {
        let entries = to.entries? - from.entries?;
        (entries > 0.0).then_some((to.disk? - from.disk?) / entries)
    };
    let (early, late) = (each(first, middle), each(middle, last));
    outcome.figure("disk_bytes_per_entry", late, "bytes");
    let ratio = early.zip(late).filter(|(early, _)| *early > 0.0).map(|(early, late)| late / early);
    outcome.figure("disk_per_entry_ratio", ratio, "x first half");
}

/// Bytes of all files below a folder. One that went meanwhile counts nothing.
fn size(folder: &Path) -> io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)?.flatten() {
        match entry.metadata() {
            Ok(data) if data.is_dir() => sum += size(&entry.path()).unwrap_or(0),
            Ok(data) => sum += data.len(),
            Err(_) => {}
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(disk: f64, entries: f64) -> Level {
        Level {
            rss: Some(100.0),
            descriptors: Some(10.0),
            threads: Some(4.0),
            tasks: Some(20.0),
            disk: Some(disk),
            entries: Some(entries),
            gauges: Vec::new(),
        }
    }

    #[test]
    fn what_is_left_is_told() {
        let begun = level(0.0, 0.0);
        let mut ended = level(0.0, 0.0);
        ended.descriptors = Some(12.0);
        assert!(ended.is_down_to(&begun), "a segment more or less");
        ended.descriptors = Some(13.0);
        ended.tasks = None;
        ended.gauges.push(("wardroom_joined".to_owned(), 2.0));
        assert!(!ended.is_down_to(&begun) && begun.is_down_to(&ended));
        let mut outcome = Outcome::default();
        compare(&mut outcome, &begun, &ended);
        assert_eq!(outcome.value("descriptors_left"), Some(3.0));
        assert_eq!(outcome.value("threads_left"), Some(0.0));
        assert_eq!(outcome.value("tasks_left"), None);
        assert_eq!(outcome.value("gauges_left"), Some(1.0));
        assert!(outcome.notes[0].contains("wardroom_joined"), "{:?}", outcome.notes);
    }

    #[test]
    fn disk_is_judged_by_what_an_entry_takes() {
        let looks = [level(1_000.0, 0.0), level(2_000.0, 10.0), level(3_500.0, 20.0)];
        let mut outcome = Outcome::default();
        disk(&mut outcome, &looks);
        assert_eq!(outcome.value("disk_bytes_per_entry"), Some(150.0));
        assert_eq!(outcome.value("disk_per_entry_ratio"), Some(1.5));
    }
}
