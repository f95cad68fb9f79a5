//! Ledgers from outside: written, broken in every way, and repaired where a crash explains it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows these in test functions; what they share is test code too"
)]

mod breakage;
mod owner;
mod receipts;
mod recorded;
mod recovery;
mod snapshots;
