//! The store from outside: whose files it opens, who may write to a run, and what stays recorded.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod bench;
mod leases;
mod lifecycle;
mod opening;
mod plans;
mod records;
