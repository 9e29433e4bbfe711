//! Threads that nobody waits for let all others go first.

use std::fs;

use wardroom::log::Log;

use crate::world::{block, close, small};

/// Threads of this process by name, with their nice values.
fn threads() -> Vec<(String, i32)> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let mut found = Vec::new();
    for task in tasks.flatten() {
        // Another test's thread may end meanwhile.
        let Ok(stat) = fs::read_to_string(task.path().join("stat")) else {
            continue;
        };
        // pid (name) state ppid …: the nice value is the nineteenth field, and a name may hold anything.
        let Some((head, rest)) = stat.rsplit_once(')') else {
            continue;
        };
        let name = head.split_once('(').unwrap().1.to_owned();
        found.push((name, rest.split_whitespace().nth(16).unwrap().parse().unwrap()));
    }
    found
}

#[test]
fn the_store_stands_back_and_the_journal_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = Log::open(dir.path(), small()).unwrap();
    // Once it has put something in, it runs.
    block(log.catch_up());
    let found = threads();
    let of = |name: &str| -> Vec<i32> {
        found.iter().filter(|(known, _)| known == name).map(|(_, nice)| *nice).collect()
    };
    let (journals, stores) = (of("journal"), of("store"));
    assert!(!journals.is_empty() && !stores.is_empty(), "{found:?}");
    let ours = *journals.iter().min().unwrap();
    assert!(journals.iter().all(|nice| *nice == ours), "{found:?}");
    assert!(stores.iter().any(|nice| *nice == (ours + 10).min(19)), "{found:?}");
    close(log);
}
