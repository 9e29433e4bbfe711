//! `wardroom config check`, and what every verb says of a bad configuration.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use crate::command::{Place, end};

#[test]
fn check_shows_every_value_and_where_it_came_from() {
    let place = Place::new();
    place.file("wardroom.toml", "node = \"ward-3\"\n[limits]\nburst = 60\n");
    let mut command = place.command(&["config", "check"]);
    let ended = end(command.env("WARDROOM_SERVER__DRAIN_SECONDS", "3"));
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    for line in [
        "# wardroom.toml: good",
        "node = \"ward-3\"                        # wardroom.toml:1:8;",
        "burst = 60                             # wardroom.toml:3:9;",
        "drain_seconds = 3                      # environment variable WARDROOM_SERVER__DRAIN_SECONDS;",
        "listen = \"127.0.0.1:7420\"              # default;",
    ] {
        assert!(ended.out.contains(line), "{line}\n{}", ended.out);
    }
}

#[test]
fn what_check_prints_is_a_configuration_again() {
    let place = Place::new();
    let first = place.run(&["config", "check"]);
    place.file("again.toml", &first.out);
    let second = place.run(&["config", "check", "--config", "again.toml"]);
    let values = |page: &str| -> Vec<String> {
        let keep = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
        page.lines().map(keep).collect()
    };
    assert_eq!(second.code, 0, "{}", second.err);
    assert_eq!(values(&first.out), values(&second.out));
    assert!(second.out.contains("again.toml:"), "{}", second.out);
}

#[test]
fn a_bad_configuration_ends_every_verb_with_78() {
    let place = Place::new();
    place.file("wardroom.toml", "[server]\nlistn = 1\n");
    for arguments in [&["config", "check"][..], &["token", "--sub", "a", "--name", "A"][..]] {
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.out.as_str()), (78, ""), "{arguments:?}");
        assert_eq!(
            ended.err,
            "wardroom: the configuration has problems; nothing was started\n\
             wardroom.toml:2:1: unknown key `listn` in [server]\n  \
             2 | listn\n    | ^^^^^\n  \
             did you mean `listen`?\n"
        );
    }
    assert!(!place.path("wardroom-data").exists(), "nothing was made");
}

#[test]
fn a_certificate_that_does_not_serve_ends_check_and_serve_with_78() {
    let place = Place::new();
    place.file("wardroom.toml", "[server]\ntls_cert = \"cert.pem\"\ntls_key = \"key.pem\"\n");
    let says = |what: &str| {
        for arguments in [&["config", "check"][..], &["serve", "--listen", "127.0.0.1:0"][..]] {
            let ended = place.run(arguments);
            assert_eq!(ended.code, 78, "{}", ended.err);
            assert!(ended.err.contains(what), "{}", ended.err);
        }
    };
    says("failed to read the certificate of server.tls_cert cert.pem");
    place.file("cert.pem", "secret");
    says("the certificate of server.tls_cert cert.pem holds none in PEM");
    place.file("cert.pem", "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n");
    says("failed to read the private key of server.tls_key key.pem");
    place.file("key.pem", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
    says("the certificate cert.pem and the key key.pem do not serve");
}

#[test]
fn a_named_file_that_is_missing_ends_with_78() {
    let place = Place::new();
    let ended = place.run(&["config", "check", "--config", "nowhere.toml"]);
    assert_eq!(ended.code, 78);
    assert!(
        ended.err.starts_with("wardroom: failed to read the configuration file nowhere.toml: "),
        "{}",
        ended.err
    );
    // The variable names a file just as the flag does.
    let mut command = place.command(&["config", "check"]);
    let ended = end(command.env("WARDROOM_CONFIG", "elsewhere.toml"));
    assert!(ended.err.contains("elsewhere.toml"), "{}", ended.err);
}

#[test]
fn a_variable_that_is_not_unicode_is_not_passed_over() {
    let place = Place::new();
    for arguments in [
        &["config", "check"][..],
        &["token", "--sub", "a", "--name", "A"][..],
        &["serve", "--listen", "127.0.0.1:0"][..],
    ] {
        let mut command = place.command(arguments);
        let ended = end(command.env("WARDROOM_DATA", OsStr::from_bytes(b"/srv/donn\xe9es")));
        assert_eq!((ended.code, ended.out.as_str()), (78, ""), "{arguments:?}");
        assert_eq!(
            ended.err,
            "wardroom: the configuration has problems; nothing was started\n\
             environment variable WARDROOM_DATA: wrong value for `data`: found a text that is not UTF-8\n  \
             give a path (directory for everything that lasts)\n"
        );
    }
    assert!(!place.path("wardroom-data").exists(), "nothing was made");
    // The file of the configuration may have any name.
    let name = OsStr::from_bytes(b"donn\xe9es.toml");
    std::fs::write(place.path(name), "node = \"ward-3\"\n").unwrap();
    let mut command = place.command(&["config", "show"]);
    let ended = end(command.env("WARDROOM_CONFIG", name));
    assert!(ended.code == 0 && ended.out.contains("node = \"ward-3\""), "{}", ended.err);
}

#[test]
fn an_answer_that_cannot_be_written_ends_with_74() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = place.command(&["config", "check"]);
    let ended = end(command.stdout(full));
    assert_eq!(ended.code, 74);
    assert!(ended.err.contains("failed to write to standard output"));
}

