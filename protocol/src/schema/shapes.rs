//! The schemas that no derive can make: names that parse, a reply's two forms, `from`'s four.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::code::WireError;
use crate::envelope::Reply;
use crate::ids::{Lane, LogName, Mid, Position, PrincipalId, RoomId, TopicId};
use crate::join::From;
use crate::limits::SAFE_INTEGER;

/// `pong`'s body. Nobody reads it, so it may hold anything.
#[derive(JsonSchema)]
pub struct Pong {}

macro_rules! names {
    ($($name:ident $rule:expr, $about:literal;)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema = json_schema!({"description": $about, "type": "string"});
                for (key, value) in $rule {
                    schema.insert(key.to_owned(), value);
                }
                schema
            }
        }
    )*};
}

fn pattern(text: impl Into<Value>) -> [(&'static str, Value); 1] {
    [("pattern", text.into())]
}

names! {
    RoomId pattern("^[a-z0-9-]{1,64}$"), "A room's immutable slug. Never reused.";
    LogName pattern(log_pattern()),
        "The name of any log: a room, a lane of a room, a system log, a person's mailbox.";
    Mid mid_rule(),
        "A message id, minted by the sender or derived by the server: a UUID that is not nil.";
    TopicId pattern("^[a-z2-7]{25}[aeimquy4]$"),
        "A topic's identity inside its room: 16 bytes as base32.";
    PrincipalId pattern("^[a-z0-9_-]{1,64}$"), "Who acted, opaque.";
}

fn log_pattern() -> String {
    let lanes: Vec<_> = Lane::ALL.iter().map(|lane| lane.as_str()).collect();
    format!(
        "^([a-z0-9-]{{1,64}}(/({}))?|~[a-z0-9-]{{1,32}}(/[a-z0-9-]{{1,64}})?|@[a-z0-9_-]{{1,64}})$",
        lanes.join("|")
    )
}

fn mid_rule() -> [(&'static str, Value); 2] {
    let hex = |digits| format!("[0-9a-fA-F]{{{digits}}}");
    let groups = [8, 4, 4, 4, 12].map(hex).join("-");
    let nil = [8, 4, 4, 4, 12].map(|digits| "0".repeat(digits)).join("-");
    [("pattern", format!("^{groups}$").into()), ("not", json!({"const": nil}))]
}

fn whole() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": SAFE_INTEGER})
}

impl JsonSchema for From {
    fn schema_name() -> Cow<'static, str> {
        "From".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let position = generator.subschema_for::<Position>();
        json_schema!({
            "description": "Where to begin reading.",
            "oneOf": [
                {"description": "Only what comes from now on.", "const": "now"},
                {"description": "The whole log.", "const": "start"},
                {"description": "After this position.", "allOf": [position]},
                {
                    "description": "The last n entries that count as reading matter, and what stands between them.",
                    "type": "object",
                    "properties": {"last": whole()},
                    "required": ["last"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

impl JsonSchema for Reply {
    fn schema_name() -> Cow<'static, str> {
        "Reply".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let error = generator.subschema_for::<WireError>();
        json_schema!({
            "description": "Answers one command: `ok` holds what reply.<op>.json describes, or `error` says why not.",
            "type": "object",
            "properties": {"id": whole(), "ok": {"type": "object"}, "error": error},
            "required": ["id"],
            "oneOf": [{"required": ["ok"]}, {"required": ["error"]}],
        })
    }
}
