//! Bad input where somebody says who they are.

use serde_json::{Value, json};

use super::case::Case;
use super::stage::{IDP, Stage};
use crate::world::{World, masked};

/// A token of the node's own issuer, but for something in its claims.
fn own(stage: &Stage, change: impl FnOnce(&mut wardroom::identity::Claims)) -> String {
    let mut claims = World::claims("eve", 3600);
    change(&mut claims);
    stage.world.sign(&claims)
}

/// Claims that the identity provider would sign, but for the audience.
fn provided(audience: &str) -> Value {
    let exp = World::claims("eve", 3600).exp;
    json!({ "iss": IDP, "sub": "eve", "name": "Dr Eve", "aud": audience, "exp": exp })
}

/// A token with another part of itself put in place of the first, second or third.
fn part(token: &str, index: usize, value: &str) -> String {
    let mut parts: Vec<_> = token.split('.').collect();
    parts[index] = value;
    parts.join(".")
}

fn base64(value: &Value) -> String {
    data_encoding::BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

fn text(text: &str) -> Vec<u8> {
    masked(0x81, text.as_bytes())
}

pub(super) fn cases() -> Vec<Case> {
    let nowhere = json!({ "epoch": 0, "seq": 0 });
    let many: serde_json::Map<_, _> =
        (0..129).map(|number| (format!("room-{number}"), nowhere.clone())).collect();
    vec![
        Case::stranger("hello-late", "", |_| Vec::new()),
        Case::stranger("command-before-hello", "", |_| text(r#"{"id":1,"op":"rooms"}"#)),
        Case::stranger("unknown-op-before-hello", "", |_| text(r#"{"id":1,"op":"knock"}"#)),
        Case::stranger("hello-without-id", "", |_| text(r#"{"op":"hello","d":{"token":"x"}}"#)),
        Case::hello("hello-unknown-field", |_| json!({ "token": "x", "room": "cardiology" })),
        Case::hello("hello-without-token", |_| json!({})),
        Case::command("hello-twice", "hello", |_| json!({ "token": "x" })),
        Case::hello(
            "resume-too-many",
            move |stage| json!({ "token": own(stage, |_| {}), "resume": many }),
        ),
        Case::token("token-nonsense", |_| "sesame".to_owned()),
        Case::token("token-of-another-key", |_| World::new().token("eve", &[])),
        Case::token("token-unsigned", |stage| {
            let none = base64(&json!({ "alg": "none", "typ": "JWT" }));
            part(&part(&own(stage, |_| {}), 0, &none), 2, "")
        }),
        Case::token("token-changed", |stage| {
            let grand = own(stage, |claims| claims.roles = vec!["moderator".into()]);
            let claims = grand.split('.').nth(1).unwrap();
            part(&own(stage, |_| {}), 1, claims)
        }),
        Case::token("token-of-unknown-issuer", |stage| {
            own(stage, |claims| claims.iss = "somebody-else".into())
        }),
        Case::token("token-not-yet", |stage| own(stage, |claims| claims.iat += 3600 + 60)),
        Case::token("token-too-long", |_| "x".repeat(8 * 1024 + 1)),
        Case::token("token-expired", |stage| stage.world.token_for("eve", &[], -60)),
        Case::command(
            "token-of-another-person",
            "refresh",
            |stage| json!({ "token": stage.world.token("somebody-else", &[]) }),
        ),
        Case::token("token-for-another-audience", |stage| {
            stage.provider.token(&provided("another-server"))
        }),
        Case::token("token-with-a-path-for-a-key", |stage| {
            let header = json!({ "alg": "EdDSA", "kid": "../../../etc/passwd" });
            stage.provider.sign(&header, &provided("wardroom"))
        }),
        Case::test(
            "token-ends-while-connected",
            "refresh",
            "without_a_refresh_nothing_comes_after_the_end_and_with_one_all_goes_on",
        ),
    ]
}
