//! Plays the golden frames of `vectors/` (what they are is in `vectors/README.md`), and reads the
//! transcripts of `SPEC.md`.
#![allow(
    clippy::unwrap_used,
    reason = "a vector that does not read has failed, and the panic says where"
)]

mod typed;

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};
use wardroom_protocol::envelope::{self, Command, EnvelopeError, ServerFrame};
use wardroom_protocol::op::{Kind, OPS};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    direction: String,
    frame: String,
    #[serde(default)]
    expect: Value,
    /// Replies: the op they answer.
    #[serde(default)]
    answers: Option<String>,
    /// Server frames that hold what this version does not know: they decode, but are not encoded.
    #[serde(default)]
    newer: bool,
    #[serde(default)]
    reject: Option<Value>,
}

const FILES: [(&str, &str); 4] = [
    ("client.json", include_str!("../vectors/client.json")),
    ("server.json", include_str!("../vectors/server.json")),
    ("boundary.json", include_str!("../vectors/boundary.json")),
    ("reject.json", include_str!("../vectors/reject.json")),
];

const FOLD: &str = include_str!("../vectors/fold.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Folds {
    #[serde(rename = "about")]
    _about: String,
    vectors: Vec<FoldVector>,
}

/// A log and what is to be shown of it. The server's fold and each client's play it; here it is only
/// looked at as frames.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FoldVector {
    name: String,
    entries: Vec<String>,
    expect: Value,
}

#[test]
fn logs_to_be_folded_are_whole() {
    let folds: Folds = serde_json::from_str(FOLD).unwrap();
    let mut names: BTreeSet<String> = vectors().into_iter().map(|(_, it)| it.name).collect();
    for vector in &folds.vectors {
        assert!(names.insert(vector.name.clone()), "{} twice", vector.name);
        assert!(vector.expect.is_object());
        for (index, frame) in vector.entries.iter().enumerate() {
            let Ok(ServerFrame::Entry(entry)) = ServerFrame::decode(frame) else {
                panic!("{}: not an entry: {frame}", vector.name);
            };
            assert_eq!(entry.seq, index as u64 + 1, "{}", vector.name);
            let known = typed::entry(&entry).is_some();
            assert!(known || entry.op == "message.translated", "{}: {}", vector.name, entry.op);
        }
    }
}

fn vectors() -> Vec<(String, Vector)> {
    let mut names = BTreeSet::new();
    let mut all = Vec::new();
    for (file, text) in FILES {
        let parsed: File = serde_json::from_str(text).unwrap_or_else(|e| panic!("{file}: {e}"));
        for vector in parsed.vectors {
            assert!(names.insert(vector.name.clone()), "{} twice", vector.name);
            all.push((format!("{file}: {}", vector.name), vector));
        }
    }
    all
}

#[test]
fn client_frames_decode_and_encode_to_the_byte() {
    let mut ops = BTreeSet::new();
    for (name, vector) in vectors() {
        if vector.direction != "client" || vector.reject.is_some() {
            continue;
        }
        let command = Command::decode(&vector.frame).unwrap_or_else(|e| panic!("{name}: {e}"));
        let body = typed::body(&command).unwrap_or_else(|e| panic!("{name}: {}", e.message));
        let got = json!({"id": command.id, "op": command.op, "d": body});
        assert_eq!(got, vector.expect, "{name}");
        let encoded = typed::command(command.id, &command.op, &vector.expect["d"]);
        assert_eq!(encoded, vector.frame, "{name}");
        ops.insert(command.op.into_owned());
    }
    let registry = OPS.iter().filter(|op| op.kind == Kind::Command);
    let missing: Vec<_> = registry.filter(|op| !ops.contains(op.name)).collect();
    assert!(missing.is_empty(), "no vector for {missing:?}");
}

