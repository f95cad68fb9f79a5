//! What the backends do, seen from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml allows these in test functions; what they share is test code too"
)]

mod compute;
mod config;
mod data_plane;
mod op_params;
mod policy;
mod workspace;
