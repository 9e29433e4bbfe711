//! `SPEC.md` says what the registries say: every error, close code, op and limit has its row, and no
//! row speaks of something that is not there. Where this fails, it prints the row to write. What it says of
//! ops that depend on one another is played elsewhere; here each has its log in `vectors/fold.json`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wardroom_protocol::code::{CloseCode, ErrorCode};
use wardroom_protocol::limits;
use wardroom_protocol::op::{Kind, OPS};
use wardroom_protocol::{SOCKET_PATH, SUBPROTOCOL};

const SPEC: &str = include_str!("../SPEC.md");

/// The lines of the table between two markers, its head first.
fn lines(name: &str) -> Vec<&'static str> {
    let begin = format!("<!-- table:{name} -->");
    let end = format!("<!-- /table:{name} -->");
    let (_, rest) = SPEC.split_once(&begin).unwrap_or_else(|| panic!("SPEC.md has no {begin}"));
    let (table, _) = rest.split_once(&end).unwrap_or_else(|| panic!("SPEC.md has no {end}"));
    table.lines().filter(|line| line.starts_with('|')).collect()
}

/// The rows of the table between two markers, as written.
fn table(name: &str) -> BTreeSet<String> {
    let rows: Vec<_> = lines(name).into_iter().skip(2).map(ToOwned::to_owned).collect();
    let set: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), set.len(), "the table {name} has a row twice");
    set
}

/// The cells of a line.
fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// The table holds these rows and no others.
fn same(name: &str, expected: impl IntoIterator<Item = String>) {
    let written = table(name);
    let expected: BTreeSet<_> = expected.into_iter().collect();
    let missing: Vec<_> = expected.difference(&written).collect();
    let stray: Vec<_> = written.difference(&expected).collect();
    assert!(
        missing.is_empty() && stray.is_empty(),
        "SPEC.md, table {name}. Missing:\n{missing:#?}\nNot in the registry:\n{stray:#?}"
    );
}

#[test]
fn every_error_has_its_row() {
    same(
        "errors",
        ErrorCode::ALL.iter().map(|code| {
            format!(
                "| {} | `{}` | {} | {} |",
                code.number(),
                code.name(),
                if code.definite() { "yes" } else { "**no**" },
                code.meaning().trim()
            )
        }),
    );
}

#[test]
fn every_close_code_has_its_row() {
    same(
        "closes",
        CloseCode::ALL.iter().map(|code| {
            let name = match code.name() {
                "" => "(empty)".to_owned(),
                name => format!("`{name}`"),
            };
            format!(
                "| {} | {name} | {} | {} |",
                code.number(),
                code.meaning().trim(),
                what_to_do(code.number())
            )
        }),
    );
}

fn what_to_do(number: u16) -> &'static str {
    match number {
        1000 => "nothing",
        1011 | 4100..=4199 => "back off, reconnect",
        1002..=1009 => "mend the client",
        4000..=4099 => "reconnect now",
        4200..=4299 => "sign in again",
        4300..=4399 => "drop positions, rejoin",
        _ => "stay away",
    }
}

#[test]
fn every_op_has_its_row() {
    for (kind, name) in [
        (Kind::Command, "commands"),
        (Kind::Entry, "entries"),
        (Kind::Signal, "signals"),
        (Kind::Notice, "notices"),
    ] {
        let ops = OPS.iter().filter(|op| op.kind == kind);
        same(
            name,
            ops.map(|op| match kind {
                Kind::Command => format!("| `{}` | {} | {} |", op.name, op.whose, op.about),
                Kind::Entry => format!(
                    "| `{}` | {} | {} | {} |",
                    op.name,
                    op.whose,
                    if op.counts { "yes" } else { "no" },
                    op.about
                ),
                Kind::Signal | Kind::Notice => format!("| `{}` | {} |", op.name, op.about),
            }),
        );
    }
}

