//! The types, the schemas and the quick way of streams agree about the documents of this family.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lorch_types::Kind;

const KINDS: &[Kind] = &[
    Kind::JobDef,
    Kind::JobInstance,
    Kind::RunRecord,
    Kind::StepManifest,
    Kind::AttemptRecord,
    Kind::StepOutcome,
];

fuzz_target!(|text: &str| lorch_fuzz::agree(KINDS, text));
