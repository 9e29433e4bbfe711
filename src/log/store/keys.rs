//! The keys of the store. A log's name holds no zero byte, so zero ends it.

use wardroom_protocol::ids::{LogName, Mid, TopicId};

/// The newest group applied.
pub(in crate::log) const APPLIED: &[u8] = b"a";
/// When the first words were erased since this generation was built, unix seconds.
pub(in crate::log) const ERASED_SINCE: &[u8] = b"r";

/// The kinds of keys that have a log.
pub(in crate::log) const ENTRY: u8 = b'e';
const ROW: u8 = b'm';
const TOPIC: u8 = b't';

fn key(kind: u8, log: &LogName, rest: &[&[u8]]) -> Vec<u8> {
    let name = log.as_str().as_bytes();
    let mut key = Vec::with_capacity(name.len() + 26);
    key.push(kind);
    key.extend_from_slice(name);
    key.push(0);
    for part in rest {
        key.extend_from_slice(part);
    }
    key
}

/// Where an entry's record is kept.
pub(in crate::log) fn entry_key(log: &LogName, seq: u64) -> Vec<u8> {
    key(ENTRY, log, &[&seq.to_be_bytes()])
}

/// Where a mid's row is kept.
pub(in crate::log) fn row_key(log: &LogName, mid: &Mid) -> Vec<u8> {
    key(ROW, log, &[mid.as_bytes()])
}

/// Where it is kept that an entry belongs to a topic.
pub(in crate::log) fn topic_key(log: &LogName, topic: &TopicId, seq: u64) -> Vec<u8> {
    key(TOPIC, log, &[topic.as_bytes(), &seq.to_be_bytes()])
}

/// What all entries of a log begin with.
pub(in crate::log) fn log_prefix(log: &LogName) -> Vec<u8> {
    key(ENTRY, log, &[])
}

/// What all places in a topic begin with.
pub(in crate::log) fn topic_prefix(log: &LogName, topic: &TopicId) -> Vec<u8> {
    key(TOPIC, log, &[topic.as_bytes()])
}

/// The first key behind all that begin with a prefix.
pub(in crate::log) fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// The seq at the end of an entry's or a topic's key.
pub(in crate::log) fn seq_of(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The log in an entry's key.
pub(in crate::log) fn log_of(key: &[u8]) -> Option<LogName> {
    let name = key.get(1..)?.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(name).ok()?.parse().ok()
}
