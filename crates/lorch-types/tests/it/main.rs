//! Tests of the documents, the readers and the identifiers from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "clippy.toml allows these in test functions; what they share is test code too"
)]

mod agent;
mod arbitrary;
mod condition;
mod corpus;
mod diagnostics;
mod digests;
mod documents;
mod durations;
mod identifiers;
mod json_corpus;
mod limits;
mod machines;
mod numbers;
mod objects;
mod observations;
mod plan;
mod plan_conditions_page;
mod pointers;
mod quantities;
mod reference;
mod rollback_conditions;
mod shapes;
mod template;
mod timestamps;
mod trees;
mod yaml;
mod yaml_corpus;
