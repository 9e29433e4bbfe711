//! What a process costs, read from `/proc`: processor time and resident memory.
//!
//! Owns the parsing. Linux only: elsewhere the files are missing and the figures are too.

use std::fs;
use std::io;
use std::time::Duration;

/// `/proc` counts processor time in ticks of 10 ms on every Linux there is (`USER_HZ` is 100).
const TICK: Duration = Duration::from_millis(10);

/// Which process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// This one.
    Own,
    /// Another, by its id.
    Id(u32),
}

impl Process {
    fn read(self, file: &str) -> io::Result<String> {
        match self {
            Self::Own => fs::read_to_string(format!("/proc/self/{file}")),
            Self::Id(id) => fs::read_to_string(format!("/proc/{id}/{file}")),
        }
    }

    /// Processor time spent so far, user and system, all threads together.
    pub fn cpu(self) -> io::Result<Duration> {
        cpu(&self.read("stat")?).ok_or_else(|| unreadable("stat"))
    }

    /// Resident memory, bytes.
    pub fn resident(self) -> io::Result<u64> {
        kib(&self.read("status")?, "VmRSS:")
            .map(|kib| kib * 1024)
            .ok_or_else(|| unreadable("status"))
    }

    /// Files it has open.
    pub fn descriptors(self) -> io::Result<u64> {
        let folder = match self {
            Self::Own => "/proc/self/fd".to_owned(),
            Self::Id(id) => format!("/proc/{id}/fd"),
        };
        Ok(fs::read_dir(folder)?.count() as u64)
    }

    /// Threads it has.
    pub fn threads(self) -> io::Result<u64> {
        number(&self.read("status")?, "Threads:").ok_or_else(|| unreadable("status"))
    }

    /// How many files this process may have open (the soft limit).
    pub fn open_files_allowed(self) -> io::Result<u64> {
        open_files(&self.read("limits")?).ok_or_else(|| unreadable("limits"))
    }
}

fn unreadable(file: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("/proc/…/{file} is not as expected"))
}

/// User and system time of a `stat` line. The command's name may hold blanks and brackets, so
/// counting begins after the last bracket.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user.checked_add(system)?)
}

fn kib(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn number(status: &str, key: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(key))?.trim().parse().ok()
}

fn open_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_columns() {
        let stat = "42 (a ) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 125 9 9 20 0 7 0 1 2 3";
        assert_eq!(cpu(stat), Some(Duration::from_millis(3_750)));
        assert_eq!(cpu("42 (cut off) S 1 42"), None);
        assert_eq!(cpu(""), None);
    }

    #[test]
    fn memory_and_limits() {
        let status = "Name:\tx\nVmPeak:\t  900 kB\nVmRSS:\t   1234 kB\nThreads:\t3\n";
        assert_eq!(kib(status, "VmRSS:"), Some(1_234));
        assert_eq!(kib("Name:\tx\n", "VmRSS:"), None);
        assert_eq!((number(status, "Threads:"), number(status, "VmRSS:")), (Some(3), None));
        let limits = "Limit   Soft Limit  Hard Limit  Units\n\
                      Max processes   95  95  processes\n\
                      Max open files            1024                 20000                files\n";
        assert_eq!(open_files(limits), Some(1_024));
        assert_eq!(open_files("Max open files unlimited unlimited files"), Some(u64::MAX));
    }

    #[test]
    fn this_process_spends_time_and_holds_memory() {
        let before = Process::Own.cpu().expect("/proc");
        let mut sum = 0_u64;
        while Process::Own.cpu().expect("/proc") < before + Duration::from_millis(30) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(Process::Own.resident().expect("/proc") > 100_000);
        assert!(Process::Own.descriptors().expect("/proc") > 2);
        assert!(Process::Own.threads().expect("/proc") > 0);
        assert!(Process::Own.open_files_allowed().expect("/proc") > 0);
        assert!(Process::Id(std::process::id()).cpu().expect("/proc") >= before);
    }
}
