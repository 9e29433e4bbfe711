//! wardroom
fn main() {}
