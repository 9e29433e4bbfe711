//! The committed schemas are those of the types, every op has its own, and they say of each golden
//! frame what the code says of it.
//!
//! After a change on purpose: `WARDROOM_BLESS=1 cargo test -p wardroom-protocol --lib`, then read the
//! difference.
//!
//! These are unit tests because the module exists for them without the feature `schema`: they run in
//! the workspace's ordinary test command, and the server built beside them knows no schema.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use jsonschema::Validator;
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::*;
use crate::ids::{LogName, Mid, PrincipalId, RoomId, TopicId};
use crate::join::From;
use crate::op::{Kind, OPS};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema")
}

fn committed() -> BTreeMap<String, String> {
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn the_committed_files_are_what_the_types_say() {
    let made: BTreeMap<_, _> = documents()
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_string_pretty(&schema).unwrap() + "\n"))
        .collect();
    if env::var_os("WARDROOM_BLESS").is_some() {
        for name in committed().keys() {
            fs::remove_file(folder().join(format!("{name}.json"))).unwrap();
        }
        for (name, text) in &made {
            fs::write(folder().join(format!("{name}.json")), text).unwrap();
        }
    }
    let there = committed();
    let names = |of: &BTreeMap<String, String>| of.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&there), names(&made), "see the head of protocol/src/schema/tests.rs");
    for (name, text) in made {
        assert_eq!(there[&name], text, "{name}: see the head of protocol/src/schema/tests.rs");
    }
}

#[test]
fn every_op_of_the_registry_has_its_schema_and_no_other_has() {
    let mut expected = BTreeSet::new();
    for op in OPS {
        let kinds = match op.kind {
            // What the registry says of an op is what a reader of SPEC.md is told.
            Kind::Command if op.about.ends_with("No reply.") => &["command"][..],
            Kind::Command => &["command", "reply"],
            // A mailbox holds facts about other logs, and no words.
            Kind::Entry if op.whose == "a mailbox" => &["facts"],
            Kind::Entry => &["facts", "words"],
            Kind::Signal => &["signal"],
            Kind::Notice => &["notice"],
        };
        expected.extend(kinds.iter().map(|kind| format!("{kind}.{}", op.name)));
    }
    for frame in ["command", "reply", "entry", "signal", "notice"] {
        expected.insert(format!("frame.{frame}"));
    }
    assert_eq!(documents().into_keys().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn all_are_draft_2020_12_with_a_relative_id_and_words_for_people() {
    for (name, schema) in documents() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        assert_eq!(schema["$id"], format!("{name}.json"));
        assert!(schema["description"].is_string(), "{name} has no description");
        assert!(jsonschema::meta::is_valid(&schema), "{name} is no schema");
        let nameless: Vec<_> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, field)| field.get("description").is_none() && name != "frame.reply")
            .collect();
        assert!(nameless.is_empty(), "{name}: {nameless:?}");
    }
}

#[test]
fn what_the_server_sends_is_open_and_never_null() {
    let mut closed = 0;
    for (name, schema) in documents() {
        let text = schema.to_string();
        let client = name.starts_with("command.") || name == "frame.command";
        let strict = text.contains("\"additionalProperties\":false");
        closed += usize::from(strict);
        assert_eq!(strict, client && name != "command.pong", "{name}");
        assert!(client || !text.contains("\"null\""), "{name}");
    }
    assert!(closed >= 12, "only {closed} commands were looked at");
}

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    direction: String,
    frame: String,
    answers: Option<String>,
    reject: Option<Value>,
}

fn vectors() -> Vec<Vector> {
    [
        include_str!("../../vectors/client.json"),
        include_str!("../../vectors/server.json"),
        include_str!("../../vectors/boundary.json"),
        include_str!("../../vectors/reject.json"),
    ]
    .into_iter()
    .flat_map(|text| serde_json::from_str::<File>(text).unwrap().vectors)
    .collect()
}

/// The schemas as a reader has them: from the files, each by itself, with nothing to fetch.
struct Shelf(BTreeMap<String, Validator>);

impl Shelf {
    fn new() -> Self {
        let read = |(name, text): (String, String)| {
            let schema: Value = serde_json::from_str(&text).unwrap();
            let validator = jsonschema::draft202012::new(&schema);
            (name.clone(), validator.unwrap_or_else(|error| panic!("{name}: {error}")))
        };
        Self(committed().into_iter().map(read).collect())
    }

    /// What is wrong with a value; nothing if it fits.
    fn wrong(&self, name: &str, value: &Value) -> Vec<String> {
        let schema = self.0.get(name).unwrap_or_else(|| panic!("there is no schema {name}"));
        schema.iter_errors(value).map(|error| format!("{name}: {error}")).collect()
    }

