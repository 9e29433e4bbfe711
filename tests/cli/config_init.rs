//! `wardroom config init`: a page that changes nothing as it stands, and nothing when every default in
//! it is said aloud.

use std::fs;

use wardroom::config::{Config, ConfigFile, KNOBS, Loaded, Sources, template};

use crate::command::Place;

fn load(place: &Place, name: &str) -> Loaded {
    let file = ConfigFile::Named(place.path(name));
    Loaded::from_sources(&Sources { file, ..Sources::default() }).unwrap()
}

/// The page with each setting's `#` taken away.
fn uncommented(page: &str) -> String {
    let setting = |line: &str| {
        line.strip_prefix('#').filter(|it| it.starts_with(char::is_alphabetic)).map(str::to_owned)
    };
    page.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

#[test]
fn the_page_holds_every_key_with_its_help_default_and_unit() {
    let page = template();
    let defaults = Config::default();
    for knob in KNOBS {
        let about = format!("# {}\n# Takes {}", knob.doc, knob.expected());
        assert_eq!(page.matches(&about).count(), 1, "{}", knob.name);
        assert!(page.contains(&format!(" Variable: {}.\n", knob.variable())), "{}", knob.name);
        let key = knob.name.rsplit('.').next().unwrap();
        let value = knob.show(&defaults);
        let line = if value.is_empty() {
            format!("# Unset by default; write: {key} = ")
        } else {
            format!("#{key} = {value}\n")
        };
        assert!(page.contains(&line), "{line}");
    }
    for (name, unit) in [("drain", "from 0 to 600, in seconds"), ("cache", "65536, in MiB")] {
        assert!(page.contains(unit), "{name}: {unit}\n{page}");
    }
}

#[test]
fn the_page_loads_and_changes_nothing() {
    let place = Place::new();
    place.file("page.toml", &template());
    let as_it_stands = load(&place, "page.toml");
    assert_eq!(as_it_stands.config, Config::default());
    assert!(as_it_stands.origins.is_empty(), "{:?}", as_it_stands.origins);

    place.file("loud.toml", &uncommented(&template()));
    let said_aloud = load(&place, "loud.toml");
    assert_eq!(said_aloud.config, Config::default());
    // Every knob that has a default was really read from the page.
    let with_default = KNOBS.iter().filter(|knob| !knob.show(&Config::default()).is_empty());
    let read: Vec<_> =
        KNOBS.iter().filter(|knob| said_aloud.origins.contains_key(knob.name)).collect();
    assert_eq!(read.len(), with_default.count());
}

#[test]
fn init_writes_the_page_once_and_never_over_a_file() {
    let place = Place::new();
    let first = place.run(&["config", "init"]);
    assert_eq!((first.code, first.err.as_str()), (0, ""));
    assert!(first.out.starts_with("wardroom.toml: written"), "{}", first.out);
    assert_eq!(fs::read_to_string(place.path("wardroom.toml")).unwrap(), template());
    assert_eq!(place.run(&["config", "check"]).code, 0);

    place.file("wardroom.toml", "node = \"mine\"\n");
    let second = place.run(&["config", "init"]);
    assert_eq!((second.code, second.out.as_str()), (1, ""));
    assert!(second.err.contains("wardroom.toml is there already"), "{}", second.err);
    assert_eq!(fs::read_to_string(place.path("wardroom.toml")).unwrap(), "node = \"mine\"\n");
}

#[test]
fn init_prints_with_a_dash_and_needs_no_good_configuration() {
    let place = Place::new();
    place.file("wardroom.toml", "nonsense");
    let printed = place.run(&["config", "init", "-"]);
    assert_eq!((printed.code, printed.out, printed.err.as_str()), (0, template(), ""));
    assert!(!place.path("-").exists());
    let other = place.run(&["config", "init", "other.toml"]);
    assert_eq!(other.code, 0, "{}", other.err);
    assert_eq!(fs::read_to_string(place.path("other.toml")).unwrap(), template());
}

#[test]
fn a_page_that_cannot_be_written_ends_with_74() {
    let ended = Place::new().run(&["config", "init", "nowhere/wardroom.toml"]);
    assert_eq!((ended.code, ended.out.as_str()), (74, ""));
    assert!(
        ended.err.starts_with("wardroom: failed to write nowhere/wardroom.toml: "),
        "{}",
        ended.err
    );
}
