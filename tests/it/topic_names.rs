//! A topic's name goes with the words it was read from, however slow the disk is that erases them: nobody is
//! shown it from there on. As long as another message of the topic names it, it has that name.

use serde_json::{Value, json};

use crate::safe::{Bench, probe};
use crate::world::{NodeHere, Probe, act, mid, post};

/// Three ways to write a name of one topic: by the name one sees which message it was read from.
const WAYS: [&str; 3] = ["Robin Example", "robin example", "ROBIN EXAMPLE"];

/// The name of the topic, which is the second one of the room.
async fn name(probe: &mut Probe) -> Value {
    let page = probe.ask("topics", json!({ "room": "cardiology" })).await.unwrap();
    assert_eq!(page["topics"].as_array().unwrap().len(), 2, "{page}");
    page["topics"][1]["name"].clone()
}

fn redact(of: &str) -> Value {
    act(json!({ "of": of, "reason": "a name in it" }))
}

impl Bench {
    /// Ana says this under one of the names.
    async fn named(&mut self, way: usize) -> String {
        let of = mid();
        self.ana.ask("message.post", post("cardiology", WAYS[way], &of, "text")).await.unwrap();
        of
    }

    /// Ana does all this while nothing is synced. Returns the topic's name from then on.
    async fn unsynced(&mut self, acts: Vec<(&str, Value)>) -> Value {
        self.slow.shut(true);
        let mut told = Vec::new();
        for (op, d) in acts {
            told.push(self.ana.tell(op, d).await);
        }
        // Waits for no sync, and behind all that: by now the room has looked for names.
        self.ana.ask("history", json!({ "room": "cardiology" })).await.unwrap();
        self.slow.shut(false);
        for id in told {
            self.ana.reply(id).await.unwrap();
        }
        name(&mut self.ana).await
    }

    /// The topic's name after a restart.
    async fn restarted(self) -> Value {
        let Self { world, node, ana, ben, .. } = self;
        drop((ana, ben));
        node.stop().await;
        let node = NodeHere::start(&world).await;
        let mut ana = probe(&world, &node, "ana", &["moderator"]).await;
        let found = name(&mut ana).await;
        drop(ana);
        node.stop().await;
        found
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_not_read_again_from_what_is_about_to_be_erased() {
    let mut bench = Bench::begin().await;
    let one = bench.named(0).await;
    let edit = act(json!({ "of": one, "body": "better" }));
    bench.ana.ask("message.edit", edit).await.unwrap();
    assert_eq!(name(&mut bench.ana).await, WAYS[0]);
    assert_eq!(bench.unsynced(vec![("message.redact", redact(&one))]).await, Value::Null);

    let (two, three) = (bench.named(1).await, bench.named(2).await);
    assert_eq!(name(&mut bench.ana).await, WAYS[1]);
    let both = vec![("message.redact", redact(&two)), ("message.redact", redact(&three))];
    assert_eq!(bench.unsynced(both).await, Value::Null);
    assert_eq!(Box::pin(bench.restarted()).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_has_the_name_that_another_message_gives_it() {
    let mut bench = Bench::begin().await;
    let (one, two, three) = (bench.named(0).await, bench.named(1).await, bench.named(2).await);
    let both = vec![("message.redact", redact(&one)), ("message.redact", redact(&two))];
    assert_eq!(bench.unsynced(both).await, WAYS[2]);
    // Said and erased while nothing is synced, and said once more.
    let (four, five) = (mid(), mid());
    let acts = vec![
        ("message.post", post("cardiology", WAYS[0], &four, "text")),
        ("message.post", post("cardiology", WAYS[1], &five, "text")),
        ("message.redact", redact(&four)),
        ("message.redact", redact(&three)),
    ];
    assert_eq!(bench.unsynced(acts).await, WAYS[1]);
    assert_eq!(Box::pin(bench.restarted()).await, WAYS[1]);
}
