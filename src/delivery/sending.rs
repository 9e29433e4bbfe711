//! One write of one frame or of many.

use std::cell::RefCell;
use std::io::{self, IoSlice};

use bytes::Bytes;

use super::Socket;
use super::outbox::Source;

/// Frames in one vectored write: Linux takes 1,024, and beyond some dozens nothing is gained.
pub(super) const FRAMES: usize = 64;

/// Frames that together are no longer than this are put side by side and sent as one: a vectored
/// write costs the kernel 0.7 us more than a plain one, copying 4 KiB a tenth of that.
pub(super) const SIDE_BY_SIDE: usize = 8 * 1024;

thread_local! {
    /// Short frames side by side, for one write; per thread, so that no connection holds it.
    static JOINED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes what is listed, or its first part; says how many bytes the socket took.
pub(super) fn send(socket: &Socket, listed: &[(Bytes, Source)]) -> io::Result<usize> {
    if let [(frame, _)] = listed {
        let half = || socket.try_write(&frame[..frame.len() / 2]);
        crate::fault::halfway("reply_half", half);
        return socket.try_write(frame);
    }
    if listed.iter().map(|(frame, _)| frame.len()).sum::<usize>() <= SIDE_BY_SIDE {
        return JOINED.with_borrow_mut(|joined| {
            joined.clear();
            for (frame, _) in listed {
                joined.extend_from_slice(frame);
            }
            socket.try_write(joined)
        });
    }
    let mut slices = [IoSlice::new(&[]); FRAMES];
    let count = listed.len().min(FRAMES);
    for (slice, (frame, _)) in slices.iter_mut().zip(listed) {
        *slice = IoSlice::new(frame);
    }
    socket.try_write_vectored(&slices[..count])
}
