//! The lane `moderators`: an audience is a log (K1).

use serde_json::{Value, json};

use crate::world::{World, mid, post};

#[tokio::test(flavor = "multi_thread")]
async fn a_report_goes_to_the_moderators_lane_and_nowhere_else() {
    let world = World::new();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    mo.create("cardiology").await;
    let lane = json!({ "room": "cardiology/moderators", "from": "start" });
    let joined = mo.ask("join", lane.clone()).await.unwrap();
    assert_eq!(joined["position"], json!({ "epoch": 0, "seq": 0 }), "an empty log");

    let mut ana = node.probe(&world.token("ana", &[])).await;
    ana.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    let of = mid();
    ana.ask("message.post", post("cardiology", "T", &of, "a name")).await.unwrap();
    let report = json!({ "room": "cardiology", "mid": mid(), "of": of, "reason": "a name in it" });
    let written = ana.ask("message.report", report.clone()).await.unwrap();
    assert_eq!(written["position"]["seq"], 1, "the lane's own numbers");

    let entry: Value = serde_json::from_str(&mo.entry().await).unwrap();
    assert_eq!(entry["room"], "cardiology/moderators");
    assert_eq!(entry["op"], "message.reported");
    assert_eq!(entry["d"]["of"], of.as_str());
    assert_eq!(entry["d"]["seq"], 2);
    assert_eq!(entry["head"]["seq"], 2, "where the room stood");
    assert_eq!(entry["w"]["reason"], "a name in it");
    assert_eq!(entry["n"], 1);

    // The room's readers get the next message and nothing between.
    ana.post("cardiology", "T", "next").await.unwrap();
    let seqs: Vec<Value> = [ana.entry().await, ana.entry().await]
        .iter()
        .map(|text| serde_json::from_str::<Value>(text).unwrap()["seq"].clone())
        .collect();
    assert_eq!(seqs, [json!(2), json!(3)]);

    // Reporting twice is one report; something that is not there cannot be reported.
    let again = ana.ask("message.report", report).await.unwrap();
    assert_eq!((&again["position"], &again["duplicate"]), (&written["position"], &json!(true)));
    let nothing = json!({ "room": "cardiology", "mid": mid(), "of": mid(), "reason": "r" });
    let refused = ana.ask("message.report", nothing).await.unwrap_err();
    assert_eq!((&refused["code"], &refused["field"]), (&json!("unknown_message"), &json!("/d/of")));

    // The lane is there after a restart.
    drop((mo, ana));
    node.kill();
    let node = world.node();
    let mut mo = node.probe(&world.token("mo", &["moderator"])).await;
    let joined = mo.ask("join", lane).await.unwrap();
    assert_eq!(joined["position"]["seq"], 1);
    let after: Value = serde_json::from_str(&mo.entry().await).unwrap();
    assert_eq!(after, entry);
}
