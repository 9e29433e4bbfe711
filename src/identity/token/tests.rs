//! What is believed, what is not, and for which reason.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use data_encoding::BASE64URL_NOPAD as BASE64;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::super::DevKey;
use super::*;

const NOW: u64 = 1_795_000_000;
const ISSUER: &str = "wardroom-dev";
const SECRET: &[u8] = b"an example secret, 32 bytes long";

fn claims() -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        sub: "ann".to_owned(),
        name: "Dr Ann Example".to_owned(),
        profession: Some("physician".to_owned()),
        specialties: vec!["cardiology".to_owned()],
        level: 2,
        roles: vec!["moderator".to_owned()],
        org: None,
        iat: NOW,
        exp: NOW + 3_600,
    }
}

fn body(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = serde_json::to_value(claims()).unwrap();
    change(&mut body);
    body
}

fn signed(header: &Header, body: &Value, secret: &[u8]) -> String {
    jsonwebtoken::encode(header, body, &EncodingKey::from_secret(secret)).unwrap()
}

fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    header
}

fn verifier() -> Verifier {
    Verifier::new(vec![Issuer::hs256(ISSUER, "dev", SECRET)])
}

/// What a fresh verifier says of a body signed as it should be.
fn judge(body: &Value) -> Result<Claims, TokenError> {
    let token = signed(&header(Algorithm::HS256, Some("dev")), body, SECRET);
    verifier().verify(&token, NOW * 1_000)
}

const fn invalid(reason: Reason) -> Result<Claims, TokenError> {
    Err(TokenError::Invalid(reason))
}

#[test]
fn a_good_token_gives_its_claims_with_and_without_a_key_id() {
    for kid in [Some("dev"), None] {
        let token = signed(&header(Algorithm::HS256, kid), &body(|_| {}), SECRET);
        assert_eq!(verifier().verify(&token, NOW * 1_000), Ok(claims()));
    }
    let bare =
        json!({"iss": ISSUER, "sub": "b", "name": "B", "iat": NOW, "exp": NOW + 1, "jti": "x"});
    let claims = judge(&bare).unwrap();
    assert_eq!((claims.level, claims.roles.len(), claims.org), (0, 0, None));
}

#[test]
fn another_algorithm_is_refused_whoever_signed() {
    let parts = |header: &Value| {
        format!(
            "{}.{}",
            BASE64.encode(header.to_string().as_bytes()),
            BASE64.encode(body(|_| {}).to_string().as_bytes())
        )
    };
    let none = parts(&json!({"alg": "none", "typ": "JWT"}));
    for token in
        [format!("{none}."), format!("{none}.AAAA"), format!("{}.", parts(&json!({"alg": "None"})))]
    {
        // The library does not know this name of an algorithm at all.
        assert_eq!(verifier().verify(&token, NOW * 1_000), invalid(Reason::Malformed));
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = signed(&header(algorithm, Some("dev")), &body(|_| {}), SECRET);
        assert_eq!(verifier().verify(&token, NOW * 1_000), invalid(Reason::Algorithm));
    }
}

#[test]
fn a_changed_token_or_another_key_is_refused() {
    let good = header(Algorithm::HS256, Some("dev"));
    let token = signed(&good, &body(|_| {}), b"another secret, also 32 bytes lo");
    assert_eq!(verifier().verify(&token, NOW * 1_000), invalid(Reason::Signature));

    let token = signed(&good, &body(|_| {}), SECRET);
    let parts: Vec<_> = token.split('.').collect();
    let raised = BASE64.encode(body(|b| b["level"] = json!(9)).to_string().as_bytes());
    let forged = format!("{}.{raised}.{}", parts[0], parts[2]);
    assert_eq!(verifier().verify(&forged, NOW * 1_000), invalid(Reason::Signature));
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    assert_eq!(verifier().verify(&unsigned, NOW * 1_000), invalid(Reason::Signature));
}

