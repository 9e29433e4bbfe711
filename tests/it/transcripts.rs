//! SPEC.md's transcripts, played against a real node. What differs from run to run (times, ids,
//! epochs) is replaced by fixed values; the rest must stand in SPEC.md byte for byte.
//! `WARDROOM_BLESS=1` writes them there.

use std::path::Path;

use serde_json::{Value, json};
use wardroom::identity::Claims;

use crate::world::{Node, Probe, World};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.e30.c3ludGhldGlj";
const QUESTION: &str = "0193a1c2-9d5e-7b61-8a3f-0c6f5be0a001";
const ANSWER: &str = "0193a1c3-2b10-7d02-b5c4-19aa33f7e002";

/// What people's ids are shown as, in order of appearance.
const PEOPLE: [&str; 2] = ["mfrggzdfmztwq2lknnwg23tpoa", "orsxg5bnorsxg5bnorsxg5bnoq"];

/// Real values and what they are shown as.
#[derive(Default)]
struct Stage {
    shown: Vec<(String, String)>,
    /// The same, for one frame only.
    frame: Vec<(String, String)>,
    connections: u64,
    ids: Vec<String>,
}

impl Stage {
    fn show(&mut self, key: &str, real: &str, shown: impl FnOnce() -> String) {
        let real = format!("\"{key}\":{real}");
        if !self.shown.iter().any(|(known, _)| *known == real) {
            self.shown.push((real, format!("\"{key}\":{}", shown())));
        }
    }

    /// Learns what in a frame differs from run to run.
    fn learn(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(fields) => {
                let seq = fields.get("seq").or_else(|| fields.get("position")?.get("seq"));
                if let (Some(at), Some(seq)) = (fields.get("at"), seq.and_then(Value::as_u64)) {
                    let shown = 1_763_787_600_000 + seq * 1_000;
                    self.frame.push((format!("\"at\":{at}"), format!("\"at\":{shown}")));
                }
                for (key, value) in fields {
                    self.field(key, value);
                    self.learn(value);
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, key: &str, value: &Value) {
        let real = value.to_string();
        match (key, value) {
            ("epoch", Value::Number(number)) if number.as_u64() != Some(0) => {
                self.show(key, &real, || "1763787600".into());
            }
            ("expires_at", _) => self.show(key, &real, || "1763791200000".into()),
            ("connection", _) => {
                self.connections += 1;
                let number = self.connections;
                self.show(key, &real, || format!("\"connection-{number}\""));
            }
            // Two entries can be of one millisecond: a time is shown by what it belongs to.
            ("now", _) => {
                self.frame.push((format!("\"now\":{real}"), "\"now\":1763787600000".into()));
            }
            ("id" | "replies", Value::String(id)) => {
                if !self.ids.contains(id) {
                    self.ids.push(id.clone());
                }
                let number = self.ids.iter().position(|known| known == id).unwrap();
                self.show(key, &real, || format!("\"{}\"", PEOPLE[number]));
            }
            ("left", Value::Array(ids)) => {
                for id in ids {
                    let number = self.ids.iter().position(|known| *known == *id).unwrap();
                    self.frame.push((id.to_string(), format!("\"{}\"", PEOPLE[number])));
                }
            }
            ("topic", Value::String(topic)) if topic.len() == 26 => {
                self.show(key, &real, || "\"nbswy3dpfqqho33snrscclbaii\"".into());
            }
            // A derived mid (version 8): the room's first entry.
            ("mid", Value::String(mid)) if mid.as_bytes().get(14) == Some(&b'8') => {
                self.show(key, &real, || "\"0193a1c2-7c00-8fc5-9aec-c9f1a92468c8\"".into());
            }
            _ => {}
        }
    }

    fn text(&self, frame: &str) -> String {
        self.frame
            .iter()
            .chain(&self.shown)
            .fold(frame.to_owned(), |text, (real, shown)| text.replace(real, shown))
    }
}

/// One person's connection on stage.
struct Play<'a> {
    stage: &'a mut Stage,
    probe: Probe,
    token: String,
    lines: Vec<String>,
}

impl Play<'_> {
    /// Sends a frame as SPEC.md shows it, and takes down the next `answers` frames.
    async fn say(&mut self, shown: &str, answers: usize) {
        self.lines.push(format!("→ {shown}"));
        let mut real = shown.replace(TOKEN, &self.token);
        for (actual, shown) in &self.stage.shown {
            real = real.replace(shown.as_str(), actual);
        }
        self.probe.send(real).await;
        let mut frames = Vec::with_capacity(answers);
        for _ in 0..answers {
            frames.push(self.probe.receive().await.unwrap());
        }
        // A reply and its own entry may come in either order; SPEC.md shows the reply first.
        frames.sort_by_key(|frame| !frame.starts_with(r#"{"id":"#));
        for frame in frames {
            self.take_down(&frame);
        }
    }

    /// Takes down the next signal of presence.
    async fn hear(&mut self) {
        let frame = self.probe.presence_text().await;
        self.take_down(&frame);
    }

    fn take_down(&mut self, frame: &str) {
        self.stage.frame.clear();
        self.stage.learn(&serde_json::from_str(frame).unwrap());
        self.lines.push(format!("← {}", self.stage.text(frame)));
    }

    fn done(&mut self) -> String {
        std::mem::take(&mut self.lines).join("\n")
    }
}

async fn enter<'a>(stage: &'a mut Stage, node: &Node, token: &str) -> Play<'a> {
    let probe = Probe::open(&node.socket).await;
    Play { stage, probe, token: token.into(), lines: Vec::new() }
}

