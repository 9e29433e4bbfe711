//! A journal segment that nobody vouches for.

use std::fs;
use std::path::Path;

use wardroom::entry::Record;
use wardroom::log::{Log, Options, Reader, verify};

fn ask<T: Send + 'static>(log: &Log, question: impl FnOnce(&Reader) -> T + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(log.ask(question)).expect("an answer")
}

/// Puts these bytes into a node's directory as its only segment, checks and opens it, and gives all
/// that is served then, or nothing if the log refuses to open.
pub fn open_segment(dir: &Path, bytes: &[u8]) -> Option<Vec<Record>> {
    let size = 256 * 1024;
    let mut bytes = bytes.to_vec();
    bytes.resize(size.max(bytes.len()), 0);
    fs::create_dir_all(dir.join("journal")).expect("a folder");
    fs::write(dir.join("journal/00000001.seg"), bytes).expect("a file");
    // Looking changes nothing, so what is found is told twice in the same words.
    let report = || verify(dir).map(|report| report.to_string()).map_err(|error| error.to_string());
    assert_eq!(report(), report());
    let options =
        Options { segment_bytes: size as u64, cache_bytes: 4 * 1024 * 1024, ..Options::default() };
    let (log, _) = Log::open(dir, options).ok()?;
    let mut all = Vec::new();
    for name in ask(&log, |reader| reader.logs().expect("the logs are listed")) {
        all.extend(ask(&log, move |reader| {
            let mut records = Vec::new();
            reader.scan(&name, &mut |record| records.push(record.clone())).expect("it is read");
            records
        }));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(log.close());
    Some(all)
}

/// Whatever became of a segment, what is served of it was written into it.
pub fn segment(dir: &Path, written: &[Record], bytes: &[u8]) {
    for record in open_segment(dir, bytes).unwrap_or_default() {
        assert!(written.contains(&record), "not what was written: {:?}", record.header);
    }
}
