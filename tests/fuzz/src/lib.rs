//! What must hold for every input, whoever makes it up: a fuzzer (the targets beside this file) or the
//! ordinary tests, which include these files and play `tests/corpora`. A check panics when something
//! does not hold.

pub mod frames;
pub mod gate;
pub mod record;
pub mod segment;