#[test]
fn a_key_id_selects_by_equality_and_is_never_a_path() {
    for kid in ["../../x", "/dev/null", "https://keys.example/jwks", "", "DEV"] {
        let token = signed(&header(Algorithm::HS256, Some(kid)), &body(|_| {}), SECRET);
        assert_eq!(verifier().verify(&token, NOW * 1_000), invalid(Reason::UnknownKey), "{kid}");
    }
    // An address of keys in the header is not looked at.
    let mut elsewhere = header(Algorithm::HS256, Some("dev"));
    elsewhere.jku = Some("https://keys.example/jwks".to_owned());
    let token = signed(&elsewhere, &body(|_| {}), b"another secret, also 32 bytes lo");
    assert_eq!(verifier().verify(&token, NOW * 1_000), invalid(Reason::Signature));
}

#[test]
fn time_is_checked_with_thirty_seconds_of_leeway() {
    let ends = |at: u64| judge(&body(|b| b["exp"] = json!(at)));
    assert!(ends(NOW - 29).is_ok());
    assert!(ends(NOW - 30).is_ok());
    assert_eq!(ends(NOW - 31), Err(TokenError::Expired));
    let begins = |at: u64| judge(&body(|b| b["nbf"] = json!(at)));
    assert!(begins(NOW + 30).is_ok());
    assert_eq!(begins(NOW + 31), invalid(Reason::NotYet));
    let issued = |at: u64| judge(&body(|b| b["iat"] = json!(at)));
    assert!(issued(NOW + 30).is_ok());
    assert_eq!(issued(NOW + 31), invalid(Reason::NotYet));
}

#[test]
fn another_issuer_or_audience_is_refused() {
    let from = |iss: Value| judge(&body(|b| b["iss"] = iss));
    assert_eq!(from(json!("somebody-else")), invalid(Reason::UnknownIssuer));
    assert_eq!(from(json!("wardroom-dev ")), invalid(Reason::UnknownIssuer));
    assert_eq!(from(Value::Null), invalid(Reason::UnknownIssuer));
    assert_eq!(from(json!([ISSUER, "somebody-else"])), invalid(Reason::UnknownIssuer));
    let aud = judge(&body(|b| b["aud"] = json!("another-service")));
    assert_eq!(aud, invalid(Reason::Audience));
}

#[test]
fn two_issuers_each_count_with_their_own_key_only() {
    let other = b"the other one's own secret, long";
    let verifier = Verifier::new(vec![
        Issuer::hs256(ISSUER, "dev", SECRET),
        Issuer::hs256("hospital", "k1", other),
    ]);
    let judge = |iss: &str, secret| {
        let token =
            signed(&header(Algorithm::HS256, None), &body(|b| b["iss"] = json!(iss)), secret);
        verifier.verify(&token, NOW * 1_000).map(|claims| claims.iss)
    };
    assert_eq!(judge(ISSUER, SECRET), Ok(ISSUER.to_owned()));
    assert_eq!(judge("hospital", other), Ok("hospital".to_owned()));
    for (iss, secret) in [(ISSUER, other.as_slice()), ("hospital", SECRET)] {
        assert_eq!(judge(iss, secret), Err(TokenError::Invalid(Reason::Signature)));
    }
}

#[test]
fn size_is_checked_before_anything_else() {
    let sized = |bytes: usize| verifier().verify(&"x".repeat(bytes), NOW * 1_000);
    assert_eq!(sized(LONGEST), invalid(Reason::Malformed));
    assert_eq!(sized(LONGEST + 1), invalid(Reason::TooLong));
    // A token of 9 KiB with a good signature is refused as well.
    let long = body(|b| b["padding"] = json!("x".repeat(9 * 1024)));
    assert_eq!(judge(&long), invalid(Reason::TooLong));
}

