//! Texts that are no envelopes of `wardroom.v1`.

use super::case::Case;

pub(super) fn cases() -> Vec<Case> {
    let text = Case::text;
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
        format!(r#"{{"id":1,"op":"rooms","d":{{"x":{open}{close}}}}}"#)
    };
    vec![
        text("empty", ""),
        text("not-json", "hello"),
        text("not-an-object", "[]"),
        text("two-objects", r#"{"id":1,"op":"rooms"}{"id":2,"op":"rooms"}"#),
        text("byte-order-mark", "\u{feff}{\"id\":1,\"op\":\"rooms\"}"),
        text("op-missing", r#"{"id":1}"#),
        text("op-not-text", r#"{"id":1,"op":7}"#),
        text("op-lone-surrogate", r#"{"id":1,"op":"\ud800"}"#),
        text("id-negative", r#"{"id":-1,"op":"rooms"}"#),
        text("id-fraction", r#"{"id":1.5,"op":"rooms"}"#),
        text("id-text", r#"{"id":"1","op":"rooms"}"#),
        text("id-above-2-53", r#"{"id":9007199254740992,"op":"rooms"}"#),
        text("id-huge", r#"{"id":1e400,"op":"rooms"}"#),
        text("field-twice", r#"{"id":1,"id":2,"op":"rooms"}"#),
        text("field-unknown", r#"{"id":1,"op":"rooms","extra":true}"#),
        text("body-cut", r#"{"id":1,"op":"rooms","d":{}"#),
        text("nested-17-deep", &nested(17)),
        text("nested-200-deep", &nested(200)),
        text("nested-thousands-deep", &"[".repeat(60_000)),
    ]
}
