//! `wardroom config show`: what is in force, where it came from, and no more than that.

use serde_json::{Value, json};
use wardroom::config::KNOBS;

use crate::command::{Ended, Place, end};

/// `config show` with a file and a variable.
fn show(place: &Place, flags: &[&str]) -> Ended {
    place.file(
        "wardroom.toml",
        "node = \"ward-3\"\n[server]\nallowed_origins = [\"https://a.example\"]\n",
    );
    let mut command = place.command(&[&["config", "show"], flags].concat());
    let ended = end(command.env("WARDROOM_LIMITS__BURST", "60"));
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    ended
}

#[test]
fn show_is_the_configuration_in_force_as_a_file() {
    let place = Place::new();
    let shown = show(&place, &[]).out;
    for line in ["node = \"ward-3\"", "burst = 60", "listen = \"127.0.0.1:7420\"", "[limits]"] {
        assert!(shown.lines().any(|it| it == line), "{line}\n{shown}");
    }
    place.file("again.toml", &shown);
    let again = place.run(&["config", "show", "--config", "again.toml"]);
    assert_eq!((again.code, again.out), (0, shown));
}

#[test]
fn origins_are_said_when_asked_for() {
    let place = Place::new();
    let shown = show(&place, &["--origin"]).out;
    for line in [
        "node = \"ward-3\"                        # wardroom.toml:1:8\n",
        "burst = 60                             # environment variable WARDROOM_LIMITS__BURST\n",
        "listen = \"127.0.0.1:7420\"              # default\n",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!show(&place, &[]).out.contains("wardroom.toml:1:8"));
}

#[test]
fn json_has_every_key_with_its_type() {
    let place = Place::new();
    let plain: Value = serde_json::from_str(&show(&place, &["--json"]).out).unwrap();
    let names: Vec<_> = plain.as_object().unwrap().keys().cloned().collect();
    let mut known: Vec<_> = KNOBS.iter().map(|knob| knob.name.to_owned()).collect();
    // A list of tables, which no single knob stands for.
    known.push("auth.issuer".to_owned());
    known.sort_unstable();
    assert_eq!(names, known);
    assert_eq!(plain["auth.issuer"], json!([]));
    assert_eq!(plain["node"], "ward-3");
    assert_eq!(plain["limits.burst"], 60);
    assert_eq!(plain["ephemeral"], false);
    assert_eq!(plain["keys.wrapping_file"], Value::Null);
    assert_eq!(plain["server.allowed_origins"], json!(["https://a.example"]));

    let told: Value = serde_json::from_str(&show(&place, &["--json", "--origin"]).out).unwrap();
    assert_eq!(told["node"], json!({"value": "ward-3", "origin": "wardroom.toml:1:8"}));
    assert_eq!(told["ephemeral"], json!({"value": false, "origin": "default"}));
}

#[test]
fn a_text_with_odd_characters_is_still_toml_and_json() {
    let place = Place::new();
    let odd = "a\u{7f}b\u{301}\"\\\t\u{202e}c";
    let mut command = place.command(&["config", "show", "--json"]);
    let shown = end(command.env("WARDROOM_DATA", odd)).out;
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["data"], odd);
    let mut command = place.command(&["config", "show"]);
    place.file("again.toml", &end(command.env("WARDROOM_DATA", odd)).out);
    let again = place.run(&["config", "show", "--json", "--config", "again.toml"]);
    assert_eq!(serde_json::from_str::<Value>(&again.out).unwrap()["data"], odd, "{}", again.err);
}

#[test]
fn of_a_file_the_path_is_shown_and_never_what_it_holds() {
    let place = Place::new();
    place.file("wrapping.key", "canary");
    for verb in ["show", "check"] {
        let mut command = place.command(&["config", verb]);
        let ended = end(command.env("WARDROOM_KEYS__WRAPPING_FILE", "wrapping.key"));
        assert_eq!(ended.code, 0, "{}", ended.err);
        assert!(ended.out.contains("wrapping_file = \"wrapping.key\""), "{}", ended.out);
        assert!(!format!("{}{}", ended.out, ended.err).contains("canary"), "{verb}");
    }
    // A secret itself is never a value: the day one is needed, its knob takes a file.
    for knob in KNOBS {
        let last = knob.name.rsplit(['.', '_']).next().unwrap();
        assert!(!["secret", "password", "token", "passphrase"].contains(&last), "{}", knob.name);
    }
}
