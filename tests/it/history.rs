//! History: pages that are contiguous, or name what they lack.

use serde_json::{Value, json};

use crate::world::{World, mid, post};

fn seqs(page: &Value) -> Vec<u64> {
    let entries = page["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_contiguous_from_tail_and_store_alike() {
    let world = World::new();
    let mut node = world.node();
    let mut ana = node.probe(&world.token("ana", &["moderator", "import"])).await;
    ana.create("cardiology").await;
    for number in 0..450 {
        let body = post("cardiology", &format!("T{}", number % 3), &mid(), &format!("{number}"));
        ana.ask("message.post", body).await.unwrap();
    }
    for restarted in [false, true] {
        if restarted {
            drop(ana);
            node.stop();
            node = world.node();
            ana = node.probe(&world.token("ana", &["moderator", "import"])).await;
        }
        let ask = |d: Value| {
            let mut body = json!({ "room": "cardiology" });
            body.as_object_mut().unwrap().extend(d.as_object().unwrap().clone());
            body
        };
        let newest = ana.ask("history", ask(json!({}))).await.unwrap();
        assert_eq!(seqs(&newest), (252..=451).collect::<Vec<_>>());
        assert_eq!(newest["range"], json!({ "from": 252, "to": 451 }));
        assert_eq!(newest["more"], true);
        let epoch = newest["position"]["epoch"].clone();
        let at = |seq: u64| json!({ "epoch": epoch, "seq": seq });

        // Backwards to the beginning.
        let (mut before, mut seen) = (452, Vec::new());
        loop {
            let body = ask(json!({ "before": at(before.min(451)), "limit": 150 }));
            let page = ana.ask("history", body).await.unwrap();
            let mut part = seqs(&page);
            before = part[0];
            part.extend(seen);
            seen = part;
            if page["more"] == false {
                break;
            }
        }
        assert_eq!(seen, (1..=450).collect::<Vec<_>>());

        // Forwards from a position.
        let page = ana.ask("history", ask(json!({ "after": at(440) }))).await.unwrap();
        assert_eq!(seqs(&page), (441..=451).collect::<Vec<_>>());
        assert_eq!(page["more"], false);
        let page = ana.ask("history", ask(json!({ "after": at(3), "limit": 5 }))).await.unwrap();
        assert_eq!(seqs(&page), [4, 5, 6, 7, 8]);
        assert_eq!(page["more"], true);
        let page = ana.ask("history", ask(json!({ "after": at(451) }))).await.unwrap();
        assert_eq!((seqs(&page), page.get("range")), (vec![], None));

        // A position that is not on the line names the last common one.
        let beyond = ana.ask("history", ask(json!({ "after": at(452) }))).await.unwrap_err();
        assert_eq!(beyond["code"], "position_unknown");
        assert_eq!(beyond["common"], at(451));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_read_from_its_index() {
    let world = World::new();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &["moderator", "import"])).await;
    ana.create("cardiology").await;
    for number in 0..90 {
        let topic = format!("T{}", number % 3);
        ana.post("cardiology", &topic, &format!("{number}")).await.unwrap();
    }
    // A stop and start, so that the store has everything.
    drop(ana);
    node.stop();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &[])).await;
    let topics = ana.ask("topics", json!({ "room": "cardiology" })).await.unwrap();
    let topic = topics["topics"][1]["topic"].clone();
    let body = json!({ "room": "cardiology", "topic": topic, "limit": 20 });
    let newest = ana.ask("history", body).await.unwrap();
    let expected: Vec<u64> = (0..30).map(|i| 3 + 3 * i).collect();
    assert_eq!(seqs(&newest), expected[10..]);
    assert_eq!(newest["range"], json!({ "from": expected[10], "to": 91 }));
    let epoch = newest["position"]["epoch"].clone();
    let before = json!({ "epoch": epoch, "seq": expected[10] });
    let body = json!({ "room": "cardiology", "topic": topic, "before": before });
    let rest = ana.ask("history", body).await.unwrap();
    assert_eq!(seqs(&rest), expected[..10]);
    assert_eq!(rest["range"], json!({ "from": 1, "to": expected[10] - 1 }));
    assert_eq!(rest["more"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_bounded_in_bytes_and_holds_at_least_one_entry() {
    let world = World::new();
    let node = world.node();
    let mut ana = node.probe(&world.token("ana", &["moderator", "import"])).await;
    ana.create("cardiology").await;
    let long = "x".repeat(60_000);
    for _ in 0..8 {
        ana.post("cardiology", "T", &long).await.unwrap();
    }
    for body in [
        json!({ "room": "cardiology" }),
        json!({ "room": "cardiology", "after": { "epoch": 0, "seq": 0 } }),
    ] {
        let page = ana.ask("history", body).await.unwrap();
        let entries = page["entries"].as_array().unwrap();
        let bytes: usize = entries.iter().map(|entry| entry.to_string().len()).sum();
        assert!(!entries.is_empty() && bytes <= 256 * 1024, "{bytes}");
        assert_eq!(page["more"], true);
        let range = &page["range"];
        let all = seqs(&page);
        assert_eq!(range, &json!({ "from": all[0], "to": all[all.len() - 1] }));
    }
}
