//! The help page is part of what operators rely on; `tests/cli/help.txt` is what it says.
//!
//! After a change on purpose: `WARDROOM_UPDATE=1 cargo test --test cli`, then read the difference.

use std::path::Path;

use wardroom::config::{Config, KNOBS};

use crate::command::Place;

#[test]
fn the_long_help_says_what_the_file_says() {
    let ended = Place::new().run(&["--help"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/help.txt");
    if std::env::var_os("WARDROOM_UPDATE").is_some() {
        std::fs::write(&file, &ended.out).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap();
    assert_eq!(ended.out, expected, "see the head of tests/cli/help.rs");
}

#[test]
fn every_key_is_in_the_help_with_its_default_and_its_variable() {
    let page = Place::new().run(&["--help"]).out;
    for knob in KNOBS {
        let default = knob.show(&Config::default());
        let default = if default.is_empty() { "unset" } else { &default };
        let line = format!("  {} [{default}]  {}\n", knob.name, knob.variable());
        assert!(page.contains(&line), "{line}");
    }
}

#[test]
fn the_short_help_fits_a_screen_and_has_four_examples() {
    let page = Place::new().run(&["-h"]).out;
    assert!(page.lines().count() <= 45, "{page}");
    let examples = page.split("Examples:\n").nth(1).unwrap();
    let examples = examples.split("\n\n").next().unwrap();
    assert_eq!(examples.lines().count(), 4, "{examples}");
}

#[test]
fn what_is_not_understood_ends_with_2() {
    let place = Place::new();
    for arguments in [&["sreve"][..], &["--lsten", "x"][..], &["config"][..], &["token", "-x"][..]]
    {
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{arguments:?}");
        assert!(!ended.err.is_empty());
    }
}

#[test]
fn version_and_help_end_with_0() {
    let place = Place::new();
    let version = place.run(&["--version"]);
    let expected = format!("wardroom {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((version.code, version.out), (0, expected));
    for arguments in [&["-h"][..], &["token", "--help"][..], &["config", "check", "-h"][..]] {
        assert_eq!(place.run(arguments).code, 0, "{arguments:?}");
    }
}
