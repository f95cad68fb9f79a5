//! The lorch command.
fn main() {}
