//! Two who talk, for tests that do something beside them.

use serde_json::{Value, json};

use super::{Node, Probe, World};

/// Two who talk in `cardiology`: whatever is done to the node, they must not notice.
pub(crate) struct Talk {
    pub(crate) author: Probe,
    pub(crate) reader: Probe,
    /// Messages so far.
    pub(crate) said: u64,
}

impl Talk {
    pub(crate) async fn begin(world: &World, node: &Node) -> Self {
        let mut author = node.probe(&world.token("author", &["moderator", "import"])).await;
        author.create("cardiology").await;
        let mut reader = node.probe(&world.token("reader", &[])).await;
        reader.ask("join", json!({ "room": "cardiology" })).await.unwrap();
        Self { author, reader, said: 0 }
    }

    /// Says something; both see it answered and shown, the next in order.
    pub(crate) async fn on(&mut self) {
        self.said += 1;
        let body = format!("said {}", self.said);
        let written = self.author.post("cardiology", "T", &body).await.unwrap();
        let entry: Value = serde_json::from_str(&self.reader.entry().await).unwrap();
        assert_eq!(entry["w"]["body"], body.as_str());
        assert_eq!(entry["seq"], written["position"]["seq"]);
        assert_eq!(entry["seq"], self.said + 1);
    }
}
