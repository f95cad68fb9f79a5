//! Golden cases, conformance and checks across crates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows these in test functions; what they share is test code too"
)]

mod compile;
mod conformance;
mod frozen;
mod schemas;
mod seeds;
