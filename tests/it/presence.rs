//! Presence: who is in a room, as those who follow it are told. Tests that prove that something is
//! *not* told wait for what is told after it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::{Node, PATIENCE, Probe, World, mid, post};

const GRACE: Duration = Duration::from_secs(5);

async fn join(probe: &mut Probe, room: &str) -> Value {
    probe.ask("join", json!({ "room": room })).await.unwrap()
}

/// A node with the room `cardiology`, and `ben`, who is in it and has heard of himself.
pub(crate) async fn with_ben(world: &World) -> (Node, Probe) {
    let node = world.node_with(&["--ephemeral"], &[]);
    node.probe(&world.token("mo", &["moderator"])).await.create("cardiology").await;
    let mut ben = node.probe(&world.token("ben", &[])).await;
    assert_eq!(join(&mut ben, "cardiology").await["online"], 1, "the answer counts the asker");
    assert_eq!(names(&ben.presence().await["joined"]), ["Dr ben"]);
    (node, ben)
}

pub(crate) async fn enter(node: &Node, world: &World, sub: &str) -> (Probe, String) {
    let mut probe = Probe::open(&node.socket).await;
    let greeting = probe.hello(&world.token(sub, &[])).await;
    join(&mut probe, "cardiology").await;
    (probe, greeting["principal"]["id"].as_str().unwrap().to_owned())
}

fn names(people: &Value) -> Vec<&str> {
    let people = people.as_array().into_iter().flatten();
    people.map(|person| person["card"]["name"].as_str().unwrap()).collect()
}

