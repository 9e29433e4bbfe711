//! Identity providers: which of their tokens are believed, and what a change of keys does.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use wardroom::config::{Algorithm, Issuer as Configured, Place};
use wardroom::identity::token::Reason;
use wardroom::identity::{Claims, Issuer, TokenError, Verifier};

use crate::world::{Key, Probe, World, key_file};

const IDP: &str = "https://idp.example";
const NOW: u64 = 1_795_000_000;

/// A verifier for one issuer whose keys lie in a file.
struct Bench {
    world: World,
    verifier: Verifier,
}

impl Bench {
    fn new(keys: &[&Key], algorithms: &[Algorithm], audience: Option<&str>) -> Self {
        let world = World::new();
        key_file(&world.file("idp.json"), keys);
        let configured = Configured {
            name: IDP.into(),
            jwks_file: world.file("idp.json"),
            audience: audience.map(Into::into),
            algorithms: algorithms.to_vec(),
            place: Place::Default,
        };
        let issuer = Issuer::published(&configured).unwrap_or_else(|error| panic!("{error}"));
        Self { world, verifier: Verifier::new(vec![issuer]) }
    }

    fn file(&self) -> PathBuf {
        self.world.file("idp.json")
    }

    fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        self.verifier.verify(token, NOW * 1000)
    }
}

