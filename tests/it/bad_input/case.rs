//! A row's case: what is sent, by whom.

use serde_json::{Value, json};

use super::stage::{BEFORE, Outcome, ROW, Stage};
use crate::world::masked;

type Make<T> = Box<dyn Fn(&Stage) -> T>;

/// What a row of the document means, done.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    sent: Sent,
}

enum Sent {
    /// An HTTP request.
    Request(Make<Vec<u8>>),
    /// Frames after the upgrade, which has these header lines.
    Stranger(&'static str, Make<Vec<u8>>),
    /// Frames after the hello of somebody with these roles.
    Member(&'static [&'static str], Make<Vec<u8>>),
    /// Another test shows it: file and function.
    Test(&'static str, &'static str),
}

/// A text frame.
fn text(text: &str) -> Vec<u8> {
    masked(0x81, text.as_bytes())
}

fn command(id: u64, op: &str, body: &Value) -> Vec<u8> {
    text(&json!({ "id": id, "op": op, "d": body }).to_string())
}

impl Case {
    pub(crate) fn request(
        name: &'static str,
        request: impl Fn(&Stage) -> Vec<u8> + 'static,
    ) -> Self {
        Self { name, sent: Sent::Request(Box::new(request)) }
    }

    pub(crate) fn stranger(
        name: &'static str,
        headers: &'static str,
        frames: impl Fn(&Stage) -> Vec<u8> + 'static,
    ) -> Self {
        Self { name, sent: Sent::Stranger(headers, Box::new(frames)) }
    }

    /// A hello with this body.
    pub(crate) fn hello(name: &'static str, body: impl Fn(&Stage) -> Value + 'static) -> Self {
        Self::stranger(name, "", move |stage| command(ROW, "hello", &body(stage)))
    }

    /// A hello with this token.
    pub(crate) fn token(name: &'static str, token: impl Fn(&Stage) -> String + 'static) -> Self {
        Self::hello(name, move |stage| json!({ "token": token(stage) }))
    }

    pub(crate) fn frames(name: &'static str, frames: Vec<u8>) -> Self {
        Self { name, sent: Sent::Member(&[], Box::new(move |_| frames.clone())) }
    }

    pub(crate) fn text(name: &'static str, frame: &str) -> Self {
        Self::frames(name, text(frame))
    }

    /// A command of somebody without roles.
    pub(crate) fn command(
        name: &'static str,
        op: &'static str,
        body: impl Fn(&Stage) -> Value + 'static,
    ) -> Self {
        Self::command_by(&[], name, op, body)
    }

    pub(crate) fn command_by(
        roles: &'static [&'static str],
        name: &'static str,
        op: &'static str,
        body: impl Fn(&Stage) -> Value + 'static,
    ) -> Self {
        let frames = move |stage: &Stage| command(ROW, op, &body(stage));
        Self { name, sent: Sent::Member(roles, Box::new(frames)) }
    }

    /// A good command first, then the row's.
    pub(crate) fn after(
        roles: &'static [&'static str],
        name: &'static str,
        both: impl Fn(&Stage) -> [(&'static str, Value); 2] + 'static,
    ) -> Self {
        let frames = move |stage: &Stage| {
            let [(first, good), (second, bad)] = both(stage);
            [command(BEFORE, first, &good), command(ROW, second, &bad)].concat()
        };
        Self { name, sent: Sent::Member(roles, Box::new(frames)) }
    }

    pub(crate) fn test(name: &'static str, file: &'static str, function: &'static str) -> Self {
        Self { name, sent: Sent::Test(file, function) }
    }

    /// Does it. `None`: another test does.
    pub(crate) async fn play(&self, stage: &Stage) -> Option<Outcome> {
        Some(match &self.sent {
            Sent::Request(request) => stage.request(&request(stage)).await,
            Sent::Stranger(headers, frames) => stage.stranger(headers, &frames(stage)).await,
            Sent::Member(roles, frames) => stage.member(self.name, roles, &frames(stage)).await,
            Sent::Test(file, function) => {
                let path = format!("{}/tests/it/{file}.rs", env!("CARGO_MANIFEST_DIR"));
                let source = std::fs::read_to_string(&path).unwrap();
                assert!(source.contains(&format!("async fn {function}(")), "{path}: {function}");
                return None;
            }
        })
    }
}
