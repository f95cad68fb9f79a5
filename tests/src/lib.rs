//! What tests across crates share: generated documents, valid and broken.

pub mod generated;
mod sample;
