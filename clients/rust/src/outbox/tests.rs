//! The outbox by itself: what is held is in nobody's way, and asked after at its own time.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wardroom_protocol::ids::Position;

use super::*;
use crate::room::Draft;

const HELD: Duration = Duration::from_secs(30);

/// An outbox with its places, and a clock that a test moves.
struct Desk {
    outbox: Outbox,
    places: Arc<Semaphore>,
    now: Instant,
}

/// A post's handle, as far as the outbox knows it.
struct Handle {
    mid: Mid,
    answer: oneshot::Receiver<Result<Written>>,
    held: watch::Receiver<bool>,
}

fn log(name: &str) -> LogName {
    name.parse().expect("a log's name")
}

fn error(code: ErrorCode, wait: Option<Duration>) -> WireError {
    let error = WireError::new(code, "no");
    let millis = |wait: Duration| u64::try_from(wait.as_millis()).expect("short");
    wait.map_or(error.clone(), |wait| error.after_ms(millis(wait)))
}

fn held() -> WireError {
    error(ErrorCode::Held, Some(HELD))
}

fn written(seq: u64) -> Written {
    Written { position: Position::new(1, seq), at: 1, duplicate: true }
}

impl Desk {
    fn new(places: usize) -> Self {
        let places = Arc::new(Semaphore::new(places));
        Self { outbox: Outbox::new(7), places, now: Instant::now() }
    }

    fn post(&mut self, room: &str) -> Handle {
        let permit = Arc::clone(&self.places).try_acquire_owned().expect("a place");
        let post = Draft::new("Rounds", "text").into_post(log(room));
        let (mid, (done, answer), (held, is_held)) =
            (post.mid, oneshot::channel(), watch::channel(false));
        self.outbox.push(Outgoing { post, done, held, permit });
        Handle { mid, answer, held: is_held }
    }

    /// All that may go now: mids, and what they name in `after`.
    fn sent(&mut self) -> Vec<(Mid, Option<Mid>)> {
        let mut sent = Vec::new();
        while let Some(post) = self.outbox.next(self.now) {
            sent.push((post.mid, post.after));
        }
        sent
    }

    fn answer(&mut self, room: &str, mid: Mid, answer: Result<Written, WireError>) {
        self.outbox.answer(&log(room), mid, answer, self.now);
    }

    /// The held post that is asked after now.
    fn asked(&mut self) -> Option<Mid> {
        let post = self.outbox.held.next(self.now)?;
        assert_eq!(post.after, None, "what was held stands in no order");
        Some(post.mid)
    }

    fn told(&mut self, answer: Result<Written, WireError>) {
        self.outbox.held.answer(answer, self.now);
    }
}

#[test]
fn what_is_held_is_in_nobodys_way() {
    let mut desk = Desk::new(10);
    let first = desk.post("a");
    assert_eq!(desk.sent(), [(first.mid, None)]);
    desk.answer("a", first.mid, Err(held()));
    assert!(*first.held.borrow());
    assert!(desk.outbox.is_empty(), "a buffer may hold the socket up while people think");

    let (same, next, other) = (desk.post("a"), desk.post("a"), desk.post("b"));
    let mut sent = desk.sent();
    sent.sort_unstable_by_key(|(mid, _)| {
        [same.mid, next.mid, other.mid].iter().position(|it| it == mid)
    });
    assert_eq!(sent, [(same.mid, None), (next.mid, Some(same.mid)), (other.mid, None)]);
    assert_eq!(desk.outbox.window, WINDOW);
    assert_eq!(desk.outbox.wake_at(), Some(desk.now + HELD), "no pause but its own");
    desk.answer("a", same.mid, Ok(written(2)));
    desk.answer("a", next.mid, Ok(written(3)));
    desk.answer("b", other.mid, Ok(written(2)));
    assert_eq!(desk.places.available_permits(), 9, "a held post keeps its place");
}

