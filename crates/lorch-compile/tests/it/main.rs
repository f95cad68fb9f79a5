//! Compiling, from outside: laws that hold for every definition and every payload.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows these in test functions; what they share is test code too"
)]

mod agreement;
mod condition;
mod definition;
mod hostile;
mod injection;
mod job;
mod schema;
