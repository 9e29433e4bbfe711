//! Commands that are none, or not this person's.

use serde_json::{Value, json};

use super::case::Case;
use super::stage::Stage;
use crate::world::{mid, post};

/// A post that is good but for one field.
fn posting(name: &'static str, field: &'static str, value: Value) -> Case {
    Case::command(name, "message.post", move |_| Stage::post_with(field, value.clone()))
}

/// A command with a body as it is.
fn fixed(name: &'static str, op: &'static str, body: Value) -> Case {
    Case::command(name, op, move |_| body.clone())
}

/// A post written out, where JSON of today's libraries would not go wrong.
fn written(name: &'static str, field: &str) -> Case {
    let mid = mid();
    Case::text(
        name,
        &format!(
            r#"{{"id":1,"op":"message.post","d":{{"room":"oncology","topic":"T","mid":"{mid}",{field}}}}}"#
        ),
    )
}

fn found(room: &str) -> Value {
    json!({ "room": room, "mid": mid(), "title": "T", "class": "discussion" })
}

fn redact(stage: &Stage) -> Value {
    json!({ "room": "oncology", "mid": mid(), "of": stage.taken, "reason": "r" })
}

fn edit(of: &str) -> Value {
    json!({ "room": "oncology", "mid": mid(), "of": of, "body": "better" })
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = shapes();
    cases.extend(meanings());
    cases
}

/// What no rule is asked about.
fn shapes() -> Vec<Case> {
    let wide = |fields: u32| -> Value {
        let all = (0..fields).map(|number| (format!("f{number}"), json!(0)));
        all.collect::<serde_json::Map<_, _>>().into()
    };
    vec![
        fixed("op-unknown", "room.destroy", json!({})),
        fixed("body-empty", "message.post", json!({})),
        fixed("body-not-an-object", "message.post", json!([])),
        posting("body-unknown-field", "surprise", json!(1)),
        written("body-field-twice", r#""body":"b","room":"oncology""#),
        fixed("body-wide", "message.post", wide(6_000)),
        fixed("body-of-100000-fields", "message.post", wide(100_000)),
        written("body-lone-surrogate", r#""body":"\ud83d""#),
        Case::text("body-number-huge", r#"{"id":1,"op":"rooms","d":{"limit":1e400}}"#),
        fixed("body-number-fraction", "rooms", json!({ "limit": 1.5 })),
        Case::text("body-without-id", r#"{"op":"message.post","d":{"room":7}}"#),
        posting("mid-not-a-uuid", "mid", json!("x")),
        posting("mid-nil", "mid", json!("00000000-0000-0000-0000-000000000000")),
        posting("kind-unknown", "kind", json!("poem")),
        posting("room-not-a-name", "room", json!("Oncology")),
        posting("text-blank", "body", json!(" \n ")),
        posting("text-with-nul", "body", json!("a\u{0}b")),
        posting("name-with-a-line-break", "topic", json!("a\nb")),
        posting("name-too-long", "topic", json!("t".repeat(201))),
        Case::command("reason-too-long", "message.report", |stage| {
            let reason = "r".repeat(2_001);
            json!({ "room": "oncology", "mid": mid(), "of": stage.taken, "reason": reason })
        }),
        posting("tag-blank", "tags", json!(["ok", ""])),
        posting("tags-too-many", "tags", json!(vec!["t"; 17])),
        posting("markup", "body", json!("<script>alert(1)</script> [x](javascript:alert(1))")),
        fixed("join-from-nowhere", "join", json!({ "room": "oncology", "from": "yesterday" })),
        fixed("history-page-empty", "history", json!({ "room": "oncology", "limit": 0 })),
        fixed("history-page-too-large", "history", json!({ "room": "oncology", "limit": 201 })),
        fixed(
            "history-both-ways",
            "history",
            json!({ "room": "oncology", "after": { "epoch": 0, "seq": 0 }, "before": { "epoch": 0, "seq": 0 } }),
        ),
        fixed(
            "position-negative",
            "history",
            json!({ "room": "oncology", "after": { "epoch": 0, "seq": -1 } }),
        ),
    ]
}

/// What a rule refuses.
fn meanings() -> Vec<Case> {
    vec![
        Case::after(&[], "mid-reused", |_| {
            let mid = mid();
            [
                ("message.post", post("oncology", "T", &mid, "this")),
                ("message.post", post("oncology", "T", &mid, "that")),
            ]
        }),
        Case::command("mid-taken", "message.post", |stage| {
            Stage::post_with("mid", json!(stage.taken))
        }),
        posting("room-unknown", "room", json!("nowhere")),
        fixed("room-of-the-server", "join", json!({ "room": "~identity" })),
        posting("room-is-a-lane", "room", json!("oncology/moderators")),
        posting("reply-to-nothing", "reply_to", json!(mid())),
        posting("after-nothing", "after", json!(mid())),
        Case::command("edit-of-nothing", "message.edit", |_| edit(&mid())),
        Case::command("edit-of-somebody-elses", "message.edit", |stage| edit(&stage.taken)),
        Case::command(
            "react-to-nothing",
            "message.react",
            |_| json!({ "room": "oncology", "mid": mid(), "of": mid(), "reaction": "thanks" }),
        ),
        Case::command(
            "reaction-unknown",
            "message.react",
            |stage| json!({ "room": "oncology", "mid": mid(), "of": stage.taken, "reaction": "shrug" }),
        ),
        Case::command_by(&["moderator"], "topic-unknown", "topic.rename", |_| {
            let topic = "nbswy3dpfqqho33snrscclbaii";
            json!({ "room": "oncology", "mid": mid(), "topic": topic, "name": "N" })
        }),
        Case::command("hide-without-the-role", "message.hide", redact),
        Case::command_by(
            &["moderator"],
            "redact-nothing",
            "message.redact",
            |_| json!({ "room": "oncology", "mid": mid(), "of": mid(), "reason": "r" }),
        ),
        Case::command("redact-without-the-role", "message.redact", redact),
        Case::command("create-without-the-role", "room.create", |_| found("nephrology")),
        Case::command_by(&["moderator"], "create-a-room-that-exists", "room.create", |_| {
            found("oncology")
        }),
        posting("import-without-the-role", "origin", json!({ "author": "somebody" })),
        fixed("lane-without-the-role", "join", json!({ "room": "oncology/moderators" })),
        Case::after(&["moderator"], "role-lost", |stage| {
            let token = stage.world.token("role-lost", &[]);
            [("refresh", json!({ "token": token })), ("message.redact", redact(stage))]
        }),
        fixed("leave-what-was-not-joined", "leave", json!({ "room": "oncology" })),
        Case::test("join-too-many", "limits", "a_connection_follows_128_logs"),
        fixed(
            "position-of-another-room",
            "history",
            json!({ "room": "oncology", "after": { "epoch": 12, "seq": 1 } }),
        ),
        Case::test("too-fast", "limits", "a_person_sends_20_messages_a_second_and_40_at_once"),
    ]
}
