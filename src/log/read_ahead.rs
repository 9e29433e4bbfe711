//! Reading ahead: while one piece of a log is opened and rendered, the next one comes into the store's
//! cache. A replay then waits for the engine hardly ever, and a second core has its share of it.
//!
//! A hint, never an answer: what fails here fails again, and is dealt with, where it is asked for. When
//! the queue is full the hint is dropped.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::handle::Alive;
use super::slice::Budget;
use super::store::Shelf;

/// Hints that may wait. A hint that is late is of no use.
const QUEUE: usize = 2;

/// What will be read soon.
pub(super) struct Ahead {
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
    pub(super) budget: Budget,
}

/// Starts the thread; it ends with the last of its senders.
pub(super) fn start(alive: Alive) -> io::Result<SyncSender<Ahead>> {
    let (hints, hinted) = sync_channel(QUEUE);
    thread::Builder::new().name("log-ahead".to_owned()).spawn(move || {
        run(&hinted);
        drop(alive);
    })?;
    Ok(hints)
}

fn run(hinted: &Receiver<Ahead>) {
    while let Ok(Ahead { shelf, from, to, budget }) = hinted.recv() {
        let (mut entries, mut bytes) = (0, 0);
        let _ = shelf.visit(&from, &to, false, &mut |_, value| {
            entries += 1;
            bytes += value.len();
            if entries < budget.entries && bytes < budget.bytes {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
    }
}
