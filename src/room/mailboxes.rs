//! The task that files notes in people's mailboxes: in many at once, in each in order. One that cannot be
//! written waits apart and holds up no other. What there is no place for is left, and derived again.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wardroom_protocol::ids::{LogName, PrincipalId};

use super::doors::Doors;
use super::mail::{Letter, Note, Post};
use super::{Answer, Denied, Submission};
use crate::domain::access::Principal;
use crate::domain::{Command, mailbox};
use crate::guard::{self, Screened};
use crate::seal::Keyring;

/// Mailboxes that are written at once.
const AT_ONCE: usize = 32;
/// Notes that one mailbox is given at once; a part of what a room's inbox takes.
const TOGETHER: usize = 64;
/// Notes in hand, over all mailboxes. Then none is taken from the queue.
const IN_HAND: usize = 4096;
/// Notes that are derived again leave this much of it to others.
const DERIVED: usize = IN_HAND / 4;
/// Notes in hand for mailboxes that wait apart, and for each one of those. The rest is left.
const APART: usize = IN_HAND / 2;
/// See [`APART`].
const APART_EACH: usize = 32;
/// A mailbox that cannot be written waits this long; each time twice that, up to the most.
const PAUSE: Duration = Duration::from_millis(500);
/// See [`PAUSE`].
const PAUSE_MOST: Duration = Duration::from_secs(8);

/// A note has no words of anybody's.
struct Wordless(Submission);

