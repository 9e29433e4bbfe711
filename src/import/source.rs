//! The file, line by line: plain or gzip, never whole in memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use tokio::sync::mpsc;

use super::error::{ImportError, RowError};
use super::row::Row;

/// The longest line read. No message is that long; a damaged file may have one without end.
pub(super) const LONGEST_LINE: u64 = 1024 * 1024;
/// Rows read ahead. When full the reading thread waits.
const AHEAD: usize = 64;
/// How a gzip file begins, whatever its name.
const GZIP: [u8; 2] = [0x1f, 0x8b];

type Checked = Result<(u64, Row), ImportError>;

/// Rows in the order of the file, read on a thread of their own.
pub(super) struct Source {
    rows: mpsc::Receiver<Checked>,
    read: Arc<AtomicU64>,
    size: u64,
}

impl Source {
    /// Opens a file and begins to read it. Needs a tokio runtime.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let failed = |error: &std::io::Error| ImportError::File {
            path: path.to_owned(),
            kind: error.kind(),
        };
        let file = File::open(path).map_err(|error| failed(&error))?;
        let size = file.metadata().map_err(|error| failed(&error))?.len();
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted { file, read: Arc::clone(&read) };
        let mut counted = BufReader::with_capacity(64 * 1024, counted);
        let gzip = counted.fill_buf().map_err(|error| failed(&error))?.starts_with(&GZIP);
        let text: Box<dyn BufRead + Send> = if gzip {
            Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(counted)))
        } else {
            Box::new(counted)
        };
        let (sender, rows) = mpsc::channel(AHEAD);
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || feed(text, &path, &sender));
        Ok(Self { rows, read, size })
    }

    /// The next row with its line; `None` at the end. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Checked> {
        self.rows.recv().await
    }

    /// Bytes of the file read so far.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Bytes of the file in all.
    pub(super) fn size(&self) -> u64 {
        self.size
    }
}

/// Reads to the end, to the first bad line, or until nobody asks any more.
fn feed(mut text: Box<dyn BufRead + Send>, path: &Path, sender: &mpsc::Sender<Checked>) {
    let mut bytes = Vec::new();
    for line in 1.. {
        let checked = match next_line(&mut text, &mut bytes) {
            Ok(false) => return,
            Ok(true) => match check(&bytes, line) {
                Ok(None) => continue,
                Ok(Some(row)) => Ok((line, row)),
                Err(error) => Err(ImportError::Row { line, error }),
            },
            Err(error) => Err(ImportError::File { path: path.to_owned(), kind: error.kind() }),
        };
        let last = checked.is_err();
        if sender.blocking_send(checked).is_err() || last {
            return;
        }
    }
}

/// One line without its end; `false` at the end of the file. At most one byte above the longest.
fn next_line(text: &mut impl BufRead, bytes: &mut Vec<u8>) -> std::io::Result<bool> {
    bytes.clear();
    text.take(LONGEST_LINE + 1).read_until(b'\n', bytes)?;
    Ok(!bytes.is_empty())
}

/// A line's row; `None` for a blank line.
fn check(bytes: &[u8], line: u64) -> Result<Option<Row>, RowError> {
    if bytes.len() as u64 > LONGEST_LINE {
        return Err(RowError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RowError::NotUtf8)?;
    let text = if line == 1 { text.trim_start_matches('\u{feff}') } else { text };
    match text.trim() {
        "" => Ok(None),
        row => Row::parse(row).map(Some),
    }
}

/// Counts what is read, before it is unpacked.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn row(number: u64) -> String {
        format!(
            r#"{{"room":"cardiology","topic":"Rounds","kind":"message","author":"Sam Example","mid":"01941f29-7c00-7fc5-9aec-{number:012x}","body":"number {number}"}}"#
        )
    }

    fn zip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).expect("memory takes what is written");
        encoder.finish().expect("memory takes what is written")
    }

    /// The lines read, and the error that ended it.
    async fn read(bytes: &[u8]) -> (Vec<u64>, Option<String>) {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(bytes).expect("a temporary file takes bytes");
        let mut source = Source::open(file.path()).unwrap_or_else(|error| panic!("{error}"));
        let (mut lines, mut ended) = (Vec::new(), None);
        while let Some(checked) = source.next().await {
            match checked {
                Ok((line, _)) => lines.push(line),
                Err(error) => ended = Some(error.to_string()),
            }
        }
        assert_eq!(source.size(), bytes.len() as u64);
        if ended.is_none() {
            assert_eq!(source.read(), source.size());
        }
        (lines, ended)
    }

    #[tokio::test]
    async fn plain_and_zipped_files_read_alike() {
        let text: String = (1..=500).map(|number| row(number) + "\n").collect();
        let all: Vec<_> = (1..=500).collect();
        assert_eq!(read(text.as_bytes()).await, (all.clone(), None));
        assert_eq!(read(&zip(text.as_bytes())).await, (all, None));
        // Two files, zipped and put one behind the other, are one.
        let both = [zip(row(1).as_bytes()), zip(b"\n"), zip(row(2).as_bytes())].concat();
        assert_eq!(read(&both).await, (vec![1, 2], None));
    }

    #[tokio::test]
    async fn marks_line_ends_and_blank_lines_are_no_rows() {
        let text = format!("\u{feff}{}\r\n\n  \n{}", row(1), row(2));
        assert_eq!(read(text.as_bytes()).await, (vec![1, 4], None));
        assert_eq!(read(b"").await, (vec![], None));
    }

    #[tokio::test]
    async fn the_first_bad_line_ends_it_and_is_named() {
        let long = "x".repeat(usize::try_from(LONGEST_LINE).expect("a megabyte") + 1);
        for (bad, says) in [
            (b"{".to_vec(), "line 2: not JSON"),
            (b"\xff\xfe".to_vec(), "line 2: not UTF-8"),
            (long.into_bytes(), "line 2: longer than 1024 KiB"),
        ] {
            let bytes = [row(1).as_bytes(), b"\n", &bad, b"\n", row(3).as_bytes()].concat();
            let (lines, ended) = read(&bytes).await;
            assert_eq!(lines, [1]);
            assert!(ended.as_deref().is_some_and(|it| it.contains(says)), "{ended:?}");
        }
        let mut torn = zip(row(1).as_bytes());
        torn.truncate(torn.len() / 2);
        let (_, ended) = read(&torn).await;
        assert!(ended.is_some_and(|it| it.contains("cannot read")));
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let error = Source::open(Path::new("/nowhere/rows.jsonl")).err();
        let error = error.map(|it| it.to_string()).unwrap_or_default();
        assert!(error.contains("cannot read /nowhere/rows.jsonl: entity not found"), "{error}");
    }
}