/// Whoever manages groups elsewhere sends what they have; nobody is kept out by it.
#[test]
fn what_an_issuer_sends_besides_keeps_nobody_out() {
    let claims = judge(&body(|b| {
        b["profession"] = json!("");
        b["org"] = Value::Null;
        b["specialties"] = Value::Null;
        let groups = (0..400).map(|group| format!("g{group}"));
        b["roles"] = groups.chain(["moderator", "moderator"].map(String::from)).collect();
    }));
    let claims = claims.expect("a token like any other");
    assert_eq!(
        (claims.profession, claims.org, claims.roles),
        (None, None, vec!["moderator".into()])
    );
    assert!(claims.specialties.is_empty());
    let claims = judge(&body(|b| {
        b["roles"] = Value::Null;
        b["specialties"] = json!(vec!["cardiology"; 40]);
        // 256 characters, and three bytes each.
        b["org"] = json!("ก".repeat(256));
    }));
    let claims = claims.expect("a token like any other");
    assert_eq!((claims.roles.len(), claims.specialties.len()), (0, 32));
    assert_eq!(judge(&body(|b| b["org"] = json!("ก".repeat(257)))), invalid(Reason::Claims));
}

#[test]
fn claims_out_of_bounds_are_refused() {
    let table: [fn(&mut Value); 9] = [
        |b| b["sub"] = json!(""),
        |b| b["sub"] = json!("x".repeat(257)),
        |b| b["sub"] = Value::Null,
        |b| b["name"] = json!(""),
        |b| b["level"] = json!(256),
        |b| b["level"] = json!(-1),
        |b| b["roles"] = json!("moderator"),
        |b| b["exp"] = json!("tomorrow"),
        |b| b["exp"] = json!(u64::MAX),
    ];
    for (number, change) in table.into_iter().enumerate() {
        let judged = judge(&body(change));
        assert_eq!(judged, invalid(Reason::Claims), "row {number}");
    }
    for garbage in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "💊.💊.💊"] {
        assert_eq!(
            verifier().verify(garbage, NOW * 1_000),
            invalid(Reason::Malformed),
            "{garbage}"
        );
    }
}

#[test]
fn a_token_seen_before_still_ends() {
    let verifier = verifier();
    let token = signed(&header(Algorithm::HS256, None), &body(|_| {}), SECRET);
    let end = (NOW + 3_600 + LEEWAY) * 1_000;
    assert!(verifier.verify(&token, NOW * 1_000).is_ok());
    assert_eq!(verifier.inner.seen.len(), (1, 1));
    assert!(verifier.verify(&token, end).is_ok());
    assert_eq!(verifier.verify(&token, end + 1), Err(TokenError::Expired));
}

/// Remembers a token that no key would verify, as if one had.
fn remember(verifier: &Verifier, token: &str, claims: &Claims) {
    let hash = *blake3::hash(token.as_bytes()).as_bytes();
    verifier.inner.seen.put(hash, verifier.generation(), &Arc::new(claims.clone()), NOW);
}

#[test]
fn a_token_seen_before_is_not_verified_again() {
    let verifier = verifier();
    let other = b"another secret, also 32 bytes lo";
    let token = signed(&header(Algorithm::HS256, None), &body(|_| {}), other);
    assert_eq!(verifier.verify(&token, NOW * 1_000), invalid(Reason::Signature));
    assert_eq!(verifier.inner.seen.len(), (0, 0), "what is refused is not remembered");
    remember(&verifier, &token, &claims());
    assert_eq!(verifier.verify(&token, NOW * 1_000), Ok(claims()), "looked up by its hash");
    let end = (NOW + 3_600 + LEEWAY) * 1_000;
    assert_eq!(verifier.verify(&token, end), Ok(claims()));
    assert_eq!(verifier.verify(&token, end + 1), Err(TokenError::Expired), "and it ends");
    let another = format!("{token}A");
    assert!(verifier.verify(&another, NOW * 1_000).is_err(), "another token is another one");
}