fn claims(name: &str, profession: &str, level: u8, roles: &[&str]) -> Claims {
    Claims {
        name: name.into(),
        profession: Some(profession.into()),
        specialties: Vec::new(),
        level,
        roles: roles.iter().map(|&role| role.into()).collect(),
        ..World::claims(name, 3600)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transcripts_of_the_spec_are_what_a_server_says() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral", "--node", "n1"], &[]);
    let robin = world.sign(&claims("Robin Example", "physician", 1, &["moderator"]));
    let sam = world.sign(&claims("Sam Example", "pharmacist", 0, &[]));
    let mut founder = node.probe(&robin).await;
    let found = json!({
        "room": "cardiology", "mid": crate::world::mid(), "title": "Cardiology",
        "class": "discussion", "specialty": "cardiology",
    });
    founder.ask("room.create", found).await.unwrap();
    let mut stage = Stage::default();
    let mut told = Vec::new();

    let post = format!(
        r#"{{"id":3,"op":"message.post","d":{{"room":"cardiology","topic":"Anticoagulation","mid":"{QUESTION}","kind":"question","body":"Synthetic case: when to restart after a minor bleed?"}}}}"#
    );
    let mut play = enter(&mut stage, &node, &robin).await;
    play.say(
        &format!(
            r#"{{"id":1,"op":"hello","d":{{"token":"{TOKEN}","client":{{"name":"by-hand"}}}}}}"#
        ),
        1,
    )
    .await;
    play.say(r#"{"id":2,"op":"join","d":{"room":"cardiology","from":"start"}}"#, 2).await;
    play.say(&post, 2).await;
    told.push(("hello", play.done()));
    drop(play);

    let mut other = node.probe(&sam).await;
    let answer = json!({
        "room": "cardiology", "topic": "Anticoagulation", "mid": ANSWER, "kind": "answer",
        "reply_to": QUESTION, "body": "Synthetic answer: look at the source of the bleed first.",
    });
    other.ask("message.post", answer).await.unwrap();
    let mut play = enter(&mut stage, &node, &robin).await;
    let resume = r#""resume":{"cardiology":{"epoch":1763787600,"seq":2}}"#;
    play.say(&format!(r#"{{"id":1,"op":"hello","d":{{"token":"{TOKEN}",{resume}}}}}"#), 2).await;
    told.push(("resume", play.done()));
    play.say(&post.replace("\"id\":3", "\"id\":2"), 1).await;
    told.push(("duplicate", play.done()));
    play.say(
        r#"{"id":3,"op":"message.post","d":{"room":"cardiology","topic":"","mid":"0193a1c3-4f00-7a11-9b7d-2f6d6b1fe003","body":"Under which topic?"}}"#,
        1,
    )
    .await;
    told.push(("error", play.done()));
    play.say(
        &format!(
            r#"{{"id":4,"op":"message.redact","d":{{"room":"cardiology","mid":"0193a1c3-6a00-7c21-8f10-7d1c0a55e004","of":"{ANSWER}","reason":"Posted in the wrong room"}}}}"#
        ),
        2,
    )
    .await;
    play.say(
        r#"{"id":5,"op":"history","d":{"room":"cardiology","after":{"epoch":1763787600,"seq":2},"limit":1}}"#,
        1,
    )
    .await;
    told.push(("redact", play.done()));
    play.say(r#"{"id":6,"op":"presence","d":{"room":"cardiology"}}"#, 1).await;
    other.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    play.hear().await;
    drop(other);
    play.hear().await;
    told.push(("presence", play.done()));

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol/SPEC.md");
    let spec = std::fs::read_to_string(&path).unwrap();
    let mut blessed = spec.clone();
    for (name, lines) in &told {
        let begin = format!("<!-- transcript:{name} -->\n");
        let from = blessed.find(&begin).unwrap_or_else(|| panic!("no transcript {name}"));
        let from = from + begin.len();
        let to = from + blessed[from..].find("<!-- /transcript -->").unwrap();
        blessed.replace_range(from..to, &format!("```\n{lines}\n```\n"));
    }
    if std::env::var_os("WARDROOM_BLESS").is_some() {
        std::fs::write(&path, &blessed).unwrap();
    }
    for (is, should) in spec.lines().zip(blessed.lines()) {
        assert_eq!(
            is, should,
            "SPEC.md tells another story; WARDROOM_BLESS=1 writes what happened"
        );
    }
}

/// The ten-line bot, as built: it answers in a room.
#[tokio::test(flavor = "multi_thread")]
async fn the_ten_line_bot_answers_in_a_room() {
    let world = World::new();
    let node = world.node_with(&["--ephemeral"], &[]);
    let mut ana = node.probe(&world.token("ana", &["moderator"])).await;
    ana.create("cardiology").await;
    ana.ask("join", json!({ "room": "cardiology" })).await.unwrap();
    let built = Path::new(env!("CARGO_BIN_EXE_wardroom")).with_file_name("examples/hello_bot");
    assert!(built.exists(), "build with --workspace --all-targets: {}", built.display());
    let mut bot = tokio::process::Command::new(built)
        .env("WARDROOM_URL", &node.socket)
        .env("WARDROOM_TOKEN", world.token("bot", &[]))
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // Say hello until it is there and answers.
    let answer = loop {
        ana.post("cardiology", "Lobby", "hello").await.unwrap();
        let own: Value = serde_json::from_str(&ana.entry().await).unwrap();
        assert_eq!(own["w"]["body"], "hello");
        if let Ok(entry) =
            tokio::time::timeout(std::time::Duration::from_secs(1), ana.entry()).await
        {
            break serde_json::from_str::<Value>(&entry).unwrap();
        }
        assert!(bot.try_wait().unwrap().is_none(), "the bot ended");
    };
    assert_eq!(answer["w"]["card"]["name"], "Dr bot");
    assert_eq!(answer["w"]["topic"], "Lobby");
}
