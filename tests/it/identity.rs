//! Tokens on the socket: who gets in, and for how long.

use serde_json::json;

use crate::world::{Probe, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_over_closes_the_connection() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut ana = Probe::open(&node.socket).await;
    let token = world.token_for("ana", &[], 2);
    ana.hello(&token).await;
    assert_eq!(ana.closed().await, (4202, "token_expired".into()));

    // Over by this clock, which may run ahead: greeted, and told to bring a newer one while there is time.
    let mut ahead = Probe::open(&node.socket).await;
    let greeting = ahead.hello(&world.token_for("ana", &[], -5)).await;
    let left = greeting["expires_at"].as_u64().unwrap() - greeting["now"].as_u64().unwrap();
    assert!((15_000..=25_000).contains(&left), "{left} ms");
    let notice = ahead.op("expiring").await;
    assert_eq!(notice["d"]["expires_at"], greeting["expires_at"]);
    let longer = json!({ "token": world.token("ana", &[]) });
    ahead.ask("refresh", longer).await.unwrap();

    // Over for longer than the leeway: not even greeted.
    let mut late = Probe::open(&node.socket).await;
    let token = world.token_for("ana", &[], -60);
    let refused = late.ask("hello", json!({ "token": token })).await.unwrap_err();
    assert_eq!(refused["number"], 301);
    assert_eq!(late.closed().await.0, 4202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_token_is_refused_and_repeated_nowhere() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[("WARDROOM_TELEMETRY__FILTER", "trace")]);
    let mut probe = Probe::open(&node.socket).await;
    let token = World::new().token("mallory-canary", &["moderator"]);
    let refused = probe.ask("hello", json!({ "token": token })).await.unwrap_err();
    assert_eq!((&refused["code"], &refused["number"]), (&json!("token_invalid"), &json!(300)));
    assert!(!refused.to_string().contains(&token));
    assert_eq!(probe.closed().await, (4201, "token_invalid".into()));
    assert!(!node.told().contains(&token), "the node's log holds a token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_opaque_and_stays_the_same() {
    let world = World::new();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana@hospital.example", &[])).await;
    drop(ana);
    let mut again = Probe::open(&node.socket).await;
    let first = again.hello(&world.token("ana@hospital.example", &[])).await;
    let id = first["principal"]["id"].as_str().unwrap().to_owned();
    assert!(!id.contains("ana"));
    let mut other = Probe::open(&node.socket).await;
    let ben = other.hello(&world.token("ben", &[])).await;
    assert_ne!(ben["principal"]["id"], id.as_str());
    drop((again, other));
    node.kill();
    let node = world.node();
    ana = Probe::open(&node.socket).await;
    let hello = ana.hello(&world.token("ana@hospital.example", &[])).await;
    assert_eq!(hello["principal"]["id"], id.as_str());
    // The subject rests nowhere in the open.
    assert_eq!(crate::world::grep(&world.data(), b"ana@hospital.example"), None);
}

/// A card goes into every entry of its owner, so whatever is written on it is screened.
#[tokio::test(flavor = "multi_thread")]
async fn every_text_of_a_card_is_screened() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let cards: [fn(&mut wardroom::identity::Claims, String); 4] = [
        |claims, text| claims.name = text,
        |claims, text| claims.profession = Some(text),
        |claims, text| claims.specialties.push(text),
        |claims, text| claims.org = Some(text),
    ];
    for (number, write) in cards.into_iter().enumerate() {
        let bad = [("a\nb".to_owned(), "bad_text"), ("x".repeat(201), "too_large")];
        for (text, code) in bad {
            let mut claims = World::claims("ana", 3600);
            write(&mut claims, text);
            let mut probe = Probe::open(&node.socket).await;
            let refused = probe.ask("hello", json!({ "token": world.sign(&claims) })).await;
            let refused = refused.unwrap_err();
            assert_eq!(
                (&refused["code"], &refused["field"]),
                (&json!(code), &json!("/d/token")),
                "{number}"
            );
        }
        let mut claims = World::claims("ana", 3600);
        write(&mut claims, "St. Example's".to_owned());
        Probe::open(&node.socket).await.hello(&world.sign(&claims)).await;
    }
}