#[test]
fn a_token_seen_before_does_not_outlive_the_keys_that_verified_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    let publish = |x: &str| {
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "k", "x": x });
        // Renamed into its place: another file, whatever a clock says.
        let fresh = file.with_extension("new");
        std::fs::write(&fresh, json!({ "keys": [key] }).to_string()).unwrap();
        std::fs::rename(fresh, &file).unwrap();
    };
    // The public keys of two examples: RFC 8037, appendix A, and RFC 8032, section 7.1, test 2.
    publish("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    let issuer = crate::config::Issuer {
        name: ISSUER.to_owned(),
        jwks_file: file.clone(),
        audience: None,
        algorithms: vec![crate::config::Algorithm::EdDsa],
        place: crate::config::Place::Default,
    };
    let verifier = Verifier::new(vec![Issuer::published(&issuer).unwrap()]);
    let part = |part: Value| BASE64.encode(part.to_string().as_bytes());
    let head = part(json!({ "alg": "EdDSA", "kid": "k" }));
    let token = format!("{head}.{}.{}", part(body(|_| {})), BASE64.encode(&[7; 64]));
    remember(&verifier, &token, &claims());
    verifier.look();
    assert_eq!(verifier.verify(&token, NOW * 1_000), Ok(claims()), "the keys are the same");
    publish("PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw");
    verifier.look();
    assert_eq!(verifier.verify(&token, NOW * 1_000), invalid(Reason::Signature));
}

#[test]
fn what_is_remembered_is_bounded_and_what_ended_is_forgotten() {
    let seen = Seen::default();
    let remember = |number: u64, exp: u64, now: u64| {
        let hash = *blake3::hash(&number.to_be_bytes()).as_bytes();
        seen.put(hash, 0, &Arc::new(Claims { exp, ..claims() }), now);
        hash
    };
    let room = seen::ROOM as u64;
    let first = remember(0, NOW + 1, NOW);
    for number in 1..room {
        remember(number, NOW + 1 + number, NOW);
    }
    assert_eq!(seen.len(), (seen::ROOM, seen::ROOM));
    assert!(seen.get(&first, 0).is_some());
    // What other keys have verified does not count.
    assert!(seen.get(&first, 1).is_none());
    // Seen again: nothing makes way.
    remember(1, NOW + 2, NOW);
    assert!(seen.get(&first, 0).is_some());
    // One more: the one that ends first makes way.
    let one_more = remember(room, NOW + 2 * room, NOW);
    assert_eq!(seen.len(), (seen::ROOM, seen::ROOM));
    assert!(seen.get(&first, 0).is_none() && seen.get(&one_more, 0).is_some());
    // Long after, all that ended are gone.
    let late = NOW + 3 * room + LEEWAY;
    remember(room + 1, late + 9, late);
    assert_eq!(seen.len(), (1, 1));
}

#[test]
fn nothing_personal_shows_in_debug_or_errors() {
    let shown = format!(
        "{:?} {:?} {:?} {} {}",
        claims(),
        verifier(),
        DevKey::ephemeral(),
        TokenError::Invalid(Reason::Signature),
        TokenError::Expired
    );
    for secret in ["ann", "Ann", "physician", "cardiology", "secret", "signature"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn a_development_key_is_made_once_private_and_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = tempfile::tempdir().unwrap();
    let dir = data.path().join("keys");
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let dir = dir.clone();
            std::thread::spawn(move || DevKey::open_or_create(&dir).unwrap().sign(&claims()))
        })
        .collect();
    let tokens: BTreeSet<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert_eq!(tokens.len(), 1, "everybody signs with the same key");
    let names: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["dev-token.key"], "no copy of the key is left behind");

    let key = DevKey::open_or_create(&dir).unwrap();
    let token = tokens.first().unwrap();
    assert!(key.verifier(ISSUER).verify(token, NOW * 1_000).is_ok());
    assert!(DevKey::ephemeral().verifier(ISSUER).verify(token, NOW * 1_000).is_err());

    let path = dir.join("dev-token.key");
    let allow = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    allow(0o640).unwrap();
    let error = DevKey::open_or_create(&dir).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    allow(0o600).unwrap();
    std::fs::write(&path, "not a key").unwrap();
    let error = DevKey::open_or_create(&dir).unwrap_err().to_string();
    assert!(error.contains("64 hexadecimal digits"), "{error}");
}
