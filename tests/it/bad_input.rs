//! Promise 10: bad input costs the sender an error with a stable code, never anyone else anything.
//!
//! `protocol/BAD_INPUT.md` says what each bad input gets. Here every row of it is done.

mod bodies;
mod case;
mod document;
mod envelopes;
mod frames;
mod handshake;
mod hello;
mod stage;

use std::collections::BTreeSet;

use case::Case;
use stage::{Outcome, Stage};
use wardroom_protocol::code::{CloseCode, ErrorCode};

use crate::world::{Raw, upgrade};

fn cases() -> Vec<Case> {
    let all =
        [handshake::cases(), frames::cases(), envelopes::cases(), hello::cases(), bodies::cases()];
    all.into_iter().flatten().collect()
}

#[test]
fn every_row_has_a_case_and_every_case_a_row() {
    let rows: Vec<_> = document::rows().iter().map(|row| row.name).collect();
    let cases: Vec<_> = cases().iter().map(|case| case.name).collect();
    let set = |names: &[&'static str]| names.iter().copied().collect::<BTreeSet<_>>();
    let (told, done) = (set(&rows), set(&cases));
    assert_eq!(told, done, "rows of protocol/BAD_INPUT.md on the left, cases on the right");
    assert_eq!((told.len(), done.len()), (rows.len(), cases.len()), "a name stands twice");
    assert!(told.len() >= 100, "the document was read");
}

/// What only a room's own rules refuse is shown by the tests of these rules.
const BY_RULES: [&str; 8] = [
    "announcement_over",
    "declined",
    "last_owner",
    "message_gone",
    "room_archived",
    "too_many",
    "topic_exists",
    "unknown_person",
];

#[test]
fn every_code_for_bad_input_is_in_the_table() {
    let answers: Vec<_> = document::rows().iter().map(|row| row.answer).collect();
    let told =
        |word: &str| answers.iter().any(|answer| answer.split([' ', ',']).any(|it| it == word));
    for code in ErrorCode::ALL.iter().filter(|code| !code.retryable()) {
        let by_rules = BY_RULES.contains(&code.name());
        assert!(told(code.name()) != by_rules, "{}", code.name());
    }
    // Not the peer's doing: a good end, a bug of the server, a node that goes away, or is full.
    let ours = [1000, 1011, 4000, 4102];
    for code in CloseCode::ALL.iter().filter(|code| !ours.contains(&code.number())) {
        assert!(told(code.name()), "{}", code.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_costs_its_sender_what_the_table_says_and_nobody_else_anything() {
    let mut stage = Box::pin(Stage::set()).await;
    let cases = cases();
    let mut wrong = Vec::new();
    for row in document::rows() {
        let case = cases.iter().find(|case| case.name == row.name).expect("a case for each row");
        stage.talk.on().await;
        let Some(outcome) = case.play(&stage).await else { continue };
        let expected = Outcome { answer: row.answer.into(), connection: row.connection };
        if outcome != expected {
            wrong.push(format!("{}: {outcome:?}, the document says {expected:?}", row.name));
        }
        stage.talk.on().await;
        assert_eq!(stage.node.get("/readyz").await.0, 200, "after {}", row.name);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert_eq!(stage.node.metric("wardroom_panics_total").await, 0);
    // Of all who came only the two are left.
    stage.node.until_metric("wardroom_connections", 2).await;
    assert!(stage.node.stop().success());
}

/// The other side of the table: what looks foreign and is not.
#[tokio::test(flavor = "multi_thread")]
async fn the_nodes_own_page_and_programs_without_an_origin_may_connect() {
    let stage = Box::pin(Stage::set()).await;
    let own = [format!("origin: {}\r\n", stage.node.url), String::new()];
    for headers in &own {
        let mut raw = Raw::connect(&stage.node).await;
        raw.send(upgrade(headers).as_bytes()).await;
        assert!(raw.head().await.unwrap().starts_with("HTTP/1.1 101"), "{headers}");
        raw.hello(&stage.world.token("own", &[])).await;
    }
}
