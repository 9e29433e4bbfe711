//! `wardroom import` against a real node, with the sample that the README shows.

use std::process::Command;

use crate::command::{Ended, Place, end};
use crate::node::Node;

/// The lines between `<<'ROWS'` and `ROWS` of the README.
fn sample() -> String {
    let readme = include_str!("../../README.md");
    let rows = readme.split("<<'ROWS'\n").nth(1).unwrap().split("ROWS\n").next().unwrap();
    assert_eq!(rows.lines().count(), 3);
    rows.to_owned()
}

fn token(place: &Place, more: &[&str]) -> String {
    let base = ["token", "--data", "d", "--sub", "importer", "--name", "Importer"];
    let ended = place.run(&[&base, more].concat());
    assert_eq!(ended.code, 0, "{}", ended.err);
    ended.out.trim().to_owned()
}

fn import(place: &Place, node: &Node, change: impl FnOnce(&mut Command)) -> Ended {
    let mut command = place.command(&["import", "sample.jsonl", "--url", node.get("socket")]);
    change(&mut command);
    end(&mut command)
}

#[test]
fn the_sample_of_the_readme_is_imported_and_again_adds_nothing() {
    let place = Place::new();
    place.file("sample.jsonl", &sample());
    let node = Node::start(&place, &["--data", "d"]);
    let token = token(&place, &["--role", "import,moderator"]);
    place.file("token", &format!("{token}\n"));

    let ended = import(&place, &node, |command| {
        command.env("WARDROOM_TOKEN", &token);
    });
    assert_eq!(ended.code, 0, "{}", ended.err);
    let line = "3 messages in 2 rooms: 3 added, 0 already there (";
    assert!(ended.out.starts_with(line), "{}", ended.out);

    // The same by the other two ways to give the token; the file is the strongest.
    let by_flag = import(&place, &node, |command| {
        command.args(["--token", &token]);
    });
    let by_file = import(&place, &node, |command| {
        command.args(["--token-file", "token"]).env("WARDROOM_TOKEN", "not a token");
    });
    for again in [by_flag, by_file] {
        assert_eq!(again.code, 0, "{}", again.err);
        let line = "3 messages in 2 rooms: 0 added, 3 already there (";
        assert!(again.out.starts_with(line), "{}", again.out);
    }
    assert_eq!(node.stop("-TERM").0, Some(0));
}

#[test]
fn what_the_node_or_the_file_does_not_allow_ends_with_1() {
    let place = Place::new();
    let node = Node::start(&place, &["--data", "d", "--ephemeral"]);
    let (reader, importer) = (token(&place, &[]), token(&place, &["--role", "import"]));
    let both = token(&place, &["--role", "import,moderator"]);
    for (rows, token, expected) in [
        (sample(), &reader, "lacks the role import"),
        (sample(), &importer, "role moderator"),
        ("{\"room\":\"cardiology\"}\n".to_owned(), &both, "line 1: "),
        (sample().replace("\"kind\"", "\"sort\""), &both, "line 1: "),
    ] {
        place.file("sample.jsonl", &rows);
        let ended = import(&place, &node, |command| {
            command.env("WARDROOM_TOKEN", token);
        });
        assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{}", ended.err);
        assert!(ended.err.contains(expected), "{expected}\n{}", ended.err);
        for secret in [token.as_str(), "Rate, and echo", "fibrillation", "Example"] {
            assert!(!ended.err.contains(secret), "{secret} in {}", ended.err);
        }
    }
}

#[test]
fn what_cannot_be_read_or_reached_ends_with_74() {
    let place = Place::new();
    place.file("sample.jsonl", &sample());
    let nobody = "ws://127.0.0.1:1";
    for (arguments, expected) in [
        (&["import", "nowhere.jsonl", "--url", nobody, "--token", "t"][..], "nowhere.jsonl"),
        (&["import", "sample.jsonl", "--url", nobody, "--token", "t"][..], "127.0.0.1:1"),
        (
            &["import", "sample.jsonl", "--url", nobody, "--token-file", "nothing"][..],
            "failed to read the token file nothing",
        ),
    ] {
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (74, ""), "{}", ended.err);
        assert!(ended.err.contains(expected), "{expected}\n{}", ended.err);
    }
}

#[test]
fn without_a_token_it_ends_with_2_and_names_the_ways_to_give_one() {
    let place = Place::new();
    let ended = place.run(&["import", "sample.jsonl"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("--token <TOKEN>|--token-file <FILE>"), "{}", ended.err);
    let mut command = place.command(&["import", "sample.jsonl"]);
    let ended = end(command.env("WARDROOM_TOKEN", ""));
    assert_eq!(ended.code, 2, "{}", ended.err);
}
