//! Layers, and the words of every kind of mistake.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;

use super::*;

/// What comes of a file's text, variables and flags.
fn load(
    text: &str,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &'static str, &str)],
) -> Result<Loaded, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wardroom.toml");
    fs::write(&path, text).unwrap();
    Loaded::from_sources(&Sources {
        file: ConfigFile::Named(path.clone()),
        environment: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), OsString::from(value)))
            .collect(),
        flags: flags
            .iter()
            .map(|&(name, knob, value)| Flag { name, knob, value: value.to_owned() })
            .collect(),
    })
    .map_err(|error| error.to_string().replace(&path.display().to_string(), "F"))
}

#[test]
fn the_stronger_layer_wins() {
    let port = |text, variables: &[_], flags: &[_]| {
        load(text, variables, flags).map(|loaded| loaded.config.server.listen.port()).unwrap()
    };
    let file = "[server]\nlisten = \"127.0.0.1:1\"\n";
    let variable = [("WARDROOM_SERVER__LISTEN", "127.0.0.1:2")];
    let flag = [("--listen", "server.listen", "127.0.0.1:3")];
    assert_eq!(port("", &[], &[]), 7420);
    assert_eq!(port(file, &[], &[]), 1);
    assert_eq!(port(file, &variable, &[]), 2);
    assert_eq!(port(file, &variable, &flag), 3);
    assert_eq!(port(file, &[], &flag), 3);
}

#[test]
fn an_origin_is_kept_for_every_value() {
    let loaded = load(
        "node = \"a\"\n[limits]\nburst = 50\n",
        &[("WARDROOM_DATA", "/d")],
        &[("--ephemeral", "ephemeral", "true")],
    )
    .unwrap();
    let origin = |knob| loaded.origins[knob].to_string();
    assert!(origin("node").ends_with("wardroom.toml:1:8"));
    assert!(origin("limits.burst").ends_with("wardroom.toml:3:9"));
    assert_eq!(origin("data"), "environment variable WARDROOM_DATA");
    assert_eq!(origin("ephemeral"), "flag --ephemeral");
    assert!(!loaded.origins.contains_key("server.listen"));
}

#[test]
fn every_knob_is_read_from_file_and_environment_and_shows_what_it_read() {
    let other = |knob: &Knob| match knob.name {
        "server.listen" => "\"127.0.0.1:9\"".to_owned(),
        "server.allowed_origins" => "[\"https://a.example\"]".to_owned(),
        "telemetry.format" => "\"json\"".to_owned(),
        "telemetry.filter" => "\"debug\"".to_owned(),
        "limits.silent_seconds" => "99".to_owned(),
        "limits.history_page" => "7".to_owned(),
        "limits.frame_bytes" => "2048".to_owned(),
        "limits.ping_seconds" | "log.rebuild_hours" => "9".to_owned(),
        _ => match knob.show(&Config::default()).as_str() {
            "true" => "false".to_owned(),
            "false" => "true".to_owned(),
            text if text.starts_with('"') || text.is_empty() => "\"other\"".to_owned(),
            number => (number.parse::<u64>().unwrap() + 50).to_string(),
        },
    };
    // One file with all of them, in the order of the table; then the same as variables.
    let mut text = String::new();
    let mut section = "";
    for knob in KNOBS {
        let (of, key) = knob.name.split_once('.').unwrap_or(("", knob.name));
        if of != section {
            section = of;
            writeln!(text, "[{section}]").unwrap();
        }
        writeln!(text, "{key} = {}", other(knob)).unwrap();
    }
    let by_file = load(&text, &[], &[]).unwrap();
    let variables: Vec<(String, String)> = KNOBS
        .iter()
        .map(|knob| {
            let value = other(knob).replace(['"', '[', ']'], "");
            (knob.variable(), value)
        })
        .collect();
    let variables: Vec<_> =
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let by_variable = load("", &variables, &[]).unwrap();
    assert_eq!(by_file.config, by_variable.config);
    for knob in KNOBS {
        assert_eq!(knob.show(&by_file.config), other(knob), "{}", knob.name);
        assert_ne!(knob.show(&by_file.config), knob.show(&Config::default()), "{}", knob.name);
    }
}

