//! `SPEC.md` says what the registries say: every error, close code, op and limit has its row, and no
//! row speaks of something that is not there. Where this fails, it prints the row to write.

use std::collections::BTreeSet;

use wardroom_protocol::code::{CloseCode, ErrorCode};
use wardroom_protocol::limits;
use wardroom_protocol::op::{Kind, OPS};
use wardroom_protocol::{SOCKET_PATH, SUBPROTOCOL};

const SPEC: &str = include_str!("../SPEC.md");

/// The rows of the table between two markers, as written.
fn table(name: &str) -> BTreeSet<String> {
    let begin = format!("<!-- table:{name} -->");
    let end = format!("<!-- /table:{name} -->");
    let (_, rest) = SPEC.split_once(&begin).unwrap_or_else(|| panic!("SPEC.md has no {begin}"));
    let (table, _) = rest.split_once(&end).unwrap_or_else(|| panic!("SPEC.md has no {end}"));
    let rows: Vec<_> =
        table.lines().filter(|line| line.starts_with('|')).skip(2).map(ToOwned::to_owned).collect();
    let set: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(rows.len(), set.len(), "the table {name} has a row twice");
    set
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

#[test]
fn the_address_is_the_one_in_the_code() {
    assert!(SPEC.contains(&format!("`{SUBPROTOCOL}`")));
    assert!(SPEC.contains(&format!("`{SOCKET_PATH}`")));
}
