//! Tokens by themselves: which one speaks, and what is left when one is not believed.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wardroom_protocol::code::ErrorCode;

use super::*;
use crate::error::Closed;

fn limits() -> wardroom_protocol::limits::Limits {
    let limits = r#"{"frame_bytes":65536,"json_depth":16,"logs":128,"history_page":200}"#;
    serde_json::from_str(limits).expect("limits")
}

fn greeting(expires_at: u64) -> Greeting {
    let text = format!(
        r#"{{"connection":"c","principal":{{"id":"me","card":{{"name":"Robin Example"}}}},"node":"n",
            "now":1000000,"ping_ms":25000,"expires_at":{expires_at},"rooms":{{}},
            "limits":{{"frame_bytes":65536,"json_depth":16,"logs":128,"history_page":200}}}}"#
    );
    serde_json::from_str(&text).expect("a greeting")
}

fn refreshed(expires_at: u64) -> Refreshed {
    Refreshed { expires_at, limits: limits() }
}

fn provided(token: &str) -> Newer {
    Newer { token: Token::new(token), giver: None }
}

/// A token that an app gave, and what it hears.
fn given(token: &str) -> (Newer, oneshot::Receiver<Result<Refreshed>>) {
    let permit = Arc::new(Semaphore::new(1)).try_acquire_owned().expect("a place");
    let (done, answer) = oneshot::channel();
    (Newer { token: Token::new(token), giver: Some(Giver { done, permit }) }, answer)
}

fn invalid() -> WireError {
    WireError::new(ErrorCode::TokenInvalid, "no")
}

/// One that has said hello with its first token, which has 100 seconds left.
fn greeted(now: Instant) -> Tokens {
    let mut tokens = Tokens::new(Token::new("first"));
    tokens.greeted(&greeting(1_100_000), now);
    tokens
}

#[test]
fn a_newer_token_is_offered_and_speaks_once_it_is_taken() {
    let now = Instant::now();
    let mut tokens = greeted(now);
    let (newer, mut told) = given("second");
    assert!(tokens.renew(newer));
    assert_eq!(tokens.next(now).expect("an offer").token.expose(), "second");
    assert!(tokens.next(now).is_none(), "one at a time");
    // A busy server is asked again, after the time it names.
    let busy = WireError::new(ErrorCode::RateLimited, "no").after_ms(70);
    tokens.answer(Err(busy), now);
    let later = now + Duration::from_millis(70);
    assert_eq!(tokens.wake_at(), Some(later));
    assert!(tokens.next(now).is_none() && tokens.next(later).is_some());
    // A cut: the offer is made again, by the next hello.
    tokens.disconnected();
    assert_eq!(tokens.speaking().expose(), "second");
    tokens.greeted(&greeting(9_000_000), later);
    assert_eq!(told.try_recv().expect("an answer").expect("taken"), refreshed(9_000_000));
    assert_eq!(tokens.speaking().expose(), "second");
    assert!(tokens.next(later).is_none());
}

#[test]
fn a_newer_token_that_is_refused_changes_nothing() {
    let now = Instant::now();
    let mut tokens = greeted(now);
    let (newer, mut told) = given("wrong");
    tokens.renew(newer);
    tokens.next(now);
    tokens.answer(Err(invalid()), now);
    assert!(matches!(told.try_recv(), Ok(Err(Error::Refused(_)))));
    assert_eq!(tokens.speaking().expose(), "first");

    // The same in a hello: the one before is still good.
    let (newer, mut told) = given("wrong");
    tokens.renew(newer);
    assert_eq!(tokens.refused(Error::Refused(invalid()), now), Left::Another);
    assert!(matches!(told.try_recv(), Ok(Err(Error::Refused(_)))));
    assert_eq!(tokens.speaking().expose(), "first");
}

#[test]
fn a_token_is_over_when_its_time_is_or_when_the_server_says_so() {
    let now = Instant::now();
    let mut tokens = greeted(now);
    let nearly = now + Duration::from_secs(97);
    assert!(!tokens.is_over(nearly) && tokens.is_over(now + Duration::from_secs(98)));
    assert_eq!(tokens.ended(), Left::Provider);
    assert!(tokens.is_over(now));
    tokens.renew(provided("second"));
    assert!(!tokens.is_over(now));
    assert_eq!(tokens.ended(), Left::Another);
    // What a provider just gave and nobody believes ends it; what an app gave does not.
    assert_eq!(tokens.refused(Error::Refused(invalid()), now), Left::Nothing);
    tokens.renew(given("third").0);
    assert_eq!(tokens.refused(Error::Refused(invalid()), now), Left::Provider);
}

#[test]
fn an_end_is_told_once_and_a_token_that_is_here_is_no_news() {
    let now = Instant::now();
    let mut tokens = greeted(now);
    tokens.expires();
    assert!(tokens.take_expiring() && !tokens.take_expiring());
    assert!(!tokens.renew(provided("first")));
    assert!(tokens.renew(provided("second")) && !tokens.renew(provided("second")));
    tokens.expires();
    assert!(!tokens.take_expiring(), "a newer one is on its way");
    tokens.next(now);
    tokens.answer(Ok(refreshed(u64::MAX)), now);
    assert!(!tokens.is_over(now + Duration::from_hours(1)), "a far future is no overflow");

    let (newer, mut told) = given("third");
    tokens.renew(newer);
    tokens.close(&Error::Closed(Closed::by_app()));
    assert!(matches!(told.try_recv(), Ok(Err(Error::Closed(_)))));
}