#[test]
fn every_limit_has_its_row() {
    let grouped = |number: u64| {
        let digits = number.to_string();
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    };
    let rows = [
        ("frame from a client, bytes", limits::INBOUND_FRAME as u64),
        ("stored entry, bytes of facts and words", limits::STORED_ENTRY as u64),
        ("JSON nesting, the envelope included", limits::JSON_DEPTH as u64),
        ("logs one connection follows", limits::LOGS_PER_CONNECTION as u64),
        ("entries in a history page", u64::from(limits::HISTORY_PAGE)),
        ("bytes in a history page (one entry always fits)", limits::HISTORY_BYTES as u64),
        ("rows in a page of rooms or topics", u64::from(limits::LIST_PAGE)),
        ("people that presence names", u64::from(limits::PEOPLE_NAMED)),
        ("characters of a title, topic or name", limits::NAME_CHARS as u64),
        ("tags on a message", limits::TAGS as u64),
        ("characters of a tag", limits::TAG_CHARS as u64),
        ("characters of a reason", limits::REASON_CHARS as u64),
        ("bytes of a token", limits::TOKEN_BYTES as u64),
        ("largest integer in JSON, 2^53 - 1", limits::SAFE_INTEGER),
    ];
    same("limits", rows.map(|(what, number)| format!("| {what} | {} |", grouped(number))));
}

/// The logs of `vectors/fold.json`, by name: the ops of each, in order.
fn logs() -> BTreeMap<String, Vec<String>> {
    let file: Value = serde_json::from_str(include_str!("../vectors/fold.json")).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let op = |frame: &Value| {
        let entry: Value = serde_json::from_str(&text(frame)).expect("a frame");
        text(&entry["op"])
    };
    let all = file["vectors"].as_array().expect("vectors").iter();
    all.map(|vector| {
        let entries = vector["entries"].as_array().expect("entries").iter();
        (text(&vector["name"]), entries.map(op).collect())
    })
    .collect()
}

#[test]
fn ops_that_depend_on_one_another_have_their_logs_and_no_log_is_without_its_place() {
    let logs = logs();
    let mut named = BTreeSet::new();
    let mut place = |name: String| {
        assert!(logs.contains_key(&name), "vectors/fold.json has no log {name:?}");
        assert!(named.insert(name.clone()), "SPEC.md names {name:?} twice");
    };

    let pairs = lines("pairs");
    let later: Vec<_> = cells(pairs[0]).into_iter().skip(1).collect();
    let rows: Vec<_> = pairs[2..].iter().map(|line| cells(line)).collect();
    let earlier = rows.iter().map(|row| format!("then {}", row[0].trim_matches('*')));
    assert!(earlier.eq(later.iter().copied()), "each op has a row and a column");
    for row in &rows {
        let first = row[0].trim_matches('*');
        assert_eq!(row.len(), later.len() + 1, "a cell for each column: {row:?}");
        for (then, shown) in later.iter().zip(&row[1..]) {
            let name = format!("{first}, {then}");
            assert!(!shown.is_empty(), "{name}: SPEC.md says nothing");
            place(name.clone());
            let ops = &logs[&name];
            let op = |name: &str| format!("message.{}", name.trim_start_matches("then "));
            let began = ops.iter().position(|it| *it == op(first));
            let ended = ops.iter().rposition(|it| *it == op(then));
            assert!(began.is_some() && began < ended, "{name}: its ops are {ops:?}");
        }
    }

    for row in &lines("rules")[2..] {
        let row = cells(row);
        assert_eq!(row.len(), 2, "{row:?}");
        row[1].split("; ").for_each(|name| place(name.to_owned()));
    }
    let without: Vec<_> = logs.keys().filter(|name| !named.contains(*name)).collect();
    assert!(without.is_empty(), "SPEC.md has no place for the logs {without:#?}");
}

#[test]
fn the_address_is_the_one_in_the_code() {
    assert!(SPEC.contains(&format!("`{SUBPROTOCOL}`")));
    assert!(SPEC.contains(&format!("`{SOCKET_PATH}`")));
}
