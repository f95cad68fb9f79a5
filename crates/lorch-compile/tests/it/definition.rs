//! Reading a definition accepts what the type accepts, and says of the rest what is wrong.

use std::cell::Cell;

use lorch_compile::read_definition;
use lorch_types::Digest;
use lorch_types::job::JobDef;
use lorch_types::json::{Object, Value, from_value};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::job::json;

/// Values that are right for one field and wrong for others.
fn field_value() -> impl Strategy<Value = Value> {
    let texts = [
        "\"a\"",
        "\"read\"",
        "\"query.rows\"",
        "\"write.upsert\"",
        "\"job.run\"",
        "\"Write.x\"",
        "\"\"",
        "\"run_id\"",
        "\"a b\"",
        "\"..\"",
        "\"é\"",
        "\"@payload.x\"",
        "null",
        "true",
        "0",
        "1",
        "1.0",
        "1.5",
        "-1",
        "9007199254740991",
        "9007199254740992",
        "[]",
        "[1]",
        "{}",
        "{\"a\": [1]}",
        "{\"scope\": \"run\"}",
        "{\"scope\": \"semantic\"}",
        "{\"scope\": \"semantic\", \"semantic_key_ref\": \"@payload.x\"}",
        "{\"scope\": \"explicit\", \"include_payload_hash\": true}",
        "{\"scope\": \"run\", \"include_payload_hash\": null}",
        "{\"scope\": \"other\"}",
        "{\"scope\": {\"run\": null}}",
        "{\"scope\": \"run\", \"x\": 1}",
    ];
    prop::sample::select(texts.to_vec()).prop_map(json)
}

/// An object that is mostly right: some fields wrong, missing or unknown.
fn mostly(right: &'static [(&'static str, &'static str)]) -> impl Strategy<Value = Object> {
    let change = (any::<prop::sample::Index>(), 0..3_u8, field_value());
    (prop::collection::vec(change, 0..3), any::<u16>()).prop_map(move |(changes, keep)| {
        let mut object: Object = right
            .iter()
            .enumerate()
            // The first three are required; the others are there by chance.
            .filter(|(at, _)| *at < 3 || keep & (1 << at) != 0)
            .map(|(_, (name, value))| (*name, json(value)))
            .collect();
        for (at, kind, value) in changes {
            let (name, _) = at.get(right);
            match kind {
                0 => drop(object.remove(name)),
                1 => drop(object.insert(*name, value)),
                _ => drop(object.insert(format!("{name}x"), value)),
            }
        }
        object
    })
}

fn step() -> impl Strategy<Value = Value> {
    const WRITE: &[(&str, &str)] = &[
        ("step_id", "\"write\""),
        ("op", "\"write.upsert\""),
        ("params", "{}"),
        ("phase_id", "\"load\""),
        ("timeout_s", "5"),
        ("continue_on_error", "true"),
        ("if", "\"true\""),
        ("idempotency", "{\"scope\": \"run\"}"),
    ];
    const READ: &[(&str, &str)] = &[
        ("step_id", "\"read\""),
        ("op", "\"query.rows\""),
        ("params", "{\"a\": 1}"),
        ("idempotency", "null"),
        ("timeout_s", "1.0"),
    ];
    prop_oneof![
        4 => mostly(WRITE).prop_map(Value::Object),
        4 => mostly(READ).prop_map(Value::Object),
        1 => field_value(),
    ]
}

fn definition() -> impl Strategy<Value = Value> {
    const JOB: &[(&str, &str)] = &[
        ("job_id", "\"demo\""),
        ("version", "\"1\""),
        ("steps", "[]"),
        ("payload_schema", "{}"),
        ("ctx_schema", "{\"type\": \"object\"}"),
    ];
    (mostly(JOB), prop::collection::vec(step(), 0..3)).prop_map(|(mut job, steps)| {
        if job.get("steps").is_some_and(|steps| steps.as_array().is_some()) {
            job.insert("steps", Value::Array(steps));
        }
        Value::Object(job)
    })
}

fn has_a_name_twice(document: &Value) -> bool {
    let steps = document.get("steps").and_then(Value::as_array).unwrap_or_default();
    let names: Vec<_> = steps.iter().filter_map(|step| step.get("step_id")?.as_str()).collect();
    names.iter().enumerate().any(|(at, name)| names[..at].contains(name))
}

#[test]
fn reading_accepts_what_the_type_accepts() {
    let accepted = Cell::new(0);
    let config = ProptestConfig { cases: 3000, failure_persistence: None, ..Default::default() };
    let outcome = TestRunner::new(config).run(&definition(), |document| {
        let by_type = from_value::<JobDef>(&document);
        match read_definition(&document) {
            Ok(definition) => {
                accepted.set(accepted.get() + 1);
                prop_assert_eq!(Ok(definition.job), by_type);
                prop_assert_eq!(definition.sha256, Digest::of(&document));
            }
            Err(diagnostics) => {
                prop_assert!(!diagnostics.is_empty());
                let twice = has_a_name_twice(&document);
                prop_assert!(twice || by_type.is_err(), "{document}: {diagnostics:?}");
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!((300..2700).contains(&accepted.get()), "{} of 3000 accepted", accepted.get());
}

#[test]
fn the_digest_is_that_of_the_document() {
    let spelt = json(
        r#"{"version": "1", "steps": [{"step_id": "a", "op": "query.rows", "params": {"n": 1.0}, "idempotency": null}], "job_id": "demo"}"#,
    );
    let same = json(
        r#"{"job_id":"demo","steps":[{"idempotency":null,"op":"query.rows","params":{"n":1},"step_id":"a"}],"version":"1"}"#,
    );
    let digest = |document: &Value| read_definition(document).unwrap().sha256;
    assert_eq!(digest(&spelt), digest(&same));
    assert_eq!(digest(&spelt), Digest::of_bytes(lorch_types::json::canonical(&same).as_bytes()));
}
