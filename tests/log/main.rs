//! The durable log, proven: what it promises, and what a crash, damage or a full queue does to it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod archive;
mod caretaker;
mod codec;
mod contract;
mod corpora;
mod crashes;
mod damage;
mod erasure;
mod faults;
mod floors;
mod gated_disk;
mod gathering;
mod journal_damage;
mod mids;
mod pace;
mod power;
mod rebuild;
mod rot;
mod rows;
#[path = "../corpora/seeds.rs"]
mod seeds;
#[expect(dead_code, reason = "some of it is for tests of a whole node")]
mod slow_disk;
mod snapshots;
mod strain;
mod verify;
mod world;