#[test]
fn server_frames_decode() {
    let mut seen = BTreeSet::new();
    for (name, vector) in vectors() {
        if vector.direction != "server" || vector.reject.is_some() {
            continue;
        }
        let frame = ServerFrame::decode(&vector.frame).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (got, again) = shown(&frame, vector.answers.as_deref());
        assert_eq!(got, vector.expect, "{name}");
        if let Some(again) = again.filter(|_| !vector.newer) {
            assert_eq!(again, vector.frame, "{name}");
        }
        if let Some(op) = vector.expect["op"].as_str() {
            let kind = vector.expect["type"].as_str().unwrap().to_owned();
            seen.insert((kind, op.to_owned()));
        }
    }
    for op in OPS {
        let kind = match op.kind {
            Kind::Command => continue,
            Kind::Entry => "entry",
            Kind::Signal => "signal",
            Kind::Notice => "notice",
        };
        // What lies in system logs is read by no connection.
        let read = !op.whose.starts_with('~');
        let there = seen.contains(&(kind.to_owned(), op.name.to_owned()));
        assert!(there || !read, "no vector for the {kind} {}", op.name);
    }
}

/// A decoded frame as a vector states it, and the frame this crate makes of it, where it makes any.
fn shown(frame: &ServerFrame, answers: Option<&str>) -> (Value, Option<String>) {
    match frame {
        ServerFrame::Reply(reply) => match (&reply.result, answers) {
            (Ok(ok), Some(op)) => {
                let again = typed::reply(reply.id, op, ok.get());
                let parsed: Value = serde_json::from_str(&again).unwrap();
                let shown = json!({"type": "reply", "id": reply.id, "ok": parsed["ok"]});
                (shown, Some(again))
            }
            (Err(error), None) => {
                let again = envelope::reply::<()>(reply.id, Err(error)).unwrap();
                let shown = json!({"type": "reply", "id": reply.id, "error": error});
                (shown, Some(again))
            }
            _ => panic!("a reply with ok names the op it answers, one with error does not"),
        },
        ServerFrame::Entry(entry) => {
            let parts = typed::entry(entry);
            let (facts, words) = parts.clone().unwrap_or((Value::Null, Value::Null));
            let shown = json!({
                "type": "entry", "room": entry.room, "epoch": entry.epoch, "seq": entry.seq,
                "n": entry.n, "at": entry.at, "by": entry.by.id, "op": entry.op,
                "mid": entry.mid, "head": entry.head, "was": entry.was,
                "erased": entry.erased, "known": parts.is_some(), "d": facts, "w": words,
            });
            (shown, None)
        }
        ServerFrame::Signal(signal) => {
            let again = typed::signal(signal).map(|(frame, _)| frame);
            let parsed: Option<Value> = again.as_ref().map(|it| serde_json::from_str(it).unwrap());
            let body = parsed.map(|it| it["d"].clone());
            let by = signal.by.as_ref().map(|by| by.id.clone());
            let shown = json!({
                "type": "signal", "room": signal.room, "op": signal.op, "by": by, "d": body,
            });
            (shown, again)
        }
        ServerFrame::Notice(notice) => {
            let d = notice.d.as_ref().map_or("{}", |d| d.get());
            let again = typed::notice(&notice.op, d);
            let parsed: Option<Value> = again.as_ref().map(|it| serde_json::from_str(it).unwrap());
            let d = parsed.map(|it| it["d"].clone());
            (json!({"type": "notice", "op": notice.op, "d": d}), again)
        }
    }
}

#[test]
fn debug_shows_no_words() {
    const WORDS: [&str; 4] = ["synthetic", "Example", "Anticoagulation", "wrong room"];
    let check = |name: &str, shown: String| {
        for word in WORDS {
            assert!(!shown.contains(word), "{name}: {shown}");
        }
    };
    for (name, vector) in vectors() {
        if vector.reject.is_some() {
            continue;
        }
        if vector.direction == "client" {
            let command = Command::decode(&vector.frame).unwrap();
            check(&name, format!("{command:?} {}", typed::debug(&command)));
        } else {
            let frame = ServerFrame::decode(&vector.frame).unwrap();
            let answer = match (&frame, &vector.answers) {
                (ServerFrame::Reply(reply), Some(op)) => {
                    typed::debug_answer(op, reply.result.as_ref().unwrap().get())
                }
                (ServerFrame::Entry(entry), _) => typed::debug_entry(entry),
                (ServerFrame::Signal(signal), _) => {
                    typed::signal(signal).map_or_else(String::new, |(_, debug)| debug)
                }
                _ => String::new(),
            };
            check(&name, format!("{frame:?} {answer}"));
        }
    }
}

