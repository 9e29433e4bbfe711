//! Who somebody is: tokens, the keys of those who issue them, and the people themselves as
//! `~identity` keeps them. Never knows sockets.

pub mod dev_key;
mod principals;
pub mod token;

pub use dev_key::{DevKey, DevKeyError};
pub use principals::{Known, NotAdmitted, Principals};
pub use token::{Claims, Issuer, NoKeys, TokenError, Verifier};
