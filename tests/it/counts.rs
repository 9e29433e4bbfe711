//! How many there may be of what a command lists or a room keeps: at the limit and one past it, by the
//! numbers that `wardroom-protocol` announces.

use serde_json::{Value, json};
use wardroom_protocol::limits::{
    DIRECT, EDITS, LIST_PAGE, MENTIONS, MOVES, PINS, READ_RANGES, REASON_CHARS, TAG_CHARS, TAGS,
};

use crate::world::{Node, Probe, World, act, mid, post};

/// A post with one more field.
fn with(field: &str, value: Value) -> Value {
    let mut body = post("cardiology", "T", &mid(), "text");
    body[field] = value;
    body
}

/// A command that is taken with `most` of something, and with one more refused with this code.
async fn held(
    probe: &mut Probe,
    op: &str,
    most: usize,
    (code, field): (&str, &str),
    body: impl Fn(usize) -> Value,
) {
    let refused = probe.ask(op, body(most + 1)).await.expect_err(op);
    assert_eq!((&refused["code"], &refused["field"]), (&json!(code), &json!(field)), "{op}");
    probe.ask(op, body(most)).await.unwrap_or_else(|error| panic!("{op}, {most}: {error}"));
}

async fn bench(world: &World) -> (Node, Probe) {
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut mo = node.probe(&world.token("mo", &["moderator", "import"])).await;
    mo.create("cardiology").await;
    (node, mo)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_lists_so_many() {
    let world = World::new();
    let (node, mut mo) = bench(&world).await;
    let mut people = Vec::new();
    for number in 0..=MENTIONS.max(DIRECT) {
        let mut probe = Probe::open(&node.socket).await;
        let greeting = probe.hello(&world.token(&format!("p{number}"), &[])).await;
        people.push(greeting["principal"]["id"].clone());
    }
    let mut mids = Vec::new();
    for _ in 0..=MOVES.max(READ_RANGES * 2) {
        let mid = mid();
        mo.ask("message.post", post("cardiology", "T", &mid, "text")).await.unwrap();
        mids.push(mid);
    }
    held(&mut mo, "message.post", MENTIONS, ("too_large", "/d/mentions"), |count| {
        with("mentions", json!(people[..count]))
    })
    .await;
    held(&mut mo, "message.post", TAGS, ("too_large", "/d/tags"), |count| {
        with("tags", json!(vec!["t"; count]))
    })
    .await;
    held(&mut mo, "message.post", TAG_CHARS, ("too_large", "/d/tags"), |count| {
        with("tags", json!(["ä".repeat(count)]))
    })
    .await;
    held(&mut mo, "topic.move", MOVES, ("too_large", "/d/of"), |count| {
        act(json!({ "of": mids[..count], "to": "elsewhere" }))
    })
    .await;
    held(&mut mo, "message.report", REASON_CHARS, ("too_large", "/d/reason"), |count| {
        act(json!({ "of": mids[0], "reason": "ä".repeat(count) }))
    })
    .await;
    // A founder is one of them.
    held(&mut mo, "room.create", DIRECT - 1, ("too_many", "/d/with"), |count| {
        let with = &people[..count];
        json!({ "room": "dm", "mid": mid(), "title": "T", "class": "direct", "with": with })
    })
    .await;
    held(&mut mo, "read.mark", READ_RANGES, ("too_many", "/d/ranges"), |count| {
        let ranges: Vec<_> = (0..count).map(|number| [2 * number + 1, 2 * number + 1]).collect();
        act(json!({ "ranges": ranges }))
    })
    .await;
    for op in ["rooms", "topics"] {
        let most = usize::try_from(LIST_PAGE).unwrap();
        held(&mut mo, op, most, ("bad_request", "/d/limit"), |count| match op {
            "topics" => json!({ "room": "cardiology", "limit": count }),
            _ => json!({ "limit": count }),
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_keeps_so_many() {
    let world = World::new();
    let (_node, mut mo) = bench(&world).await;
    let mut mids = Vec::new();
    for _ in 0..=PINS {
        let mid = mid();
        mo.ask("message.post", post("cardiology", "T", &mid, "text")).await.unwrap();
        mids.push(mid);
    }
    for of in &mids[..PINS] {
        mo.ask("message.pin", act(json!({ "of": of }))).await.unwrap();
    }
    let past = &mids[PINS];
    let refused = mo.ask("message.pin", act(json!({ "of": past }))).await.unwrap_err();
    assert_eq!((&refused["code"], &refused["field"]), (&json!("too_many"), &json!("/d/of")));
    assert!(refused["message"].as_str().unwrap().contains(&PINS.to_string()), "{refused}");
    mo.ask("message.unpin", act(json!({ "of": mids[0] }))).await.unwrap();
    mo.ask("message.pin", act(json!({ "of": past }))).await.expect("one for another");

    for number in 0..EDITS {
        let edit = act(json!({ "of": mids[1], "body": format!("edit {number}") }));
        mo.ask("message.edit", edit).await.unwrap();
    }
    let edit = act(json!({ "of": mids[1], "body": "one more" }));
    let refused = mo.ask("message.edit", edit).await.unwrap_err();
    assert_eq!((&refused["code"], &refused["field"]), (&json!("too_many"), &json!("/d/of")));
}