#[test]
fn a_mistake_in_the_file_is_named_with_line_column_and_remedy() {
    let table = [
        (
            "[server]\nlistn = \"eyJsecret\"\n",
            "F:2:1: unknown key `listn` in [server]\n  2 | listn\n    | ^^^^^\n  did you mean `listen`?",
        ),
        (
            "[sever]\n",
            "F:1:2: unknown key or section `sever`\n  1 | [sever\n    |  ^^^^^\n  did you mean `server`?",
        ),
        (
            "[limits]\n\n  listen = 1\n",
            "F:3:3: unknown key `listen` in [limits]\n  3 |   listen\n    |   ^^^^^^\n  did you mean `server.listen`?",
        ),
        (
            "xyzzy = 1\n",
            "F:1:1: unknown key or section `xyzzy`\n  1 | xyzzy\n    | ^^^^^\n  every key is listed by: wardroom config check",
        ),
        (
            "server = 1\n",
            "F:1:1: `server` is a section, not a key\n  1 | server\n    | ^^^^^^\n  write [server] on a line of its own and its keys below",
        ),
        (
            "[limits]\nburst = 40\nburst = 50\n",
            "F:3:1: duplicate key\n  3 | burst\n    | ^^^^^\n  keep one of the two: a key that is set twice has no clear meaning",
        ),
        (
            "[limits]\nhistory_page = 201\n",
            "F:2:16: wrong value for `limits.history_page`: found 201\n  2 | history_page = 201\n    |                ^^^\n  give a whole number from 1 to 200 (entries in one history page)",
        ),
        (
            "ephemeral = \"yes\"\n",
            "F:1:13: wrong value for `ephemeral`: found a text\n  1 | ephemeral = \"yes\"\n    |             ^^^^^\n  give true or false (keep the logs in memory only)",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(load(text, &[], &[]).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_file() {
    let error = load("b = 1\n[limits]\nburst = \"x\"\n[a]\n", &[], &[]).unwrap_err();
    let places: Vec<_> = error
        .lines()
        .filter_map(|line| line.split_once(": ").map(|(place, _)| place))
        .filter(|place| place.starts_with("F:"))
        .collect();
    assert_eq!(places, ["F:1:1", "F:3:9", "F:4:2"]);
}

#[test]
fn a_syntax_error_has_its_place() {
    for (text, place) in
        [("node = \n", "F:1:8"), ("[server\n", "F:1:"), ("node = \"a\"\n\u{1f600} = 1\n", "F:2:1")]
    {
        let error = load(text, &[], &[]).unwrap_err();
        assert!(error.starts_with(place), "{error}");
    }
}

#[test]
fn no_error_repeats_the_value_of_an_unknown_key() {
    let error = load("token = \"eyJcanary\"\n", &[("WARDROOM_SERVER__TOKEN", "eyJcanary")], &[])
        .unwrap_err();
    assert!(!error.contains("canary"), "{error}");
}

#[test]
fn a_variable_that_looks_like_a_slip_is_refused_and_others_are_let_pass() {
    for (name, remedy) in [
        ("WARDROOM_SERVER__LISTN", "did you mean WARDROOM_SERVER__LISTEN?"),
        (
            "WARDROOM_SERVER_LISTEN",
            "did you mean WARDROOM_SERVER__LISTEN? section and key are joined by __",
        ),
        ("WARDROOM_DATE", "did you mean WARDROOM_DATA?"),
        ("WARDROOM_QUITE__OTHER", "unset it; every key is listed by: wardroom config check"),
    ] {
        assert_eq!(
            load("", &[(name, "x")], &[]).unwrap_err(),
            format!("environment variable {name}: unknown key\n  {remedy}")
        );
    }
    // What Kubernetes sets for a service of this name, what the build reads, what is not ours.
    for name in [
        "WARDROOM_PORT",
        "WARDROOM_SERVICE_HOST",
        "WARDROOM_PORT_7420_TCP_ADDR",
        "WARDROOM_WEB",
        "WARDROOM_TOKEN",
        "SERVER__LISTEN",
    ] {
        assert!(load("", &[(name, "x")], &[]).is_ok(), "{name}");
    }
}

#[test]
fn a_variable_that_is_not_unicode_is_refused_by_name_if_it_is_one_of_ours() {
    let load = |name: &str| {
        let value = OsString::from_vec(b"/srv/donn\xe9es".to_vec());
        let environment = vec![(name.to_owned(), value)];
        Loaded::from_sources(&Sources { file: ConfigFile::None, environment, ..Sources::default() })
            .map_err(|error| error.to_string())
    };
    let ours = KNOBS.iter().map(Knob::variable).chain(["WARDROOM_LOG".to_owned()]);
    for name in ours {
        let error = load(&name).unwrap_err();
        let says = format!("environment variable {name}: wrong value for `");
        assert!(error.starts_with(&says), "{error}");
        assert!(error.contains("found a text that is not UTF-8\n  give "), "{error}");
        assert!(!error.contains("donn"), "{error}");
    }
    let error = load("WARDROOM_SERVER__LISTN").unwrap_err();
    assert!(error.contains("did you mean WARDROOM_SERVER__LISTEN?"), "{error}");
    // The command line reads this one, and takes any path; others are not ours to refuse.
    for name in ["WARDROOM_CONFIG", "WARDROOM_TOKEN", "WARDROOM_WEB", "HOME"] {
        assert!(load(name).is_ok(), "{name}");
    }
}

#[test]
fn wardroom_log_is_the_filter() {
    let long = ("WARDROOM_TELEMETRY__FILTER", "warn");
    let filter = |variables: &[_]| load("", variables, &[]).map(|l| l.config.telemetry.filter);
    assert_eq!(filter(&[long]).unwrap(), "warn");
    for order in [[long, ("WARDROOM_LOG", "debug")], [("WARDROOM_LOG", "debug"), long]] {
        assert_eq!(filter(&order).unwrap(), "debug");
    }
    let error = filter(&[("WARDROOM_LOG", "wardroom=loud")]).unwrap_err();
    assert!(
        error.starts_with("environment variable WARDROOM_LOG: wrong value for `telemetry.filter`"),
        "{error}"
    );
}

#[test]
fn an_address_that_others_reach_needs_tls_or_a_declared_proxy() {
    for address in ["0.0.0.0:7420", "[::]:7420", "192.0.2.1:0"] {
        let flag = [("--listen", "server.listen", address)];
        let error = load("", &[], &flag).unwrap_err();
        assert!(error.starts_with("flag --listen: other machines"), "{error}");
        assert!(error.contains("--listen 127.0.0.1:7420"), "{error}");
        assert!(error.contains("server.trusted_proxy = true"), "{error}");
        assert!(load("[server]\ntrusted_proxy = true\n", &[], &flag).is_ok());
        assert!(load("[server]\ntls_cert = \"c\"\ntls_key = \"k\"\n", &[], &flag).is_ok());
    }
    assert!(load("", &[], &[("--listen", "server.listen", "[::1]:0")]).is_ok());
}

#[test]
fn a_certificate_without_its_key_is_told_and_so_is_a_key_without_its_certificate() {
    for (given, lacking) in [("tls_cert", "tls_key"), ("tls_key", "tls_cert")] {
        let error = load(&format!("[server]\n{given} = \"f.pem\"\n"), &[], &[]).unwrap_err();
        assert!(error.starts_with("F:2:"), "{error}");
        assert!(error.contains(&format!("`server.{given}` without `server.{lacking}`")), "{error}");
    }
}

#[test]
fn rules_between_knobs_are_checked() {
    for (text, expected) in [
        ("node = \"Node 1\"\n", "wrong value for `node`"),
        ("[limits]\nsilent_seconds = 25\n", "not above `limits.ping_seconds`"),
        ("[limits]\nburst = 19\n", "below `limits.messages_per_second`"),
        (
            "[server]\nallowed_origins = [\"https://a.example\", \"*\"]\n",
            "number 2 of `server.allowed_origins`",
        ),
        (
            "[server]\nallowed_origins = [\"https://a.example/\"]\n",
            "number 1 of `server.allowed_origins`",
        ),
        (
            "[server]\nallowed_origins = [\"https://*.example\"]\n",
            "number 1 of `server.allowed_origins`",
        ),
    ] {
        let error = load(text, &[], &[]).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    assert!(load("[limits]\nsilent_seconds = 26\nburst = 20\n", &[], &[]).is_ok());
}

#[test]
fn a_named_file_must_exist_and_the_usual_one_need_not() {
    let named =
        Sources { file: ConfigFile::Named("/nowhere/wardroom.toml".into()), ..Sources::default() };
    let error = Loaded::from_sources(&named).unwrap_err().to_string();
    assert!(
        error.starts_with("failed to read the configuration file /nowhere/wardroom.toml: "),
        "{error}"
    );
    // This package has no wardroom.toml in the directory where its tests run.
    let loaded = Loaded::from_sources(&Sources::default()).unwrap();
    assert_eq!((loaded.file, loaded.config), (None, Config::default()));
}

/// What comes of the issuers of a file's text, as they would be written again.
fn issuers(text: &str) -> Result<Vec<String>, String> {
    load(text, &[], &[]).map(|it| it.config.auth.issuers.iter().map(Issuer::show).collect())
}

#[test]
fn issuers_are_read_from_tables_and_shown_as_tables() {
    let whole = "[[auth.issuer]]\nname = \"https://idp.example\"\njwks_file = \"idp.json\"\naudience = \"wardroom\"\nalgorithms = [\"ES256\", \"RS256\"]";
    let short = "[[auth.issuer]]\nname = \"b\"\njwks_file = \"b.json\"\n";
    let both = format!("[auth]\ndevelopment = false\n{whole}\n{short}");
    let shown = issuers(&both).unwrap();
    assert_eq!(shown[0], whole);
    // Without a list all three count; without an audience a comment stands in its place.
    assert!(shown[1].ends_with("algorithms = [\"EdDSA\", \"ES256\", \"RS256\"]"), "{}", shown[1]);
    assert_eq!(issuers(&shown.join("\n")).unwrap(), shown);
    let loaded = load(&both, &[], &[]).unwrap();
    assert!(loaded.config.auth.issuers[1].place.to_string().contains(".toml:8:"));
}

#[test]
fn a_mistake_in_an_issuer_is_named_with_line_column_and_remedy() {
    let table =
        |lines: &str| format!("[[auth.issuer]]\nname = \"a\"\njwks_file = \"f\"\n{lines}\n");
    for (text, place, what) in [
        (table("audence = \"eyJcanary\""), "F:4:1", "unknown key `audence` in [[auth.issuer]]"),
        (table("algorithms = [\"HS256\"]"), "F:4:14", "\"EdDSA\", \"ES256\" and \"RS256\""),
        (table("algorithms = [\"none\"]"), "F:4:14", "each at most once"),
        (table("algorithms = []"), "F:4:14", "each at most once"),
        (table("algorithms = [\"ES256\", \"ES256\"]"), "F:4:14", "each at most once"),
        (table("audience = \"\""), "F:4:12", "wrong value for `audience`"),
        (table("audience = [\"a\"]"), "F:4:12", "wrong value for `audience`"),
        ("[[auth.issuer]]\nname = \"a\"\n".into(), "F:1:", "`jwks_file` is missing"),
        ("[[auth.issuer]]\njwks_file = \"a\"\n".into(), "F:1:", "`name` is missing"),
        (
            format!("[[auth.issuer]]\nname = \"{}\"\njwks_file = \"f\"", "n".repeat(201)),
            "F:2:8",
            "1 to 200",
        ),
        (format!("{}{}", table(""), table("")), "F:5:", "two issuers of one name"),
        (table("").replace("\"a\"", "\"wardroom-dev\""), "F:1:", "auth.development_issuer"),
        ("[auth]\nissuer = \"eyJcanary\"\n".into(), "F:2:1", "is a list of tables"),
        ("[auth]\nissuer = [\"eyJcanary\"]\n".into(), "F:2:1", "is a list of tables"),
    ] {
        let error = issuers(&text).unwrap_err();
        assert!(error.starts_with(place) && error.contains(what), "{text}\n{error}");
        // The place shows the line up to the mistake; what stands behind an unknown key does not.
        assert!(!error.contains("canary"), "{error}");
    }
    assert!(issuers("[auth]\ndevelopment = false\n[[auth.issuer]]\nname = \"wardroom-dev\"\njwks_file = \"f\"\n").is_ok());
}
