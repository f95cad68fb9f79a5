//! Runs jobs against a real store and a small backend whose effects are counted in a real database.

mod bench;
mod failures;
mod resumption;
mod runs;