/// Reads signals until one says that this person left; all that were read, that one included.
async fn until_left(probe: &mut Probe, id: &str) -> Vec<Value> {
    let mut told = Vec::new();
    loop {
        told.push(probe.presence().await);
        let left = told.last().and_then(|signal| signal["left"].as_array());
        if left.is_some_and(|left| left.iter().any(|who| who == id)) {
            return told;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_are_here_are_told_who_comes_and_who_goes() {
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let mut ana = Probe::open(&node.socket).await;
    let id = ana.hello(&world.token("ana", &[])).await["principal"]["id"].clone();
    assert_eq!(join(&mut ana, "cardiology").await["online"], 2);
    let signal = ben.presence().await;
    assert_eq!((&signal["rev"], &signal["online"]), (&json!(2), &json!(2)));
    assert_eq!(signal["joined"][0]["id"], id);
    assert_eq!(signal["joined"][0]["card"]["name"], "Dr ana");
    assert_eq!(ana.presence().await, signal, "everybody is told the same");

    let page = ben.ask("presence", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!((&page["rev"], &page["online"]), (&json!(2), &json!(2)));
    assert_eq!(names(&page["people"]).into_iter().collect::<BTreeSet<_>>().len(), 2);
    let first = ben.ask("presence", json!({ "room": "cardiology", "limit": 1 })).await.unwrap();
    let next = json!({ "room": "cardiology", "after": first["next"], "limit": 1 });
    let second = ben.ask("presence", next).await.unwrap();
    assert_eq!(json!([first["people"][0], second["people"][0]]), page["people"]);
    assert_eq!(second.get("next"), None);

    let asked = Instant::now();
    ana.ask("leave", json!({ "room": "cardiology" })).await.unwrap();
    let signal = ben.presence().await;
    assert!(asked.elapsed() >= GRACE, "left before the grace was over");
    assert_eq!(signal, json!({ "rev": 3, "online": 1, "left": [id] }));
    let page = ana.ask("history", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(page["entries"].as_array().unwrap().len(), 1, "presence is never logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_back_within_the_grace_never_left() {
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let (ana, id) = enter(&node, &world, "ana").await;
    drop(ana);
    // Back by a resume, as after a lost connection.
    let mut ana = Probe::open(&node.socket).await;
    let resume = json!({ "cardiology": { "epoch": 0, "seq": 0 } });
    let hello = json!({ "token": world.token("ana", &[]), "resume": resume });
    let greeting = ana.ask("hello", hello).await.unwrap();
    assert_eq!(greeting["principal"]["id"], json!(id));
    assert_eq!(greeting["rooms"]["cardiology"]["ok"]["online"], 2);
    // Somebody who comes and goes after that is told later.
    let (dee, marker) = enter(&node, &world, "dee").await;
    drop(dee);
    let told = until_left(&mut ben, &marker).await;
    assert!(told.iter().all(|signal| !signal["left"].to_string().contains(&id)), "{told:?}");
    let came = told.iter().filter(|signal| signal["joined"].to_string().contains(&id)).count();
    assert_eq!(came, 1, "{told:?}");
    drop(ana);
    until_left(&mut ben, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_is_told_while_the_grace_of_another_one_runs() {
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let (mut ana, id) = enter(&node, &world, "ana").await;
    assert_eq!(names(&ben.presence().await["joined"]), ["Dr ana"]);
    ana.ask("leave", json!({ "room": "cardiology" })).await.unwrap();
    let (_dee, _) = enter(&node, &world, "dee").await;
    let signal = ben.presence().await;
    assert_eq!(names(&signal["joined"]), ["Dr dee"], "it did not wait for the grace: {signal}");
    assert_eq!((&signal["online"], signal.get("left")), (&json!(3), None));
    until_left(&mut ben, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_with_two_devices_is_one_and_leaves_with_the_last() {
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let (phone, id) = enter(&node, &world, "ana").await;
    let (mut laptop, _) = enter(&node, &world, "ana").await;
    assert_eq!(join(&mut laptop, "cardiology").await["online"], 2, "joined twice over");
    drop(phone);
    let (dee, marker) = enter(&node, &world, "dee").await;
    drop(dee);
    let told = until_left(&mut ben, &marker).await;
    assert!(told.iter().all(|signal| !signal["left"].to_string().contains(&id)), "{told:?}");
    assert_eq!(told.last().unwrap()["online"], 2);
    laptop.ask("leave", json!({ "room": "cardiology" })).await.unwrap();
    until_left(&mut ben, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_token_shows_its_card_to_whoever_asks() {
    let world = World::new();
    let (_node, mut ben) = with_ben(&world).await;
    let claims =
        wardroom::identity::Claims { name: "Dr Ben Newname".into(), ..World::claims("ben", 3600) };
    ben.ask("refresh", json!({ "token": world.sign(&claims) })).await.unwrap();
    let page = ben.ask("presence", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(names(&page["people"]), ["Dr Ben Newname"]);
    assert_eq!((&page["rev"], &page["online"]), (&json!(1), &json!(1)), "that is no news");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_makes_its_bearer_leave() {
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let mut eve = Probe::open(&node.socket).await;
    let greeting = eve.hello(&world.token_for("eve", &[], 2)).await;
    join(&mut eve, "cardiology").await;
    // She never reads nor closes: the server ends it.
    until_left(&mut ben, greeting["principal"]["id"].as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_arrivals_is_a_signal_a_second() {
    // A crowd with --long, which is told by numbers; before that, by names.
    let people: u64 = if crate::world::long() { 1_000 } else { 150 };
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let mut ready = Vec::new();
    for number in 0..people {
        ready.push(node.probe(&world.token(&format!("p{number}"), &[])).await);
    }
    let begun = Instant::now();
    for probe in &mut ready {
        probe.tell("join", json!({ "room": "cardiology" })).await;
    }
    let (mut told, mut online, mut here) = (0, 1, BTreeSet::new());
    while online <= people {
        let signal = ben.presence().await;
        told += 1;
        assert_eq!(signal["rev"], told + 1, "none is lost");
        online = signal["online"].as_u64().unwrap();
        here.extend(names(&signal["joined"]).into_iter().map(ToOwned::to_owned));
        assert!(here.len() as u64 + 1 == online || online > 200, "{signal}");
    }
    let took = begun.elapsed();
    println!("{people} joins in {took:?}: {told} signals");
    assert!(told <= took.as_secs() + 2, "{told} signals in {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn above_two_hundred_there_are_numbers_only_and_nobody_is_seen_writing() {
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let mut crowd = Vec::new();
    for number in 0..200 {
        crowd.push(enter(&node, &world, &format!("p{number}")).await.0);
    }
    let signal = loop {
        let signal = ben.presence().await;
        if signal["online"] == 201 {
            break signal;
        }
    };
    assert!(signal.get("joined").is_none() && signal.get("left").is_none(), "{signal}");
    let page = ben.ask("presence", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(page, json!({ "rev": signal["rev"], "online": 201 }));
    let typing = json!({ "op": "typing", "d": { "room": "cardiology" } }).to_string();
    crowd[0].send(typing.clone()).await;
    crowd[0].post("cardiology", "T", "a marker").await.unwrap();
    let frame = ben.receive().await.unwrap();
    assert!(frame.contains("a marker"), "nobody is told who writes: {frame}");

    // At two hundred names are back, for those who ask, and then in signals.
    drop(crowd.pop());
    let signal = ben.presence().await;
    assert_eq!(signal["online"], 200);
    assert!(signal.get("left").is_none(), "{signal}");
    let page = ben.ask("presence", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(names(&page["people"]).len(), 200);
    drop(crowd.pop());
    assert_eq!(ben.presence().await["left"].as_array().unwrap().len(), 1);
    crowd[0].send(typing).await;
    assert_eq!(ben.op("typing").await["d"]["card"]["name"], "Dr p0");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_cards_make_more_pages_and_no_long_signal() {
    const PEOPLE: usize = 20;
    const LONGEST: usize = 50_000;
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let mut ready = Vec::new();
    for number in 0..PEOPLE {
        let claims = wardroom::identity::Claims {
            specialties: (0..20).map(|at| format!("{at} {}", "s".repeat(190))).collect(),
            ..World::claims(&format!("p{number}"), 3600)
        };
        ready.push(node.probe(&world.sign(&claims)).await);
    }
    for probe in &mut ready {
        probe.tell("join", json!({ "room": "cardiology" })).await;
    }
    loop {
        let signal = ben.presence_text().await;
        assert!(signal.len() < LONGEST, "a signal of {} bytes", signal.len());
        if signal.contains(&format!("\"online\":{}", PEOPLE + 1)) {
            break;
        }
    }
    let (mut pages, mut here) = (0, BTreeSet::new());
    let mut ask = json!({ "room": "cardiology" });
    loop {
        let page = ben.ask("presence", ask.clone()).await.unwrap();
        assert!(page.to_string().len() < LONGEST, "a page of {} bytes", page.to_string().len());
        here.extend(names(&page["people"]).into_iter().map(ToOwned::to_owned));
        pages += 1;
        let Some(next) = page.get("next") else { break };
        ask["after"] = next.clone();
    }
    assert_eq!((here.len(), pages), (PEOPLE + 1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_tell_how_many_are_there() {
    let world = World::new();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    for room in ["cardiology", "nephrology"] {
        mo.create(room).await;
    }
    drop(mo);
    assert!(node.stop().success());
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let online = |rooms: Value| -> Vec<u64> {
        let rooms = rooms["rooms"].as_array().unwrap().iter();
        rooms.map(|room| room["online"].as_u64().unwrap()).collect()
    };
    assert_eq!(online(ana.ask("rooms", json!({})).await.unwrap()), [0, 0]);
    let page = ana.ask("presence", json!({ "room": "nephrology" })).await.unwrap();
    assert_eq!(page, json!({ "rev": 0, "online": 0, "people": [] }));
    join(&mut ana, "nephrology").await;
    assert_eq!(online(ana.ask("rooms", json!({})).await.unwrap()), [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_is_a_rooms_and_for_those_who_may_read_it() {
    let world = World::new();
    let (node, mut ben) = with_ben(&world).await;
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    let lane = join(&mut mo, "cardiology/moderators").await;
    assert_eq!(lane.get("online"), None, "a lane has no presence");
    for (body, code) in [
        (json!({ "room": "nowhere" }), "unknown_room"),
        (json!({ "room": "cardiology/moderators" }), "forbidden"),
        (json!({ "room": "~directory" }), "unknown_room"),
        (json!({ "room": "cardiology", "limit": 0 }), "bad_request"),
        (json!({ "room": "cardiology", "limit": 201 }), "bad_request"),
        (json!({ "room": "cardiology", "after": "Not An Id" }), "bad_request"),
        (json!({}), "bad_request"),
    ] {
        assert_eq!(ben.ask("presence", body.clone()).await.unwrap_err()["code"], code, "{body}");
    }
    let lane = json!({ "room": "cardiology/moderators" });
    assert_eq!(mo.ask("presence", lane).await.unwrap_err()["code"], "bad_request");
    // Whoever follows the lane only is not in the room.
    let page = mo.ask("presence", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(names(&page["people"]), ["Dr ben"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gauge_settles_to_zero_after_the_last_client_leaves() {
    let world = World::new();
    let (node, ben) = with_ben(&world).await;
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("nephrology").await;
    let gauge = async |name: &str| -> f64 {
        let (_, page) = node.get("/metrics").await;
        let line = page.lines().find(|line| line.starts_with(&format!("wardroom_{name} ")));
        line.and_then(|line| line.rsplit_once(' ')).unwrap().1.parse().unwrap()
    };
    let mut crowd = vec![ben, mo];
    for number in 0..20 {
        // Some with two devices, some in two rooms, some follow a room twice over.
        let (mut probe, _) = enter(&node, &world, &format!("p{}", number / 2)).await;
        if number % 3 == 0 {
            join(&mut probe, "nephrology").await;
        }
        join(&mut probe, "cardiology").await;
        probe.ask("message.post", post("cardiology", "T", &mid(), "x")).await.unwrap();
        crowd.push(probe);
    }
    let (joined, present) = (gauge("joined").await, gauge("present").await);
    // ben and ten people in the one room; of numbers 0, 3, … 18 seven devices in the other one,
    // which belong to p0, p1, p3, p4, p6, p7 and p9.
    assert_eq!((gauge("connections").await, joined, present), (22.0, 28.0, 18.0));
    // Half of them say goodbye, the others are cut off.
    for (number, mut probe) in crowd.into_iter().enumerate() {
        if number % 2 == 0 {
            probe.ask("leave", json!({ "room": "cardiology" })).await.ok();
            probe.wire.close().await;
        }
    }
    let begun = Instant::now();
    loop {
        let left = [gauge("connections").await, gauge("joined").await, gauge("present").await];
        if left.iter().all(|gauge| gauge.abs() < 0.5) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "what is left: {left:?}");
        tokio::task::yield_now().await;
    }
    println!("all gauges at zero after {:?}", begun.elapsed());
}
