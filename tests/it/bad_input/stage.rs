//! Where bad input is tried: a node, two who talk on it, and what an attacker knows.

use std::fs;

use serde_json::{Value, json};

use crate::world::{Key, Node, Raw, Talk, World, key_file, mid, post, upgrade};

/// The provider whose tokens the node believes, beside its own.
pub(crate) const IDP: &str = "https://idp.example";
/// The id of the command that a row is about.
pub(crate) const ROW: u64 = 1;
/// The id of commands that come before it, all of them good.
pub(crate) const BEFORE: u64 = 0;
/// The id of the command that shows whether the connection is as it was.
const AFTER: u64 = 999_999;

/// A node and who is there.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) node: Node,
    pub(crate) provider: Key,
    pub(crate) talk: Talk,
    /// The mid of somebody else's message in `oncology`.
    pub(crate) taken: String,
}

/// What a row came to, in the document's words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) answer: String,
    pub(crate) connection: &'static str,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let world = World::new();
        let provider = Key::ed("idp-1");
        key_file(&world.file("idp.json"), &[&provider]);
        let (file, keys) = (world.file("wardroom.toml"), world.file("idp.json"));
        let keys = keys.display().to_string();
        let issuer = format!("name = {IDP:?}\njwks_file = {keys:?}\naudience = \"wardroom\"\n");
        // Rows about time wait for these two; all others are faster.
        let text =
            format!("[limits]\nhello_seconds = 3\nheader_seconds = 3\n[[auth.issuer]]\n{issuer}");
        fs::write(&file, text).unwrap();
        let config = file.display().to_string();
        let node = world.node_with(&["--ephemeral", "--config", &config], &[]);
        let mut talk = Talk::begin(&world, &node).await;
        talk.author.create("oncology").await;
        let taken = mid();
        let body = post("oncology", "T", &taken, "of the author");
        talk.author.ask("message.post", body).await.unwrap();
        Self { world, node, provider, talk, taken }
    }

    /// A good post to `oncology`, but for one field.
    pub(crate) fn post_with(field: &str, value: Value) -> Value {
        let mut body = post("oncology", "T", &mid(), "text");
        body[field] = value;
        body
    }

    /// One HTTP request, byte by byte.
    pub(crate) async fn request(&self, request: &[u8]) -> Outcome {
        let mut raw = Raw::connect(&self.node).await;
        raw.send(request).await;
        let Some(head) = raw.head().await else {
            return Outcome { answer: "cut".into(), connection: "never opens" };
        };
        let head = head.to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let body = raw.bytes(length.map_or(0, |length| length.parse().unwrap())).await;
        let code = match serde_json::from_slice::<Value>(&body) {
            Ok(body) => format!(" {}", body["code"].as_str().unwrap()),
            Err(_) => String::new(),
        };
        if ["429", "503"].contains(&status) {
            assert!(head.contains("retry-after: "), "{head}");
        }
        if status == "426" {
            assert!(head.contains("sec-websocket-version: 13"), "{head}");
        }
        Outcome { answer: format!("HTTP {status}{code}"), connection: "never opens" }
    }

    /// Frames on a connection that has not said hello, byte by byte.
    pub(crate) async fn stranger(&self, headers: &str, frames: &[u8]) -> Outcome {
        let mut raw = Raw::connect(&self.node).await;
        raw.send(upgrade(headers).as_bytes()).await;
        assert!(raw.head().await.unwrap().starts_with("HTTP/1.1 101"), "{headers}");
        raw.send(frames).await;
        let token = self.world.token("stranger", &[]);
        let hello = json!({ "id": AFTER, "op": "hello", "d": { "token": token } });
        outcome(raw, &hello, !frames.is_empty()).await
    }

    /// Frames of somebody who has said hello, byte by byte.
    pub(crate) async fn member(&self, name: &str, roles: &[&str], frames: &[u8]) -> Outcome {
        let mut raw = Raw::upgraded(&self.node).await;
        raw.hello(&self.world.token(name, roles)).await;
        raw.send(frames).await;
        outcome(raw, &json!({ "id": AFTER, "op": "rooms" }), true).await
    }
}

/// What comes back, up to the answer to a good command or the end.
async fn outcome(mut raw: Raw, good: &Value, ask: bool) -> Outcome {
    if ask {
        raw.text(&good.to_string()).await;
    }
    let mut parts = Vec::new();
    let connection = loop {
        let Some((first, payload)) = raw.frame().await else {
            parts.push("cut".to_owned());
            break "closes";
        };
        if first == 0x88 {
            let code = u16::from_be_bytes([payload[0], payload[1]]);
            let reason = String::from_utf8_lossy(&payload[2..]);
            parts.push(format!("close {code} {reason}").trim_end().to_owned());
            assert_eq!(raw.frame().await, None, "nothing comes after the close frame");
            break "closes";
        }
        let frame: Value = serde_json::from_slice(&payload).unwrap();
        match frame["id"].as_u64() {
            Some(AFTER) => {
                assert!(frame["ok"].is_object(), "the connection is not as before: {frame}");
                break "stays";
            }
            Some(BEFORE) => assert!(frame["ok"].is_object(), "{frame}"),
            Some(_) if frame.get("ok").is_some() => parts.push("ok".into()),
            Some(_) => parts.push(error(&frame["error"])),
            None => {}
        }
    };
    if parts.is_empty() {
        parts.push("nothing".into());
    }
    Outcome { answer: parts.join(", "), connection }
}

fn error(error: &Value) -> String {
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
    assert!(error["number"].is_u64(), "{error}");
    let code = error["code"].as_str().unwrap();
    match error["field"].as_str() {
        Some(field) => format!("error {code} at {field}"),
        None => format!("error {code}"),
    }
}
