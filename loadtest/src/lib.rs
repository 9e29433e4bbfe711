//! `wardroom-loadtest`: puts load on a Wardroom and says first whether it was served correctly, then
//! what it cost.
//!
//! - [`oracle`]: the judge. Pure; knows every post, answer and delivered frame.
//! - [`traffic`]: rooms, members, authors on one thread; [`scenario`]: what they do.
//! - [`target`]: the server under test; [`floor`] and [`redis`]: what it is compared with.
//! - [`meter`], [`metrics`], [`process`], [`probe`]: figures; [`pairs`], [`bootstrap`]: how sure they are.
//! - [`view`]: what shows while it runs; [`report`]: the figures for people (text, one HTML file) and
//!   for programs (JSON).
//!
//! It never talks to another machine unless told that its operator runs it.

pub mod random;
pub mod bootstrap;
pub mod schedule;
pub mod frame;
pub mod words;
pub mod oracle;
pub mod process;
pub mod failure;
pub mod link;
pub mod counting;
pub mod floor;
pub mod certificate;
pub mod target;
pub mod meter;
pub mod metrics;
pub mod probe;
pub mod view;
pub mod traffic;
pub mod options;
pub mod scenario;
pub mod redis;
pub mod pairs;
pub mod report;
