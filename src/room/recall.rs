//! Names read again from the entries that hold them: a snapshot keeps only where those stand, and an
//! erased entry takes the names with it that were read from it. Runs on read threads.

use std::collections::BTreeSet;
use std::sync::Arc;

use wardroom_protocol::ids::{LogName, TopicId};

use super::Names;
use super::fold::FoldError;
use super::names::Sources;
use crate::domain::Event;
use crate::entry::{self, Record, open_words};
use crate::log::Reader;
use crate::seal::Keyring;

/// Entries read at once.
const AT_ONCE: usize = 256;
/// Entries of a topic that are searched for its name.
const SEARCHED: usize = 64;

/// The name in an entry's words, with its event; `None` if it has none, or has lost it.
fn name_in(record: &Record, keys: &Keyring) -> Result<Option<(Event, Arc<str>)>, FoldError> {
    let Ok(Some(event)) = entry::event(&record.header) else {
        return Ok(None);
    };
    let words = open_words(record, keys)?;
    let name = words.and_then(|words| Names::in_words(&event, &words));
    Ok(name.map(|name| (event, name)))
}

/// The names that stand in these entries. A topic whose entry was erased since is looked up in its
/// other entries.
pub(super) fn recall(
    sources: Sources,
    log: &LogName,
    reader: &Reader,
    keys: &Keyring,
) -> Result<Names, FoldError> {
    let mut names = Names::default();
    if let Some(seq) = sources.title
        && let Some(record) = reader.get(log, &[seq])?.records.first()
        && let Some((event, name)) = name_in(record, keys)?
    {
        names.learn(&event, seq, name);
    }
    let topics: Vec<_> = sources.topics.into_iter().collect();
    for piece in topics.chunks(AT_ONCE) {
        let seqs: Vec<_> = piece.iter().map(|(_, seq)| *seq).collect();
        let records = reader.get(log, &seqs)?.records;
        // What no copy holds any more is left out of the answer, so they are paired by seq.
        let mut records = records.iter().peekable();
        for (topic, seq) in piece {
            let record = records.next_if(|record| record.header.position.seq == *seq);
            let name = record.map(|record| name_in(record, keys)).transpose()?.flatten();
            let found = match name {
                Some((_, name)) => Some((*seq, name)),
                None => search(topic, u64::MAX, &BTreeSet::new(), log, reader, keys)
                    .map(|(seq, _, name)| (seq, name)),
            };
            if let Some((seq, name)) = found {
                names.set(*topic, seq, name);
            }
        }
    }
    Ok(names)
}

/// A topic's name, from one of its first entries up to a seq. Of those that are erased it may still find
/// the words, and passes them over.
pub(super) fn search(
    topic: &TopicId,
    upto: u64,
    erased: &BTreeSet<u64>,
    log: &LogName,
    reader: &Reader,
    keys: &Keyring,
) -> Option<(u64, Event, Arc<str>)> {
    let mut seqs = reader.topic(log, topic, 0, upto, SEARCHED, false).ok()?;
    seqs.retain(|seq| !erased.contains(seq));
    for record in reader.get(log, &seqs).ok()?.records {
        if let Some((event, name)) = name_in(&record, keys).ok()? {
            return Some((record.header.position.seq, event, name));
        }
    }
    None
}
