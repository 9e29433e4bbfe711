//! Reading a log from a seq on: from its tail, or from behind it on a read thread.

use std::sync::Arc;

use wardroom_protocol::envelope;
use wardroom_protocol::ids::{LogName, Position};
use wardroom_protocol::notice::Gap;

use super::batch::Frames;
use super::{Batch, Channel};
use crate::entry::{render_record, render_sealed};
use crate::log::{AskError, Budget, Log, ReadError, Reader};
use crate::seal::{Keyring, OpenError, Opener};

/// What is read at once for a reader that is behind the tail. It holds two such pieces at most: one
/// that leaves, one ahead.
pub const PIECE: Budget = Budget { entries: 512, bytes: 128 * 1024 };

/// Why a piece could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The read threads are busy; nothing was read.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Words did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Reads what comes after `after`, up to the watermark, from the tail if that reaches so far. Empty
/// only if there is nothing.
pub async fn read_after(
    channel: &Arc<Channel>,
    log: &Log,
    keys: &Arc<Keyring>,
    after: u64,
    budget: Budget,
) -> Result<Batch, BatchError> {
    let tail = channel.tail();
    let revealed = tail.revealed();
    let mut frames = Frames::default();
    let mut seq = after;
    let near = tail.read(after, budget.entries, budget.bytes, |frame| {
        seq += 1;
        frames.add_frame(seq, &frame);
    });
    if near {
        return Ok(frames.batch(revealed));
    }
    // Everything behind the tail is in the store, and stored entries are synced ones.
    let (name, keys) = (channel.log().clone(), Arc::clone(keys));
    let upto = tail.progress().stored().min(revealed);
    let frames = log.ask(move |reader| read(reader, &name, &keys, (after, upto), budget)).await??;
    Ok(frames.batch(revealed))
}

/// As far as nothing has happened to the entries, they are taken as they lie; from there on with all
/// that may have happened: redactions, damage, holes.
fn read(
    reader: &Reader,
    log: &LogName,
    keys: &Keyring,
    (after, upto): (u64, u64),
    budget: Budget,
) -> Result<Frames, BatchError> {
    let mut frames = Frames::with_room(budget.bytes);
    let mut opener = Opener::new(keys, log);
    let mut seq = after;
    let all = reader.plain(log, after, upto, budget, &mut |entry| {
        let upto = entry.outline.position.seq;
        let render =
            |out: &mut Vec<u8>| render_sealed(out, &entry.outline, entry.words, &mut opener);
        let rendered = frames.add(upto, render).is_ok();
        if rendered {
            seq = upto;
        }
        rendered
    });
    if !all {
        let left = budget.less(frames.len(), frames.bytes());
        judge(reader, log, keys, (seq, upto), left, &mut frames)?;
    }
    Ok(frames)
}

fn judge(
    reader: &Reader,
    log: &LogName,
    keys: &Keyring,
    (after, upto): (u64, u64),
    budget: Budget,
    frames: &mut Frames,
) -> Result<(), BatchError> {
    let slice = reader.forward(log, after, upto, budget)?;
    let mut holes = slice.holes.iter().peekable();
    // A gap names the last position both sides share: here the one asked from.
    let mut last = match slice.holes.first() {
        Some(_) => reader.get(log, &[after])?.records.pop().map(|r| r.header.position),
        None => None,
    };
    for record in &slice.records {
        let position = record.header.position;
        if let Some(&(from, to)) = holes.next_if(|(_, to)| *to < position.seq) {
            frames.add_text(to, gap(log, from, to, last.unwrap_or_default()).as_bytes());
        }
        frames.add_text(position.seq, &render_record(record, keys)?);
        last = Some(position);
    }
    for &(from, to) in holes {
        frames.add_text(to, gap(log, from, to, last.unwrap_or_default()).as_bytes());
    }
    Ok(())
}

fn gap(log: &LogName, from: u64, to: u64, last: Position) -> String {
    let gap = Gap { room: log.clone(), from, to, reason: "lost".into(), last };
    envelope::notice("gap", &gap).expect("a notice has string keys and no floats")
}
