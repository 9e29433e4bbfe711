//! Reading a log from a seq on: from its tail, or from behind it on a read thread.

use std::sync::Arc;

use bytes::Bytes;
use wardroom_protocol::envelope;
use wardroom_protocol::notice::Gap;

use super::{Channel, frame};
use crate::entry::render_record;
use crate::log::{AskError, Budget, Log, ReadError};
use crate::seal::{Keyring, OpenError};

/// Entries read at once.
const ENTRIES: usize = 512;
/// Bytes read at once: what one reader may have in memory.
const BYTES: usize = 256 * 1024;

/// A contiguous piece of a log, as frames.
pub struct Batch {
    /// Each frame with the seq it brings the reader to: an entry's own, or a gap's last.
    pub frames: Vec<(u64, Bytes)>,
    /// The watermark when it was read.
    pub revealed: u64,
}

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

/// Reads what comes after `after`, up to the watermark. Empty only if there is nothing.
pub async fn read_after(
    channel: &Arc<Channel>,
    log: &Log,
    keys: &Arc<Keyring>,
    after: u64,
) -> Result<Batch, BatchError> {
    let tail = channel.tail();
    let revealed = tail.revealed();
    let mut frames = Vec::new();
    let mut seq = after;
    let near = tail.read(after, ENTRIES, BYTES, |frame| {
        seq += 1;
        frames.push((seq, frame));
    });
    if near {
        return Ok(Batch { frames, revealed });
    }
    // Everything behind the tail is in the store, and stored entries are synced ones.
    let (name, keys) = (channel.log().clone(), Arc::clone(keys));
    let upto = tail.progress().stored().min(revealed);
    let frames = log
        .ask(move |reader| -> Result<_, BatchError> {
            let budget = Budget { entries: ENTRIES, bytes: BYTES };
            let slice = reader.forward(&name, after, upto, budget)?;
            let mut frames = Vec::with_capacity(slice.records.len());
            let mut holes = slice.holes.iter().peekable();
            // A gap names the last position both sides share: here the one asked from.
            let mut last = match slice.holes.first() {
                Some(_) => reader.get(&name, &[after])?.records.pop().map(|r| r.header.position),
                None => None,
            };
            for record in &slice.records {
                let position = record.header.position;
                if let Some(&(from, to)) = holes.next_if(|(_, to)| *to < position.seq) {
                    frames.push((to, gap(&name, from, to, last.unwrap_or_default())));
                }
                frames.push((position.seq, frame::text(&render_record(record, &keys)?)));
                last = Some(position);
            }
            for &(from, to) in holes {
                frames.push((to, gap(&name, from, to, last.unwrap_or_default())));
            }
            Ok(frames)
        })
        .await??;
    Ok(Batch { frames, revealed })
}

fn gap(
    log: &wardroom_protocol::ids::LogName,
    from: u64,
    to: u64,
    last: wardroom_protocol::ids::Position,
) -> Bytes {
    let gap = Gap { room: log.clone(), from, to, reason: "lost".into(), last };
    let text = envelope::notice("gap", &gap).expect("a notice has string keys and no floats");
    frame::text(text.as_bytes())
}
