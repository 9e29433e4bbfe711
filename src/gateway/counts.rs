//! How many commands came, by op and outcome. Labels come from the registries, never from a peer.

use std::sync::OnceLock;

use metrics::Counter;
use wardroom_protocol::code::{ErrorCode, WireError};
use wardroom_protocol::op::{self, Op};

use crate::telemetry::metric;

/// The counters of commands. Those of what is taken are kept at hand: to find one by its labels took a
/// hundredth of what a message costs.
#[derive(Debug)]
pub struct Counts {
    taken: Box<[(&'static Op, OnceLock<Counter>)]>,
}

impl Default for Counts {
    fn default() -> Self {
        let commands = op::OPS.iter().filter(|op| op.kind == op::Kind::Command);
        Self { taken: commands.map(|op| (op, OnceLock::new())).collect() }
    }
}

impl Counts {
    /// Counts a command: refused at once, or taken.
    pub(super) fn count(&self, op: &str, refused: Option<&WireError>) {
        let known = self.taken.iter().find(|(known, _)| known.name == op);
        let name = known.map_or("unknown", |(known, _)| known.name);
        let counter =
            |outcome| metrics::counter!(metric::COMMANDS, "op" => name, "outcome" => outcome);
        if let (Some((_, taken)), None) = (known, refused) {
            taken.get_or_init(|| counter("taken")).increment(1);
            return;
        }
        let code = refused.and_then(|error| ErrorCode::from_name(&error.code));
        counter(code.map_or("taken", ErrorCode::name)).increment(1);
    }
}
