//! Delivery's own small promises, below the sockets.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wardroom::delivery::{Channel, Tail, run_pass};
use wardroom::entry::{Header, NO_LINK, Record, Words};
use wardroom::log::{Log, Progress, record::encode_header};
use wardroom_protocol::ids::{LogName, Mid, Position};

use crate::world::PATIENCE;

fn header(log: &LogName, seq: u64) -> Header {
    Header {
        log: log.clone(),
        position: Position::new(1, seq),
        n: None,
        at: 1,
        op: "room.created".into(),
        op_version: 1,
        optional: false,
        mid: Mid::fresh(),
        by: "p".parse().unwrap(),
        submit: [0; 32],
        bumps: Vec::new(),
        head: None,
        was: None,
        facts: br#"{"class":"discussion"}"#.to_vec().into(),
        key: 1,
        nonce: [0; 24],
        words_len: 0,
        words_hash: [0; 32],
        link: NO_LINK,
    }
}

/// The journal may be faster than the pass's first breath: what waits then must not wait for ever.
#[tokio::test]
async fn an_answer_that_is_safe_before_the_first_pass_still_leaves() {
    let log: LogName = "cardiology".parse().unwrap();
    let progress = Progress::new(0);
    let channel = Arc::new(Channel::new(log.clone(), Tail::new(0, Arc::clone(&progress))));
    let (send, receive) = oneshot::channel();
    channel.when_safe(
        1,
        Box::new(move |safe| {
            let _ = send.send(safe);
            None
        }),
    );
    let journal = Log::ephemeral();
    let header = header(&log, 1);
    let encoded = encode_header(&header);
    let record = Arc::new(Record { header, words: Words::None });
    journal.append(record, encoded, &progress).unwrap();
    while progress.synced() < 1 {
        progress.risen().await;
    }

    let stop = CancellationToken::new();
    let pass = tokio::spawn(run_pass(channel, stop.clone()));
    let safe = tokio::time::timeout(PATIENCE, receive).await.expect("the answer left").unwrap();
    assert!(safe);
    stop.cancel();
    pass.await.unwrap();
    journal.close().await;
}

/// Whoever still waits when the pass ends learns that the outcome is not known.
#[tokio::test]
async fn an_answer_that_cannot_be_safe_any_more_says_so() {
    let log: LogName = "cardiology".parse().unwrap();
    let channel = Arc::new(Channel::new(log, Tail::new(0, Progress::new(0))));
    let (send, receive) = oneshot::channel();
    channel.when_safe(
        7,
        Box::new(move |safe| {
            let _ = send.send(safe);
            None
        }),
    );
    let stop = CancellationToken::new();
    stop.cancel();
    run_pass(channel, stop).await;
    assert!(!receive.await.unwrap());
}

/// What the store has, the tail lets go of: no reader's slowness makes it grow.
#[test]
fn a_tail_keeps_1024_entries_or_a_mebibyte_of_what_is_stored() {
    for (len, kept) in [(10, 1_024), (64 * 1024, 15)] {
        let tail = Tail::new(0, Progress::new(3_000));
        for _ in 0..3_000 {
            tail.push(&vec![b' '; len], 0);
        }
        assert!(tail.reaches(3_000 - kept), "{kept} entries of {len} bytes are kept");
        assert!(!tail.reaches(3_000 - kept - 1), "and no more of them");
    }
    // What the store lacks is nowhere else: it is kept whatever it takes.
    let tail = Tail::new(0, Progress::new(0));
    for _ in 0..3_000 {
        tail.push(&[b' '; 1_000], 0);
    }
    assert!(tail.reaches(0));
}
