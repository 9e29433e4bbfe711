//! The fan-out pass: one task per open log. It wakes when the watermark rises, lets go what waited
//! for it, walks the members and writes to each socket all that its cursor lacks.
//!
//! No timer: under load passes merge messages by themselves, and a write of eight frames costs what
//! a write of one does.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Channel;
use super::gate::Near;

/// Members visited before other tasks have their turn.
const PIECE: usize = 256;

/// Serves a channel until it is told to stop.
pub async fn run(channel: Arc<Channel>, stop: CancellationToken) {
    let stopped = stop.cancelled();
    tokio::pin!(stopped);
    loop {
        // First a pass, then the wait: the journal may have been faster than this task.
        pass(&channel).await;
        tokio::select! {
            () = &mut stopped => break,
            () = channel.tail().progress().risen() => {}
        }
        // Behind what is ready to run: whoever has something for this log brings it first, and one write
        // to each member then carries all of it. Costs one look at the driver when there is nobody.
        tokio::task::yield_now().await;
    }
    // Whoever still waits learns that the outcome is not known.
    for (safe, waiting) in channel.due(channel.tail().revealed(), true) {
        if let Some(gate) = waiting.leave(safe) {
            gate.push();
        }
    }
}

async fn pass(channel: &Arc<Channel>) {
    let tail = channel.tail();
    let due = channel.due(tail.revealed(), tail.progress().failed());
    let answered: Vec<_> =
        due.into_iter().filter_map(|(safe, waiting)| waiting.leave(safe)).collect();
    let signals = channel.take_signals();
    let mut near = Near::default();
    let mut piece = Vec::new();
    let mut from = 0;
    loop {
        let more = channel.piece(from, PIECE, &mut piece);
        for gate in piece.drain(..) {
            for signal in &signals {
                if signal.except.as_ref().is_none_or(|author| !Arc::ptr_eq(author, &gate)) {
                    gate.signal(channel, signal.key, &signal.frame);
                }
            }
            gate.push_near(channel, &mut near);
        }
        if !more {
            break;
        }
        from += PIECE;
        // Only between pieces: a small room's pass would pay for a look at the driver each time.
        tokio::task::yield_now().await;
    }
    // Authors who do not follow the log; for the others nothing is left to write.
    for gate in answered {
        gate.push();
    }
}
