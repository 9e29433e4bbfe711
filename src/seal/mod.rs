//! Keys, and sealing and opening words.
//!
//! A log's key is derived from a master key and the log's name; a record's key id names the master.
//! The wrapped masters are the only key material. Erasure is overwriting, never key destruction.

mod derived;
mod hashes;
mod keyring;
mod words;
mod xchacha;

pub use derived::LogKeys;
pub use hashes::fold_name;
pub use keyring::{KeyError, Keyring};
pub use words::{Binding, OpenError, Opener, Sealed, SealedWords};
