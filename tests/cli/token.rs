//! `wardroom token`.

use std::time::{SystemTime, UNIX_EPOCH};

use wardroom::identity::DevKey;

use crate::command::{Place, end};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn the_token_alone_is_on_stdout_and_claims_what_was_asked_for() {
    let place = Place::new();
    let before = now();
    let ended = place.run(&[
        "token",
        "--data",
        "d",
        "--sub",
        "ann",
        "--name",
        "Dr Ann Example",
        "--profession",
        "physician",
        "--specialty",
        "cardiology",
        "--specialty",
        "nephrology",
        "--level",
        "2",
        "--role",
        "import,moderator",
        "--org",
        "Example Hospital",
        "--ttl",
        "12h",
    ]);
    let after = now();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let token = ended.out.strip_suffix('\n').unwrap();
    assert!(!token.contains(char::is_whitespace), "{token}");

    let key = DevKey::open_or_create(&place.path("d/keys")).unwrap();
    let claims = key.verifier("wardroom-dev").verify(token, after * 1_000).unwrap();
    assert_eq!(
        (claims.sub.as_str(), claims.name.as_str(), claims.level),
        ("ann", "Dr Ann Example", 2)
    );
    assert_eq!(claims.profession.as_deref(), Some("physician"));
    assert_eq!(claims.org.as_deref(), Some("Example Hospital"));
    assert_eq!(claims.specialties, ["cardiology", "nephrology"]);
    assert_eq!(claims.roles, ["import", "moderator"]);
    assert!((before..=after).contains(&claims.iat));
    assert_eq!(claims.exp - claims.iat, 12 * 3_600);
}

#[test]
fn the_data_directory_and_the_issuer_come_from_the_configuration() {
    let place = Place::new();
    place.file("wardroom.toml", "data = \"elsewhere\"\n[auth]\ndevelopment_issuer = \"trial\"\n");
    let ended = place.run(&["token", "--sub", "a", "--name", "A"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let key = DevKey::open_or_create(&place.path("elsewhere/keys")).unwrap();
    let claims = key.verifier("trial").verify(ended.out.trim(), now() * 1_000).unwrap();
    assert_eq!(claims.exp - claims.iat, 3_600, "an hour by default");
}

#[test]
fn wrong_usage_ends_with_2_and_says_why() {
    let place = Place::new();
    let base = ["token", "--sub", "a", "--name", "A"];
    let table: [(&[&str], &str); 8] = [
        (&["--ttl", "31d"], "a development token lives for 30d at most"),
        (&["--ttl", "0s"], "at least a second"),
        (&["--ttl", "soon"], "90s, 30m, 12h or 7d"),
        (&["--level", "256"], "256 is not in 0..=255"),
        (&["--org", ""], "it is empty"),
        (&["--role", ""], "it is empty"),
        (&["--listen", "127.0.0.1:0"], "unexpected argument"),
        (&["--sub", "b"], "cannot be used multiple times"),
    ];
    for (more, expected) in table {
        let ended = place.run(&[&base, more].concat());
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{more:?}");
        assert!(ended.err.contains(expected), "{more:?}\n{}", ended.err);
    }
    assert_eq!(place.run(&["token", "--sub", "a"]).code, 2);
    assert!(!place.path("wardroom-data").exists(), "nothing was made");
}

#[test]
fn a_place_that_holds_no_data_ends_with_74_and_an_exposed_key_with_78() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.file("occupied", "");
    let ended = place.run(&["token", "--sub", "a", "--name", "A", "--data", "occupied"]);
    assert_eq!((ended.code, ended.out.as_str()), (74, ""));
    assert!(ended.err.contains("development key occupied/keys/dev-token.key: "), "{}", ended.err);

    assert_eq!(place.run(&["token", "--sub", "a", "--name", "A"]).code, 0);
    let key = place.path("wardroom-data/keys/dev-token.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = place.run(&["token", "--sub", "a", "--name", "A"]);
    assert_eq!((ended.code, ended.out.as_str()), (78, ""));
    assert!(ended.err.contains("chmod 600"), "{}", ended.err);
}

#[test]
fn a_variable_that_is_a_slip_is_named() {
    let place = Place::new();
    let mut command = place.command(&["token", "--sub", "a", "--name", "A"]);
    let ended = end(command.env("WARDROOM_AUTH__DEVELOPMENT_ISSUR", "x"));
    assert_eq!(ended.code, 78);
    assert!(ended.err.contains("did you mean WARDROOM_AUTH__DEVELOPMENT_ISSUER?"), "{}", ended.err);
}
