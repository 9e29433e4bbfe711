//! Who somebody is: tokens, and the keys of those who issue them. Never knows sockets.

pub mod dev_key;
pub mod token;

pub use dev_key::{DevKey, DevKeyError};
pub use token::{Claims, TokenError, Verifier};