/// A key set with one synthetic public key.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

#[test]
fn check_reads_the_keys_of_every_issuer() {
    let place = Place::new();
    let table = |file: &str| {
        format!(
            "[[auth.issuer]]\nname = \"https://{file}\"\njwks_file = \"{file}\"\naudience = \"wardroom\"\n"
        )
    };
    place.file("good.json", KEYS);
    place.file("wardroom.toml", &table("good.json"));
    let good = place.run(&["config", "check"]);
    assert_eq!((good.code, good.err.as_str()), (0, ""));
    for line in [
        "# wardroom.toml: good",
        "# wardroom.toml:1:1\n[[auth.issuer]]\n",
        "audience = \"wardroom\"",
    ] {
        assert!(good.out.contains(line), "{line}\n{}", good.out);
    }
    // What it prints is a configuration again, issuers and all.
    place.file("again.toml", &good.out);
    let again = place.run(&["config", "check", "--config", "again.toml"]);
    assert_eq!((again.code, again.err.as_str()), (0, ""));
    assert!(again.out.contains("name = \"https://good.json\""), "{}", again.out);

    place.file("bad.json", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"Y2FuYXJ5\"}]}");
    place.file(
        "wardroom.toml",
        &[table("good.json"), table("bad.json"), table("none.json")].concat(),
    );
    for arguments in
        [&["config", "check"][..], &["serve", "--ephemeral", "--listen", "127.0.0.1:0"][..]]
    {
        let bad = place.run(arguments);
        assert_eq!((bad.code, bad.out.as_str()), (78, ""), "{}", bad.err);
        let first = "the key file bad.json cannot be used: it has no public key";
        assert!(bad.err.contains(first), "{}", bad.err);
        assert!(bad.err.contains("wardroom.toml:5:"), "{}", bad.err);
        assert!(!bad.err.contains("Y2FuYXJ5"), "{}", bad.err);
    }
    let all = place.run(&["config", "check"]).err;
    assert!(all.contains("failed to read the key file none.json"), "{all}");
}

#[test]
fn a_node_without_anybody_to_sign_in_does_not_start() {
    let place = Place::new();
    place.file("wardroom.toml", "[auth]\ndevelopment = false\n");
    let ended = place.run(&["serve", "--ephemeral", "--listen", "127.0.0.1:0"]);
    assert_eq!(ended.code, 78);
    assert!(ended.err.contains("nobody could sign in"), "{}", ended.err);
    let token = place.run(&["token", "--sub", "a", "--name", "A"]);
    assert_eq!((token.code, token.out.as_str()), (1, ""));
    assert!(token.err.contains("auth.development = false"), "{}", token.err);
}
