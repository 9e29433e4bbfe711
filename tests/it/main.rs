//! Promises, proven on real nodes: the shipped binary, its sockets, its files.
//!
//! `World` makes data directories and tokens, `Node` is a running server, `Probe` a bare connection
//! that holds a test to what the wire says. Tests ask, wait for the reply, then look; nothing sleeps.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod access;
mod bad_input;
mod blackout;
mod bug_in_a_room;
mod canary;
mod clock;
mod counts;
mod crowd;
mod deadlines;
mod delivery;
mod disk_full;
mod failed_log;
mod first_light;
mod fold;
mod frames;
mod gap;
mod hanging_sync;
mod held_room;
mod history;
mod identity;
mod idle_rooms;
mod issuers;
mod kill;
mod limits;
mod members;
mod mishaps;
mod moderation;
mod moved;
mod places;
mod notes;
mod positions;
mod pending;
#[expect(dead_code, reason = "some of it is for tests of the log alone")]
#[path = "../log/power/mod.rs"]
mod power;
mod presence;
mod real_input;
mod refresh;
mod replies;
mod report;
mod retry;
mod safe;
mod seam;
#[path = "../corpora/seeds.rs"]
mod seeds;
#[expect(dead_code, reason = "some of it is for the tests of the log")]
#[path = "../log/slow_disk.rs"]
mod slow_disk;
mod snapshots;
mod talk;
mod tls;
mod topic_names;
mod transcripts;
mod typing;
mod upgrade;
mod world;
