//! Runs jobs against a real store and a small backend whose effects are counted in a real database.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod bench;
mod crashes;
mod failures;
mod resumption;
mod runs;
