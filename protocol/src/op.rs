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
    command("room.create", "role moderator; direct rooms: everybody", "Found a room."),
    command("room.policy", "its owners", "Say how one gets in, and what happens to posts."),
    command("room.archive", "its owners", "Close a room for writing, or open it again."),
    command("member.invite", "its moderators", "Take somebody into a room."),
    command("member.knock", "who may know of the room", "Ask to be let into a room."),
    command("member.admit", "its moderators", "Let in who knocked."),
    command("member.leave", "its members", "Belong to a room no more."),
    command("member.remove", "its moderators", "Take somebody out of a room."),
    command("member.role", "its owners", "Say what a member is in a room."),
    command("message.post", "who may post in the room", "Say something under a topic."),
    command("message.edit", "its author", "Say it better."),
    command(
        "message.retract",
        "its author",
        "Take it back: shown as retracted, its words still kept.",
    ),
    command(
        "message.react",
        "who may post in the room",
        "Say what you think of it, by one of six words.",
    ),
    command("message.unreact", "who reacted", "Think otherwise of it."),
    command("message.pin", "its moderators; direct rooms: its members", "Keep a message in sight."),
    command(
        "message.unpin",
        "its moderators; direct rooms: its members",
        "Keep it in sight no more.",
    ),
    command("announcement.ack", "who may read the room", "Say that you have taken note."),
    command("answer.accept", "who asked, and moderators", "Say which message answers a question."),
    command(
        "question.mark",
        "who asked, and moderators",
        "Say that a question is open, or needs more.",
    ),
    command("topic.rename", "who began it, and moderators", "Give a topic another name."),
    command(
        "topic.resolve",
        "who began it, and moderators",
        "Say that a topic is settled, or is not.",
    ),
    command("topic.move", "its moderators", "Move messages to another topic."),
    command("topic.merge", "its moderators", "Make two topics one."),
    command("message.hide", "its moderators", "Show a message no more, or never show a held one."),
    command("message.release", "its moderators", "Show a held message."),
    command("read.mark", "everybody", "Say which messages of a room you have read."),
    command(
        "message.redact",
        "its moderators",
        "Erase a message's words, for everybody and for good.",
    ),
    command(
        "message.report",
        "who may read the room; direct rooms: nobody",
        "Point the moderators to a message.",
    ),
    command("typing", "who may post in the room", "You are writing. No reply."),
    command("pong", "everybody", "Answers the notice ping. No reply."),
    entry("room.registered", false, "~directory", "A room's name was claimed."),
    entry("room.created", false, "the room, seq 1", "The room begins."),
    entry("message.posted", true, "the room", "Somebody said something."),
    entry("message.edited", false, "the room", "Its author said it better."),
    entry("message.retracted", false, "the room", "Its author took it back."),
    entry("message.reacted", false, "the room", "Somebody thinks something of it."),
    entry("message.unreacted", false, "the room", "Somebody thinks so no more."),
    entry("message.pinned", false, "the room", "A message is kept in sight."),
    entry("message.unpinned", false, "the room", "A message is kept in sight no more."),
    entry("announcement.acked", false, "the room", "Somebody has taken note."),
    entry("answer.accepted", false, "the room", "A message answers a question."),
    entry("question.marked", false, "the room", "A question is open, or needs more."),
    entry("topic.renamed", false, "the room", "A topic has another name."),
    entry("topic.resolved", false, "the room", "A topic is settled, or is not."),
    entry("topic.moved", false, "the room", "Messages belong to another topic."),
    entry("topic.merged", false, "the room", "Two topics are one."),
    entry("member.invited", false, "the room", "Somebody was taken in."),
    entry("member.knocked", true, "the room's lane moderators", "Somebody asks to be let in."),
    entry("member.admitted", false, "the room", "Somebody who knocked was let in."),
    entry("member.left", false, "the room", "Somebody belongs to the room no more."),
    entry("member.removed", false, "the room", "Somebody was taken out."),
    entry("member.role_set", false, "the room", "Somebody is something else in the room."),
    entry(
        "room.policy_set",
        false,
        "the room",
        "How one gets in, or what happens to posts, has changed.",
    ),
    entry("room.archived", false, "the room", "The room was closed for writing, or opened again."),
    entry(
        "message.redacted",
        false,
        "the room, its lane moderators",
        "The words of a message, of one of its edits, or of a held one were erased.",
    ),
    entry(
        "message.hidden",
        false,
        "the room, its lane moderators",
        "It is shown no more, or never.",
    ),
    entry("message.held", true, "the room's lane moderators", "A message waits for a moderator."),
    entry(
        "message.released",
        false,
        "the room's lane moderators",
        "A held message stands in the room.",
    ),
    entry("message.reported", true, "the room's lane moderators", "Somebody pointed to a message."),
    entry("notification.filed", true, "a mailbox", "Something elsewhere concerns you."),
    entry("read.marked", false, "a mailbox", "You have read these messages of a room."),
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
