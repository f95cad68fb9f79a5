//! What tests across crates share: documents, frozen and generated, valid and broken.

pub mod frozen;
pub mod generated;
mod sample;
