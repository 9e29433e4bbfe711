//! Promise 8, first part: permission is checked on every command and every read.

mod registry;

use serde_json::json;

use crate::world::{World, mid, post};

#[tokio::test(flavor = "multi_thread")]
async fn permission_is_checked_on_every_command_and_every_read() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut moderator = node.probe(&world.token("mo", &["moderator"])).await;
    let mut anybody = node.probe(&world.token("ana", &[])).await;
    let mut importer = node.probe(&world.token("im", &["import"])).await;
    let found =
        || json!({ "room": "cardiology", "mid": mid(), "title": "T", "class": "discussion" });

    for probe in [&mut anybody, &mut importer] {
        let refused = probe.ask("room.create", found()).await.unwrap_err();
        assert_eq!(refused["code"], "forbidden");
    }
    moderator.ask("room.create", found()).await.unwrap();
    // Classes without rules grant nothing, not even to moderators.
    for class in ["case", "mixed"] {
        let mut body = found();
        body["room"] = json!(format!("room-{class}"));
        body["class"] = json!(class);
        let refused = moderator.ask("room.create", body).await.unwrap_err();
        assert_eq!(refused["code"], "forbidden");
    }

    let target = mid();
    anybody.ask("message.post", post("cardiology", "T", &target, "text")).await.unwrap();
    let redact = || json!({ "room": "cardiology", "mid": mid(), "of": target, "reason": "r" });
    for probe in [&mut anybody, &mut importer] {
        let refused = probe.ask("message.redact", redact()).await.unwrap_err();
        assert_eq!(refused["code"], "forbidden");
        let lane = json!({ "room": "cardiology/moderators" });
        for op in ["join", "history"] {
            let refused = probe.ask(op, lane.clone()).await.unwrap_err();
            assert_eq!(refused["code"], "forbidden", "{op}");
        }
    }
    let mut imported = post("cardiology", "T", &mid(), "text");
    imported["origin"] = json!({ "author": "somebody" });
    for probe in [&mut anybody, &mut moderator] {
        let refused = probe.ask("message.post", imported.clone()).await.unwrap_err();
        assert_eq!(refused["code"], "forbidden");
    }
    importer.ask("message.post", imported).await.unwrap();
    moderator.ask("message.redact", redact()).await.unwrap();

    // What one may not know of answers like what is not there, byte for byte.
    for op in ["join", "history", "topics"] {
        let mut answers = Vec::new();
        for log in ["nowhere", "~directory", "~identity", "@someone"] {
            answers.push(moderator.ask(op, json!({ "room": log })).await.unwrap_err());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{op}: {answers:?}");
        assert_eq!(answers[0]["code"], "unknown_room", "{op}");
    }
    // Lanes are written through their room, never directly.
    let direct = post("cardiology/moderators", "T", &mid(), "text");
    let refused = moderator.ask("message.post", direct).await.unwrap_err();
    assert_eq!(refused["code"], "bad_request");
}