#[test]
fn what_must_be_rejected_is_and_is_not_repeated() {
    let mut count = 0;
    for (name, vector) in vectors() {
        let Some(reject) = vector.reject else {
            continue;
        };
        count += 1;
        if vector.direction == "server" {
            let error = ServerFrame::decode(&vector.frame).map(|_| ()).unwrap_err();
            assert_eq!(json!({"envelope": envelope_error(error)}), reject, "{name}");
            continue;
        }
        let command = match Command::decode(&vector.frame) {
            Ok(command) => command,
            Err(error) => {
                assert_eq!(json!({"envelope": envelope_error(error)}), reject, "{name}");
                continue;
            }
        };
        let Err(error) = typed::body(&command) else {
            panic!("{name} must be refused");
        };
        let got = json!({"code": error.code, "field": error.field});
        assert_eq!(got, reject, "{name}: {}", error.message);
        // Every rejected frame that holds words holds this one.
        let told = serde_json::to_string(&error).unwrap();
        assert!(!told.contains("canary"), "{name}: {told}");
    }
    assert!(count >= 20, "only {count} vectors that must be rejected");
}

fn envelope_error(error: EnvelopeError) -> &'static str {
    match error {
        EnvelopeError::Shape => "shape",
        EnvelopeError::TooDeep => "too_deep",
        EnvelopeError::Id => "id",
    }
}

/// The frames of a transcript in `SPEC.md`: `→` from the client, `←` from the server.
fn transcript(name: &str) -> Vec<(char, &'static str)> {
    const SPEC: &str = include_str!("../SPEC.md");
    let begin = format!("<!-- transcript:{name} -->");
    let (_, rest) = SPEC.split_once(&begin).unwrap_or_else(|| panic!("SPEC.md has no {begin}"));
    let (text, _) = rest
        .split_once("<!-- /transcript -->")
        .unwrap_or_else(|| panic!("the transcript {name} has no end"));
    text.lines()
        .filter_map(|line| {
            let arrow = line.chars().next().filter(|it| matches!(it, '→' | '←'))?;
            Some((arrow, line[arrow.len_utf8()..].trim()))
        })
        .collect()
}

#[test]
fn transcripts_are_frames_of_known_types() {
    for name in ["hello", "resume", "duplicate", "error", "redact", "presence"] {
        let frames = transcript(name);
        assert!(frames.len() >= 2, "the transcript {name} is too short");
        let mut asked = std::collections::BTreeMap::new();
        for (arrow, text) in frames {
            if arrow == '→' {
                let command = Command::decode(text).unwrap_or_else(|e| panic!("{name}: {e}"));
                typed::body(&command).unwrap_or_else(|e| panic!("{name}: {}", e.message));
                asked.insert(command.id.unwrap(), command.op.into_owned());
                continue;
            }
            let frame = ServerFrame::decode(text).unwrap_or_else(|e| panic!("{name}: {e}: {text}"));
            let answers = match &frame {
                ServerFrame::Reply(reply) if reply.result.is_ok() => {
                    Some(asked[&reply.id].as_str())
                }
                ServerFrame::Entry(entry) => {
                    assert!(typed::entry(entry).is_some(), "{name}: {}", entry.op);
                    None
                }
                _ => None,
            };
            if let (_, Some(again)) = shown(&frame, answers) {
                assert_eq!(again, text, "{name}");
            }
        }
    }
}