fn claims() -> Value {
    json!({
        "iss": IDP, "sub": "ana", "name": "Dr Ana Example", "aud": "wardroom",
        "exp": NOW + 3600, "roles": ["moderator"],
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = claims();
    change(&mut claims);
    claims
}

const fn invalid(reason: Reason) -> Result<Claims, TokenError> {
    Err(TokenError::Invalid(reason))
}

#[test]
fn each_algorithm_is_accepted_where_it_is_listed_and_nowhere_else() {
    let keys = [Key::ed("ed"), Key::ec("ec"), Key::rsa("rsa")];
    let published: Vec<_> = keys.iter().collect();
    let all = Bench::new(&published, &Algorithm::ALL, Some("wardroom"));
    for key in &keys {
        let believed = all.verify(&key.token(&claims())).unwrap();
        assert_eq!((&*believed.sub, believed.exp), ("ana", NOW + 3600), "{}", key.id);
        // Of each kind there is one key: it need not be named.
        let bare = key.sign(&json!({ "alg": key.algorithm() }), &claims());
        assert!(all.verify(&bare).is_ok(), "{}", key.id);
        // Another key of the same kind and name signed it.
        let other = match key.algorithm() {
            "EdDSA" => Key::ed("ed"),
            "ES256" => Key::ec("ec"),
            _ => Key::rsa("rsa"),
        };
        assert_eq!(all.verify(&other.token(&claims())), invalid(Reason::Signature), "{}", key.id);
    }
    for only in Algorithm::ALL {
        let bench = Bench::new(&published, &[only], Some("wardroom"));
        for key in &keys {
            let judged = bench.verify(&key.token(&claims()));
            if key.algorithm() == only.name() {
                assert!(judged.is_ok(), "{}", key.id);
            } else {
                assert_eq!(judged, invalid(Reason::Algorithm), "{}", key.id);
            }
        }
    }
}

#[test]
fn a_token_does_not_choose_what_its_key_is_good_for() {
    let keys = [Key::ed("ed"), Key::ec("ec"), Key::rsa("rsa")];
    let bench = Bench::new(&keys.iter().collect::<Vec<_>>(), &Algorithm::ALL, Some("wardroom"));
    for key in &keys {
        // A shared secret made of what is public: the bytes, the key as published, the whole file.
        let file = fs::read(bench.file()).unwrap();
        for secret in [key.public(), key.jwk().to_string().into_bytes(), file] {
            let forged = key.forge(&secret, &claims());
            assert_eq!(bench.verify(&forged), invalid(Reason::Algorithm), "{}", key.id);
        }
        // The name of one key under the algorithm of another.
        for other in keys.iter().filter(|other| other.id != key.id) {
            let header = json!({ "alg": key.algorithm(), "kid": other.id });
            let mixed = key.sign(&header, &claims());
            assert_eq!(bench.verify(&mixed), invalid(Reason::Algorithm), "{}", key.id);
        }
        for algorithm in ["none", "None", ""] {
            let header = json!({ "alg": algorithm, "kid": key.id });
            let signed = key.sign(&header, &claims());
            let unsigned = &signed[..=signed.rfind('.').unwrap()];
            for token in [&signed, unsigned] {
                assert_eq!(bench.verify(token), invalid(Reason::Malformed), "{algorithm}");
            }
        }
        let wider = json!({ "alg": "RS512", "kid": key.id });
        assert_eq!(bench.verify(&key.sign(&wider, &claims())), invalid(Reason::Algorithm));
        let crit = json!({ "alg": key.algorithm(), "kid": key.id, "crit": ["exp"] });
        assert_eq!(bench.verify(&key.sign(&crit, &claims())), invalid(Reason::Malformed));
    }
}

#[test]
fn a_key_id_selects_inside_the_set_and_addresses_of_keys_are_not_looked_at() {
    let (own, mallory) = (Key::ed("k1"), Key::ed("k1"));
    let bench = Bench::new(&[&own, &Key::ed("k2")], &Algorithm::ALL, Some("wardroom"));
    for kid in ["../../x", "/dev/null", "https://keys.example/jwks", "K1", ""] {
        let token = own.sign(&json!({ "alg": "EdDSA", "kid": kid }), &claims());
        assert_eq!(bench.verify(&token), invalid(Reason::UnknownKey), "{kid}");
    }
    // Two keys of one kind: a token must say which.
    let bare = own.sign(&json!({ "alg": "EdDSA" }), &claims());
    assert_eq!(bench.verify(&bare), invalid(Reason::UnknownKey));
    let address = "https://keys.example/jwks";
    for (field, value) in [("jku", json!(address)), ("x5u", json!(address)), ("jwk", mallory.jwk())]
    {
        let mut header = json!({ "alg": "EdDSA", "kid": "k1" });
        header[field] = value;
        let judged = bench.verify(&mallory.sign(&header, &claims()));
        assert_eq!(judged, invalid(Reason::Signature), "{field}");
    }
}

#[test]
fn issuer_subject_end_and_audience_are_required() {
    let key = Key::ec("k");
    let bench = Bench::new(&[&key], &Algorithm::ALL, Some("wardroom"));
    let judge = |claims: &Value| bench.verify(&key.token(claims));
    assert!(judge(&with(|c| c["aud"] = json!(["elsewhere", "wardroom"]))).is_ok());
    for aud in [json!("elsewhere"), json!(["elsewhere"]), json!([]), Value::Null, json!(7)] {
        let judged = judge(&with(|c| c["aud"] = aud.clone()));
        assert_eq!(judged, invalid(Reason::Audience), "{aud}");
    }
    for (claim, reason) in
        [("iss", Reason::UnknownIssuer), ("sub", Reason::Claims), ("exp", Reason::Claims)]
    {
        let judged = judge(&with(|c| drop(c.as_object_mut().unwrap().remove(claim))));
        assert_eq!(judged, invalid(reason), "{claim}");
    }
    assert_eq!(judge(&with(|c| c["exp"] = json!(NOW - 31))), Err(TokenError::Expired));
    assert!(judge(&with(|c| c["exp"] = json!(NOW - 30))).is_ok());
    assert_eq!(judge(&with(|c| c["nbf"] = json!(NOW + 31))), invalid(Reason::NotYet));
    let long = with(|c| c["padding"] = json!("x".repeat(9 * 1024)));
    assert_eq!(judge(&long), invalid(Reason::TooLong));
    // An issuer without an audience takes no token that was made for one.
    let open = Bench::new(&[&key], &Algorithm::ALL, None);
    assert_eq!(open.verify(&key.token(&claims())), invalid(Reason::Audience));
    let bare = with(|c| drop(c.as_object_mut().unwrap().remove("aud")));
    assert!(open.verify(&key.token(&bare)).is_ok());
}

#[test]
fn keys_for_other_ends_are_passed_over() {
    let (key, other) = (Key::ed("k"), Key::ed("enc"));
    let bench = Bench::new(&[&key], &Algorithm::ALL, Some("wardroom"));
    let mut sealed = other.jwk();
    sealed["use"] = json!("enc");
    let strange = [
        sealed,
        json!({ "kty": "oct", "kid": "secret", "k": "c2VjcmV0" }),
        json!({ "kty": "newer", "kid": "newer" }),
        json!({ "kty": "EC", "crv": "secp256k1", "kid": "koblitz", "x": "AA", "y": "AA" }),
        json!({ "kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB" }),
        json!(7),
        key.jwk(),
    ];
    fs::write(bench.file(), json!({ "keys": strange }).to_string()).unwrap();
    bench.verifier.look();
    assert!(bench.verify(&key.token(&claims())).is_ok());
    assert_eq!(bench.verify(&other.token(&claims())), invalid(Reason::UnknownKey));
    assert_eq!(bench.verify(&key.forge(b"secret", &claims())), invalid(Reason::Algorithm));
}

#[tokio::test]
async fn a_new_key_is_found_by_its_name_at_most_every_thirty_seconds() {
    let (first, second, third) = (Key::ed("k1"), Key::ed("k2"), Key::ed("k3"));
    let bench = Bench::new(&[&first], &Algorithm::ALL, Some("wardroom"));
    let judge = async |key: &Key, ms: u64| {
        bench.verifier.judge(&key.token(&claims()), NOW * 1000 + ms).await
    };
    assert!(judge(&first, 0).await.is_ok());
    key_file(&bench.file(), &[&first, &second]);
    assert!(judge(&second, 1).await.is_ok(), "the file is looked at when a name is new");
    assert!(judge(&first, 2).await.is_ok());

    key_file(&bench.file(), &[&second, &third]);
    assert_eq!(judge(&third, 30_000).await, invalid(Reason::UnknownKey), "too early");
    assert!(judge(&first, 30_000).await.is_ok(), "nobody has looked yet");
    assert!(judge(&third, 30_001).await.is_ok());
    // The first key is withdrawn, also for a token that was verified by it before.
    assert_eq!(judge(&first, 30_002).await, invalid(Reason::UnknownKey));
    assert!(judge(&second, 30_002).await.is_ok());

    // Without anybody asking for a new one, the regular look withdraws a key as well.
    key_file(&bench.file(), &[&third]);
    bench.verifier.look();
    assert_eq!(bench.verify(&second.token(&claims())), invalid(Reason::UnknownKey));
    assert!(bench.verify(&third.token(&claims())).is_ok());
}

#[tokio::test]
async fn a_bad_file_leaves_the_last_good_keys_in_force() {
    let (first, second) = (Key::ed("k1"), Key::ed("k2"));
    let bench = Bench::new(&[&first], &[Algorithm::EdDsa], Some("wardroom"));
    let file = bench.file();
    let large = format!("{{\"keys\":[],\"padding\":\"{}\"}}", "x".repeat(1024 * 1024));
    let other_kind = json!({ "keys": [Key::ec("k2").jwk()] }).to_string();
    for bad in ["", "{", "[]", "{\"keys\":[]}", &large, &other_kind] {
        fs::write(&file, bad).unwrap();
        bench.verifier.look();
        assert!(bench.verify(&first.token(&claims())).is_ok());
        assert_eq!(bench.verify(&second.token(&claims())), invalid(Reason::UnknownKey));
    }
    fs::remove_file(&file).unwrap();
    bench.verifier.look();
    assert!(bench.verify(&first.token(&claims())).is_ok());
    // Good again: the keys are the file's.
    key_file(&file, &[&second]);
    bench.verifier.look();
    assert!(bench.verify(&second.token(&claims())).is_ok());
    assert_eq!(bench.verify(&first.token(&claims())), invalid(Reason::UnknownKey));
}

/// A node's configuration with this issuer.
fn configure(world: &World, more: &str) -> String {
    let (file, keys) = (world.file("wardroom.toml"), world.file("idp.json").display().to_string());
    let text = format!(
        "[auth]\n{more}\n[[auth.issuer]]\nname = {IDP:?}\njwks_file = {keys:?}\naudience = \"wardroom\"\n"
    );
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// Claims that are good now.
fn living(sub: &str) -> Value {
    let exp = World::claims(sub, 3600).exp;
    with(|c| (c["sub"], c["exp"]) = (json!(sub), json!(exp)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_takes_tokens_of_its_issuers_and_follows_a_change_of_keys() {
    let world = World::new();
    let (first, second) = (Key::rsa("k1"), Key::ec("k2"));
    key_file(&world.file("idp.json"), &[&first]);
    let config = configure(&world, "development = false");
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_CONFIG", &config)]);
    let mut ana = node.probe(&first.token(&living("ana"))).await;
    ana.create("cardiology").await;

    key_file(&world.file("idp.json"), &[&second]);
    let mut again = Probe::open(&node.socket).await;
    let token = second.token(&living("ana"));
    let hello = again.hello(&token).await;
    // The same person under either key; a refresh takes the new one too.
    let answer = ana.ask("refresh", json!({ "token": token })).await;
    assert_eq!(answer.unwrap()["expires_at"], hello["expires_at"]);

    // The old key is withdrawn, and the development key is off.
    for token in [first.token(&living("ben")), world.token("ben", &[])] {
        let mut late = Probe::open(&node.socket).await;
        let refused = late.ask("hello", json!({ "token": token })).await.unwrap_err();
        assert_eq!(refused["number"], 300);
        assert_eq!(late.closed().await, (4201, "token_invalid".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_warns_of_a_bad_key_file_by_its_name_and_goes_on() {
    let world = World::new();
    let (first, second) = (Key::ed("k1"), Key::ed("k2"));
    key_file(&world.file("idp.json"), &[&first]);
    let config = configure(&world, "");
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_CONFIG", &config)]);
    // In one step, so that the node never finds it half written and warns of that as well.
    fs::write(world.file("new.json"), "{\"keys\":[{\"d\":\"canary\"}]}").unwrap();
    fs::rename(world.file("new.json"), world.file("idp.json")).unwrap();
    let unknown = second.token(&living("ben"));
    let mut ben = Probe::open(&node.socket).await;
    let refused = ben.ask("hello", json!({ "token": unknown })).await.unwrap_err();
    assert_eq!(refused["code"], "token_invalid");
    let told = node.told();
    let file = world.file("idp.json").display().to_string();
    let warned = told.lines().filter(|line| line.contains("WARN") && line.contains(&file));
    assert_eq!(warned.count(), 1, "{told}");
    assert!(!told.contains(&unknown) && !told.contains("canary"), "{told}");
    // The last good key and the development key are there as before.
    node.probe(&first.token(&living("ana"))).await.create("cardiology").await;
    node.probe(&world.token("dev", &[])).await;
}
