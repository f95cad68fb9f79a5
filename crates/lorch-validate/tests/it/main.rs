//! Tests of judging documents, streams and of writing reports.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows these in test functions; what they share is test code too"
)]

mod custom;
mod detection;
mod documents;
mod migrations;
mod reports;
mod streams;
mod together;
