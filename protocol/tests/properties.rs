//! What holds for every input: names come back as they went, and no bytes make a decoder panic.
//! proptest prints the input that fails, in its smallest form.
#![allow(clippy::unwrap_used, reason = "a property that does not hold fails there")]

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wardroom_protocol::envelope::{Command, ServerFrame, depth};
use wardroom_protocol::ids::{LogName, Mid, Position, PrincipalId, RoomId, TopicId};
use wardroom_protocol::join::{From, Join};
use wardroom_protocol::limits::JSON_DEPTH;
use wardroom_protocol::message::{Post, Redact};

fn back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(it: &T) {
    let text = serde_json::to_string(it).unwrap();
    let again: T = serde_json::from_str(&text).unwrap();
    assert_eq!(&again, it, "{text}");
}

/// JSON of any shape, up to some twenty levels deep.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        r#"[\[\]{}"\\]{0,8}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(20, 80, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((r#"[a-z\[{"\\]{0,4}"#, inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn nesting(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nesting).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(nesting).max().unwrap_or(0),
        _ => 0,
    }
}

/// Text that looks like a frame, cut and mixed.
fn nearly_a_frame() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(r#"{"id":"#.to_owned()),
        Just(r#""op":"message.post""#.to_owned()),
        Just(r#","d":{"#.to_owned()),
        Just(r#""room":"cardiology""#.to_owned()),
        Just(r#""seq":1,"epoch":2"#.to_owned()),
        Just(r#""ok":{},"error":null"#.to_owned()),
        any::<u64>().prop_map(|number| number.to_string()),
        r#"[\[\]{},:"\\ ]{0,6}"#,
        ".{0,6}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn rooms_come_back(text in "[a-z0-9-]{1,64}") {
        let room: RoomId = text.parse().unwrap();
        prop_assert_eq!(room.as_str(), &text);
        prop_assert_eq!(room.to_string(), text);
        back(&room);
        back(&room.log());
        prop_assert_eq!(room.log().room(), Some(room));
    }

    #[test]
    fn logs_come_back(text in prop_oneof![
        "[a-z0-9-]{1,64}",
        "[a-z0-9-]{1,64}/moderators",
        "~[a-z0-9-]{1,32}",
        "~[a-z0-9-]{1,32}/[a-z0-9-]{1,64}",
        "@[a-z0-9_-]{1,64}",
    ]) {
        let log: LogName = text.parse().unwrap();
        prop_assert_eq!(log.to_string(), text);
        back(&log);
    }

    #[test]
    fn mids_topics_and_people_come_back(bytes: [u8; 16]) {
        if let Ok(mid) = Mid::from_bytes(bytes) {
            back(&mid);
            prop_assert_eq!(mid.to_string().parse::<Mid>().unwrap(), mid);
            prop_assert_eq!(*mid.as_bytes(), bytes);
        }
        let topic = TopicId::from_bytes(bytes);
        back(&topic);
        prop_assert_eq!(topic.to_string().parse::<TopicId>().unwrap(), topic);
        let person = PrincipalId::from_hash(bytes);
        back(&person);
        let mailbox: LogName = format!("@{person}").parse().unwrap();
        back(&mailbox);
    }

    #[test]
    fn no_text_makes_a_name_panic_and_what_parses_comes_back(text in ".{0,80}") {
        if let Ok(it) = text.parse::<RoomId>() { back(&it); }
        if let Ok(it) = text.parse::<LogName>() { back(&it); let _ = (it.kind(), it.room()); }
        if let Ok(it) = text.parse::<Mid>() { back(&it); }
        if let Ok(it) = text.parse::<TopicId>() { back(&it); }
        if let Ok(it) = text.parse::<PrincipalId>() { back(&it); }
    }

    #[test]
    fn from_comes_back(epoch: u64, seq: u64, last: u64) {
        for from in [
            From::Position(Position::new(epoch, seq)),
            From::Last(last),
            From::Now,
            From::Start,
        ] {
            let text = serde_json::to_string(&from).unwrap();
            prop_assert_eq!(serde_json::from_str::<From>(&text).unwrap(), from);
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = (depth(&bytes), Command::decode(&text).is_ok(), ServerFrame::decode(&text).is_ok());
    }

    #[test]
    fn no_cut_frame_makes_a_decoder_panic(text in nearly_a_frame()) {
        if let Ok(command) = Command::decode(&text) {
            let _ = (command.body::<Post>().is_ok(), command.body::<Join>().is_ok());
        }
        let _ = ServerFrame::decode(&text).is_ok();
    }

    #[test]
    fn depth_is_that_of_the_value(value in json()) {
        let plain = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(depth(plain.as_bytes()), nesting(&value), "{}", plain);
        let spaced = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(depth(spaced.as_bytes()), nesting(&value), "{}", spaced);
    }

    #[test]
    fn any_body_within_the_depth_gets_an_envelope(id in 0..=(1_u64 << 53) - 1, value in json()) {
        let text = serde_json::json!({"id": id, "op": "pong", "d": value}).to_string();
        match Command::decode(&text) {
            Ok(command) => prop_assert_eq!(command.id, Some(id)),
            Err(_) => prop_assert!(1 + nesting(&value) > JSON_DEPTH, "{}", text),
        }
    }

    /// Whatever stands where it should not, the error names the rule and never repeats the input.
    #[test]
    fn an_error_repeats_nothing(
        canary in "[A-Z]{3}canary[`'\" a-z]{0,20}",
        place in 0..8_usize,
        prefix in prop_oneof![
            Just(""), Just("missing field `"), Just("duplicate field `"), Just("a mid is `"),
        ],
    ) {
        let word = format!("{prefix}{canary}");
        let mid = "01941f29-7c00-7fc5-9aec-c9f1a92468c8";
        let mut d = serde_json::json!({"room": "a", "mid": mid, "of": mid, "reason": "x"});
        let fields = ["room", "mid", "of"];
        match fields.get(place) {
            Some(field) => d[*field] = Value::from(word.as_str()),
            None if place == 3 => d = Value::from(word.as_str()),
            None if place == 4 => d["reason"] = serde_json::json!({word.as_str(): 1}),
            None if place == 5 => d["reason"] = serde_json::json!([word]),
            None => d[word.as_str()] = Value::from(1),
        }
        let text = serde_json::json!({"id": 1, "op": "message.redact", "d": d}).to_string();
        let command = Command::decode(&text).unwrap();
        let error = command.body::<Redact>().unwrap_err();
        let told = serde_json::to_string(&error).unwrap();
        prop_assert!(!told.contains("canary"), "{}", told);
    }
}
