//! The types, the schemas and the quick way of streams agree about the documents of this family.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lorch_types::Kind;

const KINDS: &[Kind] = &[
    Kind::Command,
    Kind::Event,
    Kind::Heartbeat,
    Kind::Log,
    Kind::SnapshotManifest,
    Kind::Receipt,
    Kind::RunState,
];

fuzz_target!(|text: &str| lorch_fuzz::agree(KINDS, text));