    /// The one kind of server frame that a value fits.
    fn kind(&self, frame: &Value) -> Option<&'static str> {
        let kinds = ["reply", "entry", "signal", "notice"];
        let mut fits =
            kinds.into_iter().filter(|kind| self.0[&format!("frame.{kind}")].is_valid(frame));
        let kind = fits.next();
        assert_eq!(fits.next(), None, "a frame of two kinds: {frame}");
        kind
    }

    /// A frame and what stands in it.
    fn judge(&self, vector: &Vector) -> Result<(), Vec<String>> {
        let frame: Value =
            serde_json::from_str(&vector.frame).map_err(|error| vec![error.to_string()])?;
        let known = |name: &str| OPS.iter().any(|op| name.ends_with(&format!(".{}", op.name)));
        let op = frame["op"].as_str().unwrap_or_default().to_owned();
        let mut wrong = Vec::new();
        let mut parts: Vec<(String, &Value)> = Vec::new();
        let empty = Value::Object(Map::new());
        if vector.direction == "client" {
            wrong.extend(self.wrong("frame.command", &frame));
            parts.push((format!("command.{op}"), frame.get("d").unwrap_or(&empty)));
        } else {
            match self.kind(&frame) {
                None => wrong.push("no frame of a server".to_owned()),
                Some("reply") => {
                    let op = vector.answers.as_deref().unwrap_or_default();
                    let ok = frame.get("ok").into_iter();
                    parts.extend(ok.map(|ok| (format!("reply.{op}"), ok)));
                }
                Some("entry") => {
                    parts.push((format!("facts.{op}"), &frame["d"]));
                    parts.extend(frame.get("w").map(|words| (format!("words.{op}"), words)));
                }
                Some(kind) => {
                    parts.push((format!("{kind}.{op}"), frame.get("d").unwrap_or(&empty)));
                }
            }
        }
        for (name, value) in parts.iter().filter(|(name, _)| known(name)) {
            wrong.extend(self.wrong(name, value));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// What the code refuses and a schema cannot know: a field that stands twice is one field to a
/// reader of JSON values, and a schema counts no levels.
const UNSEEN: [&str; 4] = ["id twice", "d twice", "a field twice", "nested seventeen deep"];

#[test]
fn the_schemas_say_of_every_golden_frame_what_the_code_says() {
    let shelf = Shelf::new();
    let mut unseen = BTreeSet::new();
    for vector in vectors() {
        let name = &vector.name;
        match (shelf.judge(&vector), &vector.reject) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some(_)) => assert!(unseen.insert(name.clone()), "{name}"),
            (Err(wrong), None) => panic!("{name}: {wrong:#?}"),
        }
    }
    assert_eq!(unseen, UNSEEN.map(ToOwned::to_owned).into());
}

/// Whether the schema of a type, alone, says of a value what the type's own parser says.
fn agree<T: JsonSchema + DeserializeOwned>(value: &Value) {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    let fits = jsonschema::draft202012::new(schema.as_value()).unwrap().is_valid(value);
    assert_eq!(fits, serde_json::from_value::<T>(value.clone()).is_ok(), "{value}");
}

/// Text that is a name, or nearly one.
fn nearly_a_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9_-]{0,3}",
        "[a-z0-9-]{62,66}",
        "[a-c/~@-]{1,5}",
        "[a-z]{1,3}/moderators?",
        "~[a-z]{31,33}",
        "~[a-z]{1,3}/[a-z]{0,65}",
        "@[a-z_]{62,66}",
        "[a-z2-7]{25,27}",
        "[a-z]{25}[2-8]",
        "[0-9a-fA-F]{7,9}-[0-9a-f]{4}-[0-9a-g]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "0{8}-0{4}-0{4}-0{4}-0{11}[01]",
        "[0-9a-f]{32}",
        "[A-Za-z\n ]{0,4}",
    ]
}

proptest! {
    #[test]
    fn a_name_fits_its_pattern_exactly_when_it_parses(text in nearly_a_name()) {
        let value = Value::from(text);
        agree::<RoomId>(&value);
        agree::<LogName>(&value);
        agree::<Mid>(&value);
        agree::<TopicId>(&value);
        agree::<PrincipalId>(&value);
    }
}

#[test]
fn from_fits_exactly_when_it_reads() {
    for text in [
        r#""now""#,
        r#""start""#,
        r#""end""#,
        r#"{"last":0}"#,
        r#"{"last":-1}"#,
        "{}",
        "7",
        "null",
        r#"{"epoch":1,"seq":2}"#,
        r#"{"epoch":1}"#,
        r#"{"epoch":1,"seq":2,"last":3}"#,
        r#"{"last":1,"more":1}"#,
    ] {
        agree::<From>(&serde_json::from_str(text).unwrap());
    }
}
