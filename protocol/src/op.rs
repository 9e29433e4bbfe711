//! The registry of ops: one row per command, entry, signal and notice.

/// What an op is, which decides the shape of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A client asks; the server replies.
    Command,
    /// A log event, numbered and kept.
    Entry,
    /// Ephemeral, to a room.
    Signal,
    /// Ephemeral, to one connection.
    Notice,
}

/// One row of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// The name on the wire.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Entries only: whether it takes an ordinal `n`, because it is reading matter.
    pub counts: bool,
    /// Entries only: whether a log stays writable to a reader that does not know it.
    pub optional: bool,
    /// Who may send it (commands), or which log holds it (entries), or who gets it.
    pub whose: &'static str,
    /// One sentence for SPEC.md.
    pub about: &'static str,
}

const fn command(name: &'static str, whose: &'static str, about: &'static str) -> Op {
    Op { name, kind: Kind::Command, counts: false, optional: false, whose, about }
}

const fn entry(name: &'static str, counts: bool, whose: &'static str, about: &'static str) -> Op {
    Op { name, kind: Kind::Entry, counts, optional: false, whose, about }
}

const fn signal(name: &'static str, about: &'static str) -> Op {
    Op { name, kind: Kind::Signal, counts: false, optional: false, whose: "members joined", about }
}

const fn notice(name: &'static str, about: &'static str) -> Op {
    Op { name, kind: Kind::Notice, counts: false, optional: false, whose: "one connection", about }
}

/// Every op of this version.
pub const OPS: &[Op] = &[
    command(
        "hello",
        "anybody with a token",
        "Who you are, and the positions to resume from. The first frame.",
    ),
    command(
        "refresh",
        "who said hello",
        "A newer token of the same person, for the connection that lives.",
    ),
    command("join", "who may read the log", "Follow a log from a position on."),
    command("leave", "who joined", "Stop following a log."),
    command("rooms", "everybody", "The rooms you may know of, by pages."),
    command("topics", "who may read the room", "A room's topics, by pages."),
    command("history", "who may read the log", "Entries before or after a position, by pages."),
    command(
        "presence",
        "who may read the room",
        "Who is here now: people, or how many if they are more than 200.",
    ),
    command("room.create", "role moderator", "Found a room."),
    command("message.post", "who may post in the room", "Say something under a topic."),
    command(
        "message.redact",
        "role moderator",
        "Erase a message's words, for everybody and for good.",
    ),
    command("message.report", "who may read the room", "Point the moderators to a message."),
    command("typing", "who may post in the room", "You are writing. No reply."),
    command("pong", "everybody", "Answers the notice ping. No reply."),
    entry("room.registered", false, "~directory", "A room's name was claimed."),
    entry("room.created", false, "the room, seq 1", "The room begins."),
    entry("message.posted", true, "the room", "Somebody said something."),
    entry("message.redacted", false, "the room", "A message's words were erased."),
    entry("message.reported", true, "the room's lane moderators", "Somebody pointed to a message."),
    entry("principal.registered", false, "~identity", "Somebody was seen for the first time."),
    signal("typing", "Somebody is writing."),
    signal("presence", "Who came and who left, or only how many people are here now."),
    notice("ping", "Are you there? Carries the server's time; answer with pong."),
    notice("gap", "Entries are missing here for good; says which and why."),
    notice("expiring", "Your token ends soon: send a newer one by refresh."),
    notice("removed", "You do not follow this log any more; says which and why."),
    notice("drain", "The node is going away; reconnect within the time given."),
];

/// The row of an op that frames of this kind carry.
#[must_use]
pub fn find(kind: Kind, name: &str) -> Option<&'static Op> {
    OPS.iter().find(|op| op.kind == kind && op.name == name)
}