#[test]
fn the_same_mid_is_asked_after_at_its_own_time_until_the_answer_is_definite() {
    let mut desk = Desk::new(10);
    let mut post = desk.post("a");
    desk.sent();
    desk.answer("a", post.mid, Err(held()));
    let due = desk.now + HELD;
    desk.now += Duration::from_millis(29_999);
    assert_eq!(desk.asked(), None);
    desk.now = due;
    assert_eq!(desk.asked(), Some(post.mid));
    assert_eq!(desk.asked(), None, "once");
    // A full queue is no news of the message.
    for error in [held(), error(ErrorCode::Overloaded, Some(HELD)), error(ErrorCode::Unknown, None)]
    {
        desk.told(Err(error));
        assert!(*post.held.borrow() && post.answer.try_recv().is_err());
        assert!(desk.sent().is_empty() && desk.outbox.window == WINDOW);
        assert_eq!(desk.asked(), None);
        desk.now += HELD;
        assert_eq!(desk.asked(), Some(post.mid));
    }
    desk.told(Err(error(ErrorCode::Declined, None)));
    let declined = post.answer.try_recv().expect("definite").expect_err("declined");
    assert!(declined.is(ErrorCode::Declined));
    assert!(!*post.held.borrow());
    assert_eq!((desk.outbox.wake_at(), desk.places.available_permits()), (None, 10));
}

#[test]
fn many_held_posts_are_asked_after_one_by_one() {
    let mut desk = Desk::new(10);
    let posts: Vec<_> = (0..3).map(|_| desk.post("a")).collect();
    desk.sent();
    for post in &posts {
        desk.answer("a", post.mid, Err(held()));
    }
    desk.now += HELD;
    for post in &posts {
        assert_eq!(desk.asked(), Some(post.mid));
        assert_eq!(desk.outbox.wake_at(), None, "an answer is waited for");
        desk.told(Ok(written(2)));
        assert_eq!(desk.asked(), None, "the author's rate is for what is new");
        desk.now += Duration::from_millis(250);
    }
    assert!(posts.into_iter().all(|mut it| it.answer.try_recv().is_ok()));
}

#[test]
fn a_decision_that_was_seen_is_asked_about_at_once() {
    let mut desk = Desk::new(10);
    let (first, mut second) = (desk.post("a"), desk.post("a"));
    desk.sent();
    desk.answer("a", first.mid, Err(held()));
    desk.answer("a", second.mid, Err(held()));
    desk.outbox.held.decided(Mid::fresh(), desk.now);
    assert_eq!(desk.asked(), None);
    desk.outbox.held.decided(second.mid, desk.now);
    assert_eq!(desk.outbox.wake_at(), Some(desk.now));
    assert_eq!(desk.asked(), Some(second.mid));
    // The connection goes before the answer: the question is due at once on the next one.
    desk.outbox.disconnected();
    desk.now += Duration::from_millis(250);
    assert_eq!(desk.asked(), Some(second.mid));
    desk.told(Ok(written(5)));
    assert_eq!(second.answer.try_recv().expect("definite").expect("released"), written(5));

    desk.outbox.close(&Error::Closed(crate::error::Closed::by_app()));
    let mut first = first;
    assert!(matches!(first.answer.try_recv(), Ok(Err(Error::Closed(_)))));
    assert_eq!(desk.places.available_permits(), 10);
}

#[test]
fn a_follower_that_named_what_is_held_goes_without_it() {
    let mut desk = Desk::new(10);
    let (first, second) = (desk.post("a"), desk.post("a"));
    assert_eq!(desk.sent(), [(first.mid, None), (second.mid, Some(first.mid))]);
    desk.answer("a", first.mid, Err(held()));
    desk.answer("a", second.mid, Err(error(ErrorCode::OutOfOrder, Some(HELD))));
    assert_eq!(desk.sent(), [(second.mid, None)], "at once, and for all rooms without a pause");
    // A server that goes on saying so is given time.
    desk.answer("a", second.mid, Err(error(ErrorCode::OutOfOrder, Some(HELD))));
    assert!(desk.sent().is_empty());
}

#[test]
fn a_pause_that_is_over_wakes_nobody_while_the_window_is_full() {
    let mut desk = Desk::new(100);
    let posts: Vec<_> = (0..WINDOW).map(|_| desk.post("a")).collect();
    assert_eq!(desk.sent().len(), WINDOW);
    let wait = Some(Duration::from_millis(1));
    desk.answer("a", posts[0].mid, Err(error(ErrorCode::Overloaded, wait)));
    desk.now += Duration::from_secs(1);
    assert!(desk.sent().is_empty());
    assert_eq!(desk.outbox.wake_at(), None, "only an answer makes room");
}