impl guard::Worded for Wordless {
    fn words(&self, _show: &mut dyn FnMut(&'static str, guard::Rule, &str)) {}
}

/// One mailbox, while there are notes for it.
#[derive(Default)]
struct Pile {
    letters: VecDeque<Letter>,
    /// Letters taken out that are being filed.
    away: usize,
    /// Tries that failed since one did not.
    failed: u32,
    /// It waits apart until then.
    apart: Option<Instant>,
}

/// A try has ended.
struct Landed {
    to: PrincipalId,
    /// What was not filed, in order.
    left: Vec<Letter>,
    error: Option<&'static str>,
}

#[derive(Default)]
struct Carrier {
    piles: HashMap<PrincipalId, Pile>,
    /// Whose letters may be filed now.
    ready: VecDeque<PrincipalId>,
    apart: BTreeSet<(Instant, PrincipalId)>,
    in_hand: usize,
    in_hand_apart: usize,
    /// What fails is left at once.
    ending: bool,
}

/// Files notes until the node stops. What then waits is derived again at the next start.
pub(super) async fn deliver(
    doors: Arc<Doors>,
    keys: Arc<Keyring>,
    mut post: Post,
    stop: CancellationToken,
) {
    let mut carrier = Carrier::default();
    let mut tries = FuturesUnordered::new();
    loop {
        while tries.len() < AT_ONCE
            && let Some((to, letters)) = carrier.take()
        {
            tries.push(file(&doors, &keys, to, letters));
        }
        let first = carrier.apart.first().map(|(until, _)| *until);
        let time = async {
            match first {
                Some(until) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Some(landed) = tries.next() => carrier.land(landed),
            () = post.ending.cancelled(), if !carrier.ending => carrier.end(),
            () = time => carrier.bring_back(),
            Some(letter) = post.now.recv(), if carrier.in_hand < IN_HAND => carrier.add(letter),
            Some(letter) = post.again.recv(), if carrier.at_hand() < DERIVED => carrier.add(letter),
        }
    }
}

impl Carrier {
    /// Letters whose mailboxes can be written, as far as is known: those that wait apart hold up no others.
    fn at_hand(&self) -> usize {
        self.in_hand - self.in_hand_apart
    }

    fn add(&mut self, letter: Letter) {
        let pile = self.piles.entry(letter.note.to.clone()).or_default();
        if pile.apart.is_some() {
            if pile.letters.len() >= APART_EACH || self.in_hand_apart >= APART {
                // Dropped, it is left.
                return;
            }
            self.in_hand_apart += 1;
        } else if pile.letters.is_empty() && pile.away == 0 {
            self.ready.push_back(letter.note.to.clone());
        }
        self.in_hand += 1;
        pile.letters.push_back(letter);
    }

    /// The letters that are to be filed next.
    fn take(&mut self) -> Option<(PrincipalId, Vec<Letter>)> {
        let to = self.ready.pop_front()?;
        let pile = self.piles.get_mut(&to)?;
        let count = pile.letters.len().min(TOGETHER);
        pile.away = count;
        Some((to, pile.letters.drain(..count).collect()))
    }

    fn land(&mut self, landed: Landed) {
        let Landed { to, left, error } = landed;
        let Some(pile) = self.piles.get_mut(&to) else { return };
        self.in_hand -= pile.away - left.len();
        pile.away = 0;
        left.into_iter().rev().for_each(|letter| pile.letters.push_front(letter));
        let Some(error) = error else {
            pile.failed = 0;
            if pile.letters.is_empty() {
                self.piles.remove(&to);
            } else {
                self.ready.push_back(to);
            }
            return;
        };
        if pile.failed == 0 {
            tracing::warn!(mailbox = %to, error, "notes wait for a mailbox");
        }
        let places = if self.ending { 0 } else { APART_EACH.min(APART - self.in_hand_apart) };
        let kept = pile.letters.len().min(places);
        self.in_hand -= pile.letters.len() - kept;
        pile.letters.truncate(kept);
        if kept == 0 {
            self.piles.remove(&to);
            return;
        }
        self.in_hand_apart += kept;
        let until = Instant::now() + PAUSE_MOST.min(PAUSE * 2_u32.pow(pile.failed.min(8)));
        pile.failed += 1;
        pile.apart = Some(until);
        self.apart.insert((until, to));
    }

    /// Those that have waited apart for long enough are tried again.
    fn bring_back(&mut self) {
        let now = Instant::now();
        while let Some((until, to)) = self.apart.pop_first() {
            if until > now {
                self.apart.insert((until, to));
                return;
            }
            if let Some(pile) = self.piles.get_mut(&to) {
                pile.apart = None;
                self.in_hand_apart -= pile.letters.len();
                self.ready.push_back(to);
            }
        }
    }

    /// What waits apart is left.
    fn end(&mut self) {
        self.ending = true;
        for (_, to) in std::mem::take(&mut self.apart) {
            self.in_hand -= self.piles.remove(&to).map_or(0, |pile| pile.letters.len());
        }
        self.in_hand_apart = 0;
    }
}

/// Files letters in one mailbox, with one sync for all.
async fn file(doors: &Doors, keys: &Keyring, to: PrincipalId, letters: Vec<Letter>) -> Landed {
    let log = LogName::mailbox(&to);
    while crate::fault::refuses("note_waits", to.as_str()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    if crate::fault::refuses("mailbox", to.as_str()) {
        return Landed { to, left: letters, error: Some("a test asked for it") };
    }
    let Ok(mailbox) = doors.open(&log).await else {
        return Landed { to, left: letters, error: Some("the mailbox could not be opened") };
    };
    let mut waiting = Vec::with_capacity(letters.len());
    for letter in letters {
        crate::fault::point("before_note");
        let (send, receive) = oneshot::channel();
        let answer = Answer::new(move |outcome| {
            let _ = send.send(outcome);
            None
        });
        mailbox.submit(entry(&log, keys, &letter.note), answer);
        waiting.push((letter, receive));
    }
    let mut landed = Landed { to, left: Vec::new(), error: None };
    for (letter, answered) in waiting {
        match answered.await {
            // Refused: it stands there, from another try.
            Ok(Ok(_) | Err(Denied::Refused(_))) => letter.slip.filed(),
            Ok(Err(Denied::Fault(_))) | Err(_) => {
                landed.error = Some("the mailbox could not be written");
                landed.left.push(letter);
            }
        }
    }
    landed
}

fn entry(log: &LogName, keys: &Keyring, note: &Note) -> Screened<Submission> {
    let (owner, mid) = &note.owner;
    let roles = BTreeSet::new();
    let submission = Submission {
        principal: Arc::new(Principal { id: note.by.clone(), roles }),
        mid: keys.derived_mid(owner, mid, log),
        command: Command::Mailbox(mailbox::Command::File(note.filed.clone())),
        submit: keys.submit_hash(log, "notification.filed", mid.as_bytes()),
        words: None,
    };
    guard::screen(Wordless(submission)).map_or_else(
        |_| unreachable!("nothing was shown, so nothing was found"),
        |screened| screened.map(|wordless| wordless.0),
    )
}
