//! What the tests share: synthetic entries, one author of a log, and waiting with a deadline.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wardroom::domain::message::{self, About, Posted};
use wardroom::domain::{Class, Event, Founding, Kind, moderation};
use wardroom::entry::{self, Header, NO_LINK, Record, Words};
use wardroom::log::record::encode_header;
use wardroom::log::{Log, Options, Progress, Unavailable};
use wardroom_protocol::ids::{LogName, Mid, Position, TopicId};

/// Nothing in these tests takes longer, unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);
pub(crate) const EPOCH: u64 = 1_763_787_600;

/// Small segments, so that a test sees many.
pub(crate) fn small() -> Options {
    Options {
        segment_bytes: 256 * 1024,
        cache_bytes: 4 * 1024 * 1024,
        gather: Duration::ZERO,
        ..Options::default()
    }
}

pub(crate) fn log_name(text: &str) -> LogName {
    text.parse().unwrap()
}

pub(crate) fn topic(number: u8) -> TopicId {
    TopicId::from_bytes([number; 16])
}

/// A repeatable source of numbers: xorshift.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).unwrap()
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.roll().to_le_bytes()[0] | 1).collect()
    }

    pub(crate) fn mid(&mut self) -> Mid {
        let mut bytes = [7; 16];
        bytes[..8].copy_from_slice(&self.roll().to_le_bytes());
        bytes[8..].copy_from_slice(&self.roll().to_le_bytes());
        Mid::from_bytes(bytes).unwrap()
    }
}

/// Writes one log as its actor does: numbers, links, hands over.
pub(crate) struct Author {
    pub(crate) name: LogName,
    pub(crate) records: Vec<Record>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) n: u64,
    pub(crate) epoch: u64,
    link: [u8; 32],
}

impl Author {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: log_name(name),
            records: Vec::new(),
            progress: Progress::new(0),
            n: 0,
            epoch: EPOCH,
            link: NO_LINK,
        }
    }

    /// The next record of this log, not handed over.
    pub(crate) fn make(&self, dice: &mut Dice, event: &Event, words: Option<Vec<u8>>) -> Record {
        let (op, op_version) = entry::op_of(event);
        let seq = self.records.len() as u64 + 1;
        let sealed = words.map(Bytes::from);
        let header = Header {
            log: self.name.clone(),
            position: Position::new(self.epoch, seq),
            n: entry::counts(op).then_some(self.n + 1),
            at: EPOCH * 1000 + seq,
            op: op.into(),
            op_version,
            optional: false,
            mid: dice.mid(),
            by: "dr-synthetic".parse().unwrap(),
            submit: [9; 32],
            bumps: Vec::new(),
            head: None,
            was: None,
            facts: entry::facts(event).into(),
            key: 1,
            nonce: [3; 24],
            words_len: sealed.as_ref().map_or(0, |sealed| sealed.len().try_into().unwrap()),
            words_hash: *blake3::hash(sealed.as_deref().unwrap_or_default()).as_bytes(),
            link: self.link,
        };
        Record { header, words: sealed.map_or(Words::None, Words::Sealed) }
    }

    /// Hands a record over and takes it as written.
    pub(crate) fn append(&mut self, log: &Log, record: Record) -> Result<(), Unavailable> {
        let header = encode_header(&record.header);
        let link = header.link();
        log.append(Arc::new(record.clone()), header, &self.progress)?;
        self.link = link;
        self.n = record.header.n.unwrap_or(self.n);
        self.records.push(record);
        Ok(())
    }

    pub(crate) fn create(&mut self, log: &Log, dice: &mut Dice) {
        let event = Event::RoomCreated(Founding::of(Class::Discussion));
        let words = dice.bytes(40);
        let record = self.make(dice, &event, Some(words));
        self.append(log, record).unwrap();
    }

    pub(crate) fn post(&mut self, log: &Log, dice: &mut Dice, len: usize) {
        let record = self.posting(dice, len);
        self.append(log, record).unwrap();
    }

    pub(crate) fn posting(&self, dice: &mut Dice, len: usize) -> Record {
        let topic = topic((dice.below(3) + 1).try_into().unwrap());
        let event = Event::Message(message::Event::Posted(Posted::under(topic, Kind::Message)));
        let words = dice.bytes(len.max(1));
        self.make(dice, &event, Some(words))
    }

    /// Redacts the entry with this seq; it must be a message.
    pub(crate) fn redact(&mut self, log: &Log, dice: &mut Dice, seq: u64) {
        self.try_redact(log, dice, seq).unwrap();
    }

    pub(crate) fn try_redact(
        &mut self,
        log: &Log,
        dice: &mut Dice,
        seq: u64,
    ) -> Result<(), Unavailable> {
        let target = self.records[usize::try_from(seq).unwrap() - 1].clone();
        let Ok(Some(Event::Message(message::Event::Posted(posted)))) = entry::event(&target.header)
        else {
            panic!("only messages are redacted");
        };
        let about = About { of: target.header.mid, seq, topic: posted.topic };
        let event = Event::Moderation(moderation::Event::Redacted(about));
        let record = self.make(dice, &event, Some(b"synthetic reason".to_vec()));
        self.append(log, record)?;
        self.records[usize::try_from(seq).unwrap() - 1].words = Words::Erased;
        Ok(())
    }

    pub(crate) fn head(&self) -> u64 {
        self.records.len() as u64
    }

    /// Waits until everything is synced.
    pub(crate) fn synced(&self) {
        wait("everything is synced", || self.progress.synced() >= self.head());
    }

    /// Waits until the store has everything.
    pub(crate) fn stored(&self) {
        wait("the store has everything", || self.progress.stored() >= self.head());
    }
}

/// Waits for a condition.
pub(crate) fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < DEADLINE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Runs a future to its end.
pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Asks the log.
pub(crate) fn ask<T: Send + 'static>(
    log: &Log,
    question: impl FnOnce(&wardroom::log::Reader) -> T + Send + 'static,
) -> T {
    block(log.ask(question)).unwrap()
}

/// All records of a log, and its holes.
pub(crate) fn read(log: &Log, name: &LogName) -> (Vec<Record>, Vec<(u64, u64)>) {
    let name = name.clone();
    ask(log, move |reader| {
        let mut records = Vec::new();
        let holes = reader.scan(&name, &mut |record| records.push(record.clone())).unwrap();
        (records, holes)
    })
}

/// Closes a log and lets its directory go.
pub(crate) fn close(log: Log) {
    block(log.close());
    drop(log);
}

/// A directory in memory, where there is one: for tests that damage files again and again and do not
/// concern syncs.
pub(crate) fn quick_dir() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Copies a directory with everything in it.
pub(crate) fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a directory.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all
}
